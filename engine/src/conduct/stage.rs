//! What a step handler may do while it performs: ask, show, record, make files, use secrets and devices.

use super::{
    Bindings, Ceremony, Failure, Happenings, Notice, Position, Question, QuestionKind, Secret, SecretName, Session,
    ceremony::Kept,
};
use crate::record::{Batch, Checkpoint, Draft, Event, FileRecord};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// The stage that a step is performed on.
pub struct Stage<'a> {
    pub(super) happenings: &'a mut dyn Happenings,
    pub(super) ceremony: &'a mut Ceremony,
    pub(super) position: &'a Position,
    /// The step's own name for its outputs or its secret.
    pub(super) id: Option<&'a str>,
    /// The participant who acts.
    pub(super) by: Option<&'a str>,
    /// What a rehearsal answers to this step's question.
    pub(super) rehearse: Option<Value>,
    /// The rendered sentence of the step.
    pub(super) text: &'a str,
    pub(super) made: Made,
    /// What the step had recorded of what it saw, before the ceremony broke off or a try failed.
    pub(super) seen: Vec<Value>,
    /// What it has recorded since.
    pub(super) noted: Vec<Value>,
    /// The question that asked for the secret that was taken last; nothing while none was taken.
    pub(super) confided: Option<Question>,
    /// Whether the handler records what it sees.
    pub(super) notes: bool,
}

/// What the slot of a question begins with that asks for a lost secret again, before the secret's name.
pub const LOST_SECRET: &str = "secret/";

/// The question that asks for a lost secret again.
pub(super) fn again(name: &str, asked: Option<Question>) -> Question {
    let text = format!(
        "The secret `{name}` was lost when the ceremony broke off. Enter it again, the same one: it cannot be compared"
    );
    let asked = asked
        .unwrap_or_else(|| Question::new("", QuestionKind::Secret { min_length: 1, max_length: None, dice: false }));
    Question { text, slot: Some(format!("{LOST_SECRET}{name}")), ..asked }
}

/// How outputs name a folder of products, all of whose files the step made: with a slash at its end.
#[must_use]
pub fn folder_name(path: &str) -> String {
    format!("{}/", path.trim_end_matches('/'))
}

/// What a step made so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Made {
    /// Files under `products/`.
    pub products: Vec<FileRecord>,
    /// Files under `evidence/`.
    pub evidence: Vec<FileRecord>,
    /// Devices that were bound to a serial number.
    pub devices: std::collections::BTreeMap<String, u32>,
}

/// A device as the runbook and the bindings know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDevice {
    /// The runbook's name for it.
    pub name: String,
    /// Its kind, for example `yubihsm2`.
    pub kind: String,
    /// The serial number that it is bound to; any device is it until then.
    pub serial: Option<u32>,
}

