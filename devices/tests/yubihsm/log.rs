//! What a device logs.

use std::{
    fmt::{Debug, Write},
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::{
    host::{Host, error, frame},
    support::Bench,
};

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
        metadata.target().starts_with("officiant_devices") && *metadata.level() <= Level::DEBUG
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
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        let mut host = Host::open(bench.device());
        let mut key = vec![0, 2];
        key.extend([0; 40]);
        key.extend([0xff; 10]);
        key.push(38);
        key.extend([0xff; 8]);
        key.extend([0x5a; 32]);
        assert_eq!(host.send(0x44, &key), frame(0xc4, &[0, 2]));
        assert_eq!(host.send(0x44, &key), error(0x11));
        assert_eq!(host.send(0x99, &[]), error(0x01));
    });
    let expected = [
        ("CREATE SESSION", 0x03, "", "OK"),
        ("AUTHENTICATE SESSION", 0x04, "", "OK"),
        ("PUT AUTHENTICATION KEY", 0x44, " session=0", "OK"),
        ("PUT AUTHENTICATION KEY", 0x44, " session=0", "OBJECT EXISTS"),
        ("UNKNOWN", 0x99, " session=0", "INVALID COMMAND"),
    ]
    .map(|(command, code, session, result)| {
        format!(" message=command command={command:?} code={code}{session} result={result:?}\n")
    });
    assert_eq!(*lines.0.lock().unwrap(), expected.concat());
}
