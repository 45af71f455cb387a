//! What a GO TO gives against what its section takes.

use super::book::Book;
use crate::notation::{Complaint, Complaints, Text};

/// Complains of what is missing, of what is not taken, and of a start that takes something.
pub(super) fn check(book: &Book<'_>, complaints: &mut Complaints) {
    for call in &book.calls {
        let Some(to) = call.to else { continue };
        let chapter = &book.chapters[to];
        for take in &chapter.section.takes {
            if complaints.full() {
                return;
            }
            if !call.with.contains_key(take.as_str()) {
                let message = format!("`{}` takes `{take}`, which is not given", call.section);
                let help = format!("add `{take}: …` under `with:`");
                complaints.push(Complaint::error("missing-take", call.section.at, message).help(help));
            }
        }
        for name in call.with.keys() {
            if !chapter.takes.contains_key(name.as_str()) {
                let message = format!("`{}` takes no `{name}`", call.section);
                let takes = chapter.section.takes.iter().map(Text::as_str);
                complaints.push(Complaint::error("unknown-take", name.at, message).suggest(name, takes));
            }
        }
    }
    let Some(start) = book.start() else { return };
    for take in &book.chapters[start].section.takes {
        let message = format!("the ceremony starts here, and nothing fills in `{take}`");
        complaints.push(
            Complaint::error("missing-take", take.at, message).help("ask for it under `inputs:` and use `inputs.…`"),
        );
    }
}
