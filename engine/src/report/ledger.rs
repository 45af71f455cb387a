//! What stands out: what did not go as planned, and who signed what off.

use super::{
    item::looked_at,
    names::Names,
    shown::{LONGEST, clip},
    times::day_and_time,
};
use crate::{
    conduct::LOST_SECRET,
    record::{Answered, Entry, Event, Expected},
};
use serde::Serialize;
use serde_json::Value;

/// Most rows of a table.
const MOST: usize = 2_000;

/// Something that did not go as planned.
#[derive(Debug, Serialize)]
pub(super) struct Exception {
    /// `failed`, `retried`, `skipped`, `deviated`, `refused`, `break`, `again` or `aborted`.
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
    /// `Signed off`, `Approved a deviation`, or that they refused to.
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
    /// How long nothing was written before it, and at which step; said of breaks.
    pub(super) broke_off: &'a Breach,
}

/// Where a ceremony broke off.
#[derive(Debug, Default)]
pub(super) struct Breach {
    /// How long nothing was written.
    pub(super) duration: String,
    /// At which step.
    pub(super) step: String,
}

/// What stands out so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) exceptions: Vec<Exception>,
    pub(super) signatures: Vec<Signature>,
    counts: [usize; SORTS.len()],
    /// The row of the last break.
    last_break: Option<usize>,
    /// How many rows did not fit.
    pub(super) left_out: usize,
}

/// The sorts of exceptions: their name for the style sheet, one of them, several of them.
const SORTS: [(&str, &str, &str); 8] = [
    ("deviated", "deviation", "deviations"),
    ("failed", "failure", "failures"),
    ("retried", "new try", "new tries"),
    ("skipped", "skipped step", "skipped steps"),
    ("refused", "answer that was not taken", "answers that were not taken"),
    ("break", "break", "breaks"),
    ("again", "secret that was entered again", "secrets that were entered again"),
    ("aborted", "abort", "aborts"),
];

impl Ledger {
    /// Whether an event is something that did not go as planned.
    pub(super) fn stands_out(event: &Event) -> bool {
        match event {
            Event::Answered(answered) => answered.refused.is_some() || lost(answered).is_some(),
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
                match (&answered.refused, lost(answered)) {
                    (Some(refused), _) => ("refused", "Answer not taken".to_string(), refused.clone()),
                    (None, Some(name)) => {
                        let said = format!(
                            "The secret {name} was entered again after a break; nothing shows that it is the same."
                        );
                        ("again", "Entered again".to_string(), said)
                    }
                    (None, None) => return,
                }
            }
            Event::Observed(observed) => {
                let row = self.last_break.and_then(|at| self.exceptions.get_mut(at));
                if let (Some(row), Some(probe)) = (row, observed.probe) {
                    row.said = clip(&format!("{}; {}", row.said, looked_at(probe)), LONGEST);
                }
                return;
            }
            Event::Resumed(_) => {
                self.last_break = Some(self.exceptions.len());
                let Breach { duration, step } = place.broke_off;
                ("break", format!("Break of {duration}"), step.clone())
            }
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
        let refused = answered.refused.is_some() || answered.answer != Some(Value::Bool(true));
        let (role, what) = match (slot.split_once('/'), refused) {
            (Some(("sign-off", role)), false) => (role, "Signed off"),
            (Some(("sign-off", role)), true) => (role, "Refused to sign off"),
            (Some(("approval", role)), false) => (role, "Approved a deviation"),
            (Some(("approval", role)), true) => (role, "Refused to approve a deviation"),
            _ => return,
        };
        if self.signatures.len() >= MOST {
            self.left_out += 1;
            return;
        }
        self.signatures.push(Signature {
            who: names.call(role),
            what,
            refused,
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

/// The secret that was entered again because it was lost at a break.
pub(super) fn lost(answered: &Answered) -> Option<&str> {
    answered.slot.as_deref()?.strip_prefix(LOST_SECRET)
}

/// A text with a full stop.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?']) { text.into() } else { format!("{text}.") }
}

/// An expectation with the values that it read.
pub(super) fn expectation(expected: &Expected) -> String {
    let values: Vec<String> = expected.values.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    if values.is_empty() { expected.that.clone() } else { format!("{} ({})", expected.that, values.join(", ")) }
}
