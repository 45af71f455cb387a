//! What stands out: what did not go as planned, and who signed what off.

use super::{
    names::Names,
    shown::{LONGEST, clip},
    times::day_and_time,
};
use crate::record::{Answered, Entry, Event, Expected};
use serde::Serialize;
use serde_json::Value;

/// Most rows of a table.
const MOST: usize = 2_000;

/// Something that did not go as planned.
#[derive(Debug, Serialize)]
pub(super) struct Exception {
    /// `failed`, `retried`, `skipped`, `deviated`, `refused`, `break` or `aborted`.
    sort: &'static str,
    /// The same for a reader.
    what: String,
    at: String,
    line: usize,
    anchor: usize,
    section: String,
    sentence: String,
    said: String,
}

/// A sign-off or an approval.
#[derive(Debug, Serialize)]
pub(super) struct Signature {
    who: String,
    /// `Signed off` or `Approved a deviation`.
    what: &'static str,
    /// Whether they did not.
    refused: bool,
    at: String,
    anchor: usize,
    section: String,
    sentence: String,
}

/// A count of one sort of exception.
#[derive(Debug, Serialize)]
pub(super) struct Count {
    what: &'static str,
    count: usize,
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) line: usize,
    /// The line of the item that the entry is in; 0 when the timeline ends before.
    pub(super) anchor: usize,
    pub(super) section: &'a str,
    pub(super) sentence: &'a str,
}

/// What stands out so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) exceptions: Vec<Exception>,
    pub(super) signatures: Vec<Signature>,
    counts: [usize; SORTS.len()],
    /// How many rows did not fit.
    pub(super) left_out: usize,
}

/// The sorts of exceptions: their name for the style sheet, one of them, several of them.
const SORTS: [(&str, &str, &str); 7] = [
    ("deviated", "deviation", "deviations"),
    ("failed", "failure", "failures"),
    ("retried", "new try", "new tries"),
    ("skipped", "skipped step", "skipped steps"),
    ("refused", "answer that was not taken", "answers that were not taken"),
    ("break", "break", "breaks"),
    ("aborted", "abort", "aborts"),
];

impl Ledger {
    /// Whether an event is something that did not go as planned.
    pub(super) fn stands_out(event: &Event) -> bool {
        match event {
            Event::Answered(answered) => answered.refused.is_some(),
            Event::Failed(_)
            | Event::Retried(_)
            | Event::Skipped(_)
            | Event::Deviated(_)
            | Event::Resumed(_)
            | Event::Aborted(_) => true,
            _ => false,
        }
    }

    /// Takes an entry in.
    pub(super) fn take(&mut self, entry: &Entry, names: &Names<'_>, place: Place<'_>) {
        let (sort, what, said) = match &entry.event {
            Event::Failed(failed) => ("failed", "Failed".to_string(), failed.failure.message.clone()),
            Event::Retried(retried) => {
                let said = retried.remedy.as_ref().map(|remedy| format!("after the remedy, section {remedy}"));
                ("retried", format!("Tried again, try {}", retried.attempt), said.unwrap_or_default())
            }
            Event::Skipped(skipped) => {
                let said = skipped.reason.clone().unwrap_or_else(|| "no reason needed".into());
                ("skipped", format!("Skipped, a step that {} be done", skipped.level), said)
            }
            Event::Deviated(deviated) => {
                let approved: Vec<String> = deviated.approved_by.iter().map(|it| names.call(&it.role)).collect();
                let approved = if approved.is_empty() { "nobody".into() } else { approved.join("; ") };
                ("deviated", "Deviated".to_string(), format!("{} Approved by: {approved}", sentence(&deviated.reason)))
            }
            Event::Answered(answered) => {
                self.sign(entry, answered, names, place);
                let Some(refused) = &answered.refused else { return };
                ("refused", "Answer not taken".to_string(), refused.clone())
            }
            Event::Resumed(_) => ("break", "Break".to_string(), "the ceremony was resumed".to_string()),
            Event::Aborted(aborted) => ("aborted", "Aborted".to_string(), aborted.reason.clone()),
            _ => return,
        };
        if let Some(at) = SORTS.iter().position(|(name, _, _)| *name == sort) {
            self.counts[at] += 1;
        }
        if self.exceptions.len() < MOST {
            self.exceptions.push(Exception {
                sort,
                what: clip(&what, LONGEST),
                at: day_and_time(&entry.at),
                line: place.line,
                anchor: place.anchor,
                section: place.section.into(),
                sentence: place.sentence.into(),
                said: clip(&said, LONGEST),
            });
        } else {
            self.left_out += 1;
        }
    }

    fn sign(&mut self, entry: &Entry, answered: &Answered, names: &Names<'_>, place: Place<'_>) {
        let Some(slot) = &answered.slot else { return };
        let (role, what) = match slot.split_once('/') {
            Some(("sign-off", role)) => (role, "Signed off"),
            Some(("approval", role)) => (role, "Approved a deviation"),
            _ => return,
        };
        if self.signatures.len() >= MOST {
            self.left_out += 1;
            return;
        }
        self.signatures.push(Signature {
            who: names.call(role),
            what,
            refused: answered.refused.is_some() || answered.answer != Some(Value::Bool(true)),
            at: day_and_time(&entry.at),
            anchor: place.anchor,
            section: place.section.into(),
            sentence: place.sentence.into(),
        });
    }

    /// How many there are of each sort, the sorts that there are.
    pub(super) fn counts(&self) -> Vec<Count> {
        let all = SORTS.iter().zip(self.counts);
        all.filter(|(_, count)| *count > 0)
            .map(|((_, one, several), count)| Count { what: if count == 1 { one } else { several }, count })
            .collect()
    }
}

/// A text with a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?']) { text.into() } else { format!("{text}.") }
}

/// An expectation with the values that it read.
pub(super) fn expectation(expected: &Expected) -> String {
    let values: Vec<String> = expected.values.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    if values.is_empty() { expected.that.clone() } else { format!("{} ({})", expected.that, values.join(", ")) }
}
