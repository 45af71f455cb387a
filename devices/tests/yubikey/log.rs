//! What a card logs.

use std::{
    fmt::{Debug, Write},
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::support::{Bench, PIN, PUK, SELECT, VERIFY, WRONG};

/// Every event below `officiant_devices`, a line each.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<String>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("officiant_devices") && *metadata.level() <= Level::TRACE
    }

    fn event(&self, event: &Event<'_>) {
        let mut lines = self.0.lock().unwrap();
        event.record(&mut Line(&mut lines));
        lines.push('\n');
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[test]
fn each_command_is_logged_with_its_name_and_result_and_nothing_that_is_secret() {
    let bench = Bench::new();
    bench.raw(&[0]);
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        // What other tests' threads logged first, when nobody listened, would not be asked about again.
        tracing::callsite::rebuild_interest_cache();
        bench.word(VERIFY, 0, 0x80, PIN);
        bench.word(VERIFY, 0, 0x80, WRONG);
        bench.word(0x24, 0, 0x81, &[PUK, b"87654321"].concat());
        bench.word(SELECT, 4, 0, b"unknown");
        bench.word(0x99, 0, 0, &[]);
        bench.raw(&[0]);
    });
    let expected = [
        ("VERIFY", 0x20, "OK"),
        ("VERIFY", 0x20, "VERIFICATION FAILED"),
        ("CHANGE REFERENCE DATA", 0x24, "OK"),
        ("SELECT", 0xa4, "FILE NOT FOUND"),
        ("UNKNOWN", 0x99, "INSTRUCTION NOT SUPPORTED"),
    ]
    .map(|(command, code, result)| format!(" message=command command={command:?} code={code} result={result:?}\n"))
    .concat();
    assert_eq!(*lines.0.lock().unwrap(), expected + " message=no command result=\"WRONG LENGTH\"\n");
}
