//! One step of the timeline, with all that happened in it.

use super::{
    course::Course,
    ledger::{expectation, lost},
    names::Names,
    sentence::{Block, blocks},
    shown::{BRIEF, LONGEST, clip, value},
    times::time,
};
use crate::record::{Answered, Entry, Event, Failed, FileRecord, Finished, Probe, Retried};
use serde::Serialize;
use serde_json::{Map, Value};

/// Most values of one step that are listed.
pub(super) const VALUES: usize = 60;

/// A step, or what happened outside any.
#[derive(Debug, Default, Serialize)]
pub(super) struct Item {
    line: usize,
    time: String,
    number: String,
    /// IF, END and so on; nothing for a step that is done.
    word: &'static str,
    continued: bool,
    sentence: Vec<Block>,
    by: String,
    level: String,
    handler: String,
    outcome: String,
    /// Whether something about it did not go as planned.
    stands_out: bool,
    notes: Vec<Note>,
    details: Vec<Detail>,
    #[serde(skip)]
    step: Option<String>,
    #[serde(skip)]
    course: Course,
}

/// One thing that happened in a step.
#[derive(Debug, Serialize)]
struct Note {
    /// A name for the style sheet; `bad` stands out.
    sort: &'static str,
    label: String,
    text: String,
    more: String,
}

/// A value that only some readers want.
#[derive(Debug, Serialize)]
struct Detail {
    name: String,
    value: String,
}

impl Item {
    /// An item of the step that an entry belongs to.
    pub(super) fn new(entry: &Entry, line: usize, number: &str) -> Self {
        Self {
            line,
            time: time(&entry.at),
            number: clip(number, 80),
            step: entry.step.clone(),
            course: Course::begun(entry, line),
            ..Self::default()
        }
    }

    /// A line that is no entry.
    pub(super) fn unreadable(why: &str, line: usize) -> Self {
        Self {
            line,
            word: "NO ENTRY",
            sentence: blocks(why),
            outcome: "unreadable".into(),
            stands_out: true,
            ..Self::default()
        }
    }

    /// Says how its step went so far.
    pub(super) fn take_over(&mut self, course: Course, names: &Names<'_>) {
        self.by = course.by.as_ref().map(|by| names.call(by)).unwrap_or_default();
        self.course = course;
    }

    /// The line where its step began.
    pub(super) fn of(&self) -> usize {
        self.course.line
    }

    /// How it ended; nothing when it did not.
    pub(super) fn outcome(&self) -> &str {
        &self.outcome
    }

    /// Says how its step ended in a later item.
    pub(super) fn ends(&mut self, outcome: &str) {
        if self.outcome == "failed" && outcome != "failed" {
            self.outcome = format!("failed, in the end {outcome}");
        } else {
            self.outcome = outcome.into();
        }
    }

    /// Says that the item goes on with a step that a break or another section interrupted.
    pub(super) fn go_on(&mut self, sentence: Vec<Block>) {
        self.continued = true;
        self.sentence = sentence;
    }

    /// Whether an entry belongs to the item's step.
    pub(super) fn is_of(&self, entry: &Entry) -> bool {
        self.step.is_some() && self.step == entry.step
    }

    /// Whether something about it did not go as planned.
    pub(super) fn stands_out(&self) -> bool {
        self.stands_out
    }

    /// Whether the step began in an earlier item.
    pub(super) fn is_continued(&self) -> bool {
        self.continued
    }