impl Stage<'_> {
    /// Asks the person who acts, records the answer, and asks again while it is refused.
    pub fn ask(&mut self, question: Question) -> Result<Value, Failure> {
        self.begin_session()?;
        let question = self.completed(question);
        let answer = self.happenings.answer(self.position, &question).map_err(|halt| self.stopped(halt))?;
        self.begun_session()?;
        Ok(answer)
    }

    /// Asks for a secret, typed twice; the record says that it was entered.
    pub fn ask_secret(&mut self, question: Question) -> Result<Secret, Failure> {
        self.begin_session()?;
        let question = self.completed(question);
        let secret = self.happenings.secret(self.position, &question).map_err(|halt| self.stopped(halt))?;
        self.begun_session()?;
        self.confided = Some(question);
        Ok(secret)
    }

    /// Takes another session's beginning in, when the ceremony broke off here; secrets that were taken before are gone, so
    /// that a step that took one starts anew.
    fn begin_session(&mut self) -> Result<(), Failure> {
        let session = self.happenings.session();
        self.go_on_in(session)
    }

    /// Takes a session in that began before what was answered last.
    fn begun_session(&mut self) -> Result<(), Failure> {
        let session = self.happenings.begun_session();
        self.go_on_in(session)
    }

    fn go_on_in(&mut self, session: Option<Session>) -> Result<(), Failure> {
        let Some(session) = session else { return Ok(()) };
        if let Err(failure) = self.ceremony.begin_session(session) {
            let halt = self.happenings.contradiction(failure);
            return Err(self.stopped(halt));
        }
        if self.confided.is_some() { Err(self.stopped(super::Halt::BrokeOff)) } else { Ok(()) }
    }

    fn completed(&self, mut question: Question) -> Question {
        if question.by.is_none() {
            question.by = self.by.map(str::to_string);
        }
        // What the runbook says counts before what the handler makes up.
        question.rehearse = self.rehearse.clone().or(question.rehearse);
        question
    }

    /// Keeps a halt for the interpreter and gives the handler something to return.
    fn stopped(&mut self, halt: super::Halt) -> Failure {
        self.ceremony.halted = Some(halt);
        Failure::new("stopped", "the ceremony stopped here")
    }

    /// Keeps a secret under the step's `id`.
    pub fn keep_secret(&mut self, secret: Secret) -> Result<(), Failure> {
        let id = self.id.ok_or_else(|| {
            Failure::new("no-id", "the secret has no name").next("give the step an `id` in the runbook")
        })?;
        self.ceremony.keep(id, Kept { secret: Some(secret), question: self.confided.clone() });
        Ok(())
    }

    /// The secret with that name; it is asked for again when it was lost because the ceremony broke off.
    pub fn secret(&mut self, name: &SecretName) -> Result<Secret, Failure> {
        self.begin_session()?;
        let name = name.secret.as_str();
        let Some(kept) = self.ceremony.secret(name).cloned() else {
            return Err(Failure::new("no-secret", format!("there is no secret `{name}` at this point"))
                .next("repeat the step that asks for it"));
        };
        if let Some(secret) = kept.secret {
            self.confided = kept.question.or_else(|| Some(again(name, None)));
            return Ok(secret);
        }
        let question = again(name, kept.question).by_default(self.by);
        let secret = self.happenings.secret(self.position, &question).map_err(|halt| self.stopped(halt))?;
        self.begun_session()?;
        self.ceremony.keep_again(name, secret.clone());
        self.confided = Some(question);
        Ok(secret)
    }

    /// Puts another in a secret's place, which a device has shown to be the right one: the steps that follow take that. A secret
    /// that no step asked for stays what it is.
    pub fn correct_secret(&mut self, name: &SecretName, secret: Secret) {
        self.ceremony.correct(&name.secret, secret);
    }

    /// What the step had recorded with [`Stage::observe`] before the ceremony broke off or a try failed, while it is looked at
    /// whether it was done; nothing otherwise.
    #[must_use]
    pub fn observed(&self) -> &[Value] {
        &self.seen
    }

    /// Records something that was seen before the step is over, and puts it on the disk.
    ///
    /// # Errors
    /// The handler does not say that it does so ([`super::StepHandler::NOTES`]), and a replay would refuse the record.
    pub fn observe(&mut self, seen: Value) -> Result<(), Failure> {
        if !self.notes {
            return Err(Failure::new("not-noted", "this handler does not say that it records what it sees"));
        }
        self.noted.push(seen.clone());
        self.happenings.observe(self.position, seen).map_err(|halt| self.stopped(halt))
    }

    /// Records the head of the record so far and returns it: SHA-256 (32 bytes) and its PGP words.
    pub fn checkpoint(&mut self) -> Result<([u8; 32], String), Failure> {
        let head = self.happenings.head();
        let words = crate::record::words(&head);
        let event = Event::Checkpoint(Checkpoint { head: hex::encode(head), words: words.clone() });
        let draft = Draft { event, step: Some(self.position.step()), by: None };
        self.happenings.note(draft).and_then(|()| self.happenings.settle()).map_err(|halt| self.stopped(halt))?;
        Ok((head, words))
    }

    /// Writes a new file under `products/`; never replaces one.
    ///
    /// `path` is relative, with `/` between its parts, and stays inside the folder.
    pub fn product(&mut self, path: &str, bytes: &[u8]) -> Result<FileRecord, Failure> {
        let file = self.ceremony.create("products", path, bytes)?;
        self.made.products.push(file.clone());
        Ok(file)
    }

    /// Writes many new files in one folder under `products/`, from as many threads as `work` likes; they are put on the disk
    /// together. Whatever comes of `work`, the files that it made are the step's.
    ///
    /// The step's outputs name the folder as [`folder_name`] has it.
    pub fn products<T>(
        &mut self,
        folder: &str,
        work: impl FnOnce(&Batch, &mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let batch = self.ceremony.batch(folder)?;
        let result = work(&batch, self);
        let synced = batch.sync();
        self.made.products.extend(batch.into_files());
        let result = result?;
        synced.map_err(|error| {
            Failure::new("file", error.to_string()).next("see that the disk is there, writable and not full")
        })?;
        Ok(result)
    }

    /// Shows how far something is that takes its time: `done` of `of`.
    pub fn progress(&mut self, what: &str, done: u64, of: u64) {
        self.happenings.show(&Notice::Progress { what: what.to_string(), done, of });
    }

    /// Writes a new file under `evidence/`; a number is added when the name is taken.
    pub fn evidence(&mut self, name: &str, bytes: &[u8]) -> Result<FileRecord, Failure> {
        let file = self.ceremony.create_numbered("evidence", name, bytes)?;
        self.made.evidence.push(file.clone());
        Ok(file)
    }

    /// The ceremony folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.ceremony.folder
    }

    /// What differs between machines.
    #[must_use]
    pub fn bindings(&self) -> &Bindings {
        &self.ceremony.bindings
    }

    /// Whether this is a rehearsal.
    #[must_use]
    pub fn rehearsal(&self) -> bool {
        self.ceremony.rehearsal
    }

    /// The rendered sentence of the step.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text
    }

    /// Where in the ceremony the step is.
    #[must_use]
    pub fn position(&self) -> &Position {
        self.position
    }

    /// The SHA-256 of the last recorded entry, 32 bytes.
    #[must_use]
    pub fn head(&self) -> [u8; 32] {
        self.happenings.head()
    }

    /// Shows something to the people.
    #[expect(clippy::needless_pass_by_value, reason = "a notice is made to be shown")]
    pub fn show(&mut self, notice: Notice) {
        // What is shown may be relied on, so it is recorded first; a record that cannot be kept stops the next entry.
        if self.happenings.settle().is_ok() {
            self.happenings.show(&notice);
        }
    }

    /// Waits, and shows that it does.
    pub fn wait(&mut self, duration: Duration, what: &str) {
        self.happenings.wait(duration, what);
    }

    /// The device with that name.
    pub fn device(&self, name: &str) -> Result<NamedDevice, Failure> {
        let Some((kind, serial)) = self.ceremony.device(name) else {
            return Err(Failure::new("unknown-device", format!("the runbook declares no device `{name}`")));
        };
        let serial = self.made.devices.get(name).copied().or(serial);
        Ok(NamedDevice { name: name.to_string(), kind, serial })
    }

    /// The name of the device that is bound to `serial`.
    #[must_use]
    pub fn device_with_serial(&self, serial: u32) -> Option<String> {
        self.ceremony.device_with_serial(serial)
    }

    /// Binds a device's name to a serial number; it takes hold when the step finishes with its expectations.
    ///
    /// # Errors
    /// The name is bound to another serial number, or the serial number to another name.
    pub fn bind(&mut self, name: &str, serial: u32) -> Result<(), Failure> {
        self.ceremony.may_bind(name, serial)?;
        if self.made.devices.iter().any(|(other, bound)| (other == name) != (*bound == serial)) {
            return Err(Failure::new("wrong-device", format!("{name} cannot have the serial number {serial} as well")));
        }
        if self.ceremony.serials.get(name) != Some(&serial) {
            self.made.devices.insert(name.to_string(), serial);
        }
        Ok(())
    }
}