    /// The line of its first entry, where links lead.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    fn note(&mut self, sort: &'static str, label: impl Into<String>, text: impl AsRef<str>) {
        let (mut label, text) = (label.into(), clip(text.as_ref(), LONGEST));
        if !text.is_empty() && !label.ends_with(['?', ':', '.', '!']) {
            label.push(':');
        }
        self.notes.push(Note { sort, label, text, more: String::new() });
    }

    fn detail(&mut self, name: impl AsRef<str>, value: impl AsRef<str>) {
        if self.details.len() < VALUES {
            self.details.push(Detail { name: clip(name.as_ref(), BRIEF), value: clip(value.as_ref(), LONGEST) });
        }
    }

    fn values(&mut self, of: &str, values: &Map<String, Value>) {
        for (name, found) in values.iter().take(VALUES) {
            self.detail(format!("{of} {name}"), value(found, BRIEF));
        }
    }

    /// Takes in an entry of its step.
    pub(super) fn take(&mut self, entry: &Entry, names: &Names<'_>, stands_out: bool) {
        self.stands_out |= stands_out;
        // Whoever answers need not be the one who carries the step out.
        let is_said = matches!(entry.event, Event::Answered(_) | Event::Observed(_));
        if let Some(by) = entry.by.as_ref().filter(|_| self.by.is_empty() && !is_said) {
            self.by = names.call(by);
        }
        self.course.take(entry);
        match &entry.event {
            Event::Began(began) => {
                self.sentence = blocks(&began.text);
                self.handler = began.uses.as_ref().map(|uses| clip(uses, BRIEF)).unwrap_or_default();
                if began.level != "must" {
                    self.level = clip(&began.level, BRIEF);
                }
                self.values("argument", &began.with);
            }
            Event::Answered(answered) => self.answered(answered, entry, names),
            Event::Observed(observed) => {
                if let Some(probe) = observed.probe {
                    self.note("bad", "In flight at the break", looked_at(probe));
                }
                self.detail("seen", value(&observed.seen, BRIEF));
            }
            Event::Finished(finished) => self.finished(finished, entry),
            Event::Failed(failed) => self.failed(failed),
            Event::Retried(Retried { attempt, remedy }) => {
                let remedy = remedy.as_ref().map(|remedy| format!("after the remedy, section {remedy}"));
                self.outcome = "not finished".into();
                self.note("bad", format!("Tried again, try {attempt}"), remedy.unwrap_or_default());
            }
            Event::Skipped(skipped) => {
                self.outcome = "skipped".into();
                self.note(
                    "bad",
                    "Skipped",
                    skipped.reason.as_deref().unwrap_or("without a reason, which it needs not"),
                );
            }
            Event::Deviated(deviated) => {
                self.outcome = "deviated".into();
                self.note("bad", "Deviated: gone on without it", &deviated.reason);
                let approved: Vec<String> = deviated.approved_by.iter().map(|it| names.call(&it.role)).collect();
                let approved = if approved.is_empty() { "nobody".into() } else { approved.join("; ") };
                self.note("bad", "Approved by", approved);
            }
            Event::Decided(decided) => {
                self.word = "IF";
                self.sentence = blocks(&decided.condition);
                self.outcome = if decided.holds { "yes".into() } else { "no".into() };
                if let Some(when) = &decided.when {
                    self.detail("expression", when);
                }
                for (name, found) in decided.values.iter().take(VALUES) {
                    self.detail(format!("value {name}"), value(found, BRIEF));
                }
            }
            Event::Checkpoint(checkpoint) => {
                self.word = "CHECKPOINT";
                self.sentence = blocks("The head of the record was shown.");
                self.note("plain", "Head", &checkpoint.head);
                self.note("plain", "Words", &checkpoint.words);
            }
            Event::Ended(ended) => {
                self.word = "END";
                self.sentence = blocks(&ended.text);
            }
            Event::Aborted(aborted) => {
                self.word = "ABORTED";
                self.outcome = "aborted".into();
                self.sentence = blocks(&aborted.reason);
            }
            Event::Opened(_) | Event::Entered(_) | Event::Left(_) | Event::Resumed(_) => {}
        }
    }

    fn answered(&mut self, answered: &Answered, entry: &Entry, names: &Names<'_>) {
        let answer = answered.answer.as_ref().map_or("a secret, which is not recorded".into(), |it| value(it, LONGEST));
        if let Some(refused) = &answered.refused {
            self.note("bad", format!("Not taken: {answer}"), refused);
            return;
        }
        let yes = answered.answer == Some(Value::Bool(true));
        let slot = answered.slot.as_deref().map(|slot| slot.split_once('/').unwrap_or((slot, "")));
        match slot {
            // That it was done says the outcome.
            None if yes && matches!(answered.question.as_str(), "Done?" | "Does this hold?") => {}
            Some(("go", _)) if yes => self.note("plain", "Go-ahead given", ""),
            Some(("sign-off", role)) if yes => {
                self.note("signed", format!("Signed off by {}", names.call(role)), "");
                // What was finished stays so when only the sign-off is asked for again.
                if self.course.finished && self.outcome == "not finished" {
                    self.outcome = self.course.done(&entry.at, self.continued);
                }
            }
            Some(("sign-off", role)) => self.note("bad", format!("Not signed off by {}", names.call(role)), &answer),
            Some(("approval", role)) if !yes => {
                self.note("bad", format!("Not approved by {}", names.call(role)), &answer);
            }
            // Both are said where the step was skipped or deviated from.
            Some(("approval" | "reason", _)) => {}
            _ => {
                let again =
                    lost(answered).map(|name| format!("The secret {name}, lost at the break and entered again"));
                let label = again.as_ref().unwrap_or(&answered.question);
                self.note("plain", clip(label, LONGEST), answer);
                let by = entry.by.as_ref().filter(|_| self.course.by.is_some() && self.course.by != entry.by);
                if let (Some(note), Some(by)) = (self.notes.last_mut(), by) {
                    note.more = format!("by {}", names.call(by));
                }
            }
        }
    }

    fn finished(&mut self, finished: &Finished, entry: &Entry) {
        self.outcome = self.course.done(&entry.at, self.continued);
        if finished.rehearsed {
            self.outcome = "not performed".into();
            self.note("made-up", "Made up", "the outputs are the runbook's for a rehearsal; nothing was performed");
        }
        if finished.taken_up {
            self.note("bad", "Taken up", "done before the break; looked up afterwards");
        }
        for (name, serial) in finished.devices.iter().take(VALUES) {
            self.note("plain", "Device bound", format!("{name} is serial number {serial}"));
        }
        self.files("Made", &finished.products);
        self.files("Kept", &finished.evidence);
        for expected in finished.expected.iter().take(VALUES) {
            self.detail("held", expectation(expected));
        }
        self.outputs(finished.outputs.as_ref());
    }

    fn failed(&mut self, failed: &Failed) {
        self.outcome = "failed".into();
        self.note("bad", "Failed", &failed.failure.message);
        if let (Some(note), Some(next)) = (self.notes.last_mut(), &failed.failure.next) {
            note.more = clip(next, LONGEST);
        }
        for expected in failed.expected.iter().take(VALUES) {
            if expected.holds {
                self.detail("held", expectation(expected));
            } else {
                self.note("bad", "Does not hold", expectation(expected));
            }
        }
        self.files("Made", &failed.products);
        self.files("Kept", &failed.evidence);
        self.outputs(failed.outputs.as_ref());
    }

    fn files(&mut self, label: &str, files: &[FileRecord]) {
        for file in files.iter().take(VALUES) {
            self.note("file", label, &file.path);
        }
        if let Some(more) = files.len().checked_sub(VALUES).filter(|more| *more > 0) {
            self.note("file", label, format!("{more} more files, each with its digest in the transcript"));
        }
    }

    fn outputs(&mut self, outputs: Option<&Value>) {
        match outputs {
            Some(Value::Object(members)) => self.values("output", members),
            Some(other) => self.detail("output", value(other, BRIEF)),
            None => {}
        }
    }
}

/// What was found of a step that was in flight at a break.
pub(super) fn looked_at(probe: Probe) -> &'static str {
    match probe {
        Probe::Done => "it had been done; what came of it was looked up afterwards",
        Probe::NotDone => "it had not been done; it was carried out after the break",
        Probe::Unknown => "nobody could tell whether it had been done; the people decided",
        Probe::Failed => "it could not be looked at",
    }
}
