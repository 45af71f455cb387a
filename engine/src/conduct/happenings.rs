//! Where what happens comes from: the world, or a record of it.

use super::{Failure, Handler, Made, Notice, Position, Probed, Question, Secret, Session, Stage};
use crate::record::{Draft, Failed, WriterError};
use serde_json::Value;
use std::time::Duration;

/// Why a ceremony stopped before its END.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// A person broke it off.
    #[error("the ceremony was aborted: {0}")]
    Aborted(String),
    /// The ceremony goes on, on another computer.
    #[error("the ceremony pauses here and goes on at {0}")]
    Paused(String),
    /// Somebody had to answer and nobody could.
    #[error("{0}")]
    Unanswered(String),
    /// The record could not be kept.
    #[error(transparent)]
    Record(#[from] WriterError),
    /// The record stops here.
    #[error("the record stops before the runbook's END")]
    RecordEnds,
    /// The ceremony broke off in the middle of a step that has to be started anew.
    #[error("the ceremony broke off in the middle of this step")]
    BrokeOff,
    /// The record does not say what the runbook says.
    #[error("{}", .0.message)]
    Diverged(Box<Divergence>),
    /// The runbook cannot be carried on, though `check` found nothing.
    #[error("{0}")]
    Impossible(String),
}

/// A difference between what the runbook says and what the record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// A stable kebab-case name for this sort of difference.
    pub code: &'static str,
    /// What differs.
    pub message: String,
    /// The transcript's line, from 1.
    pub line: Option<usize>,
}

/// What came of a step handler.
#[derive(Debug)]
pub struct Outcome {
    /// Its outputs, or why it failed.
    pub result: Result<Value, Failure>,
    /// What it made.
    pub made: Made,
    /// Whether the outputs are the runbook's for a rehearsal.
    pub rehearsed: bool,
    /// Whether it had been done before the ceremony broke off.
    pub taken_up: bool,
    /// Whether it is still open if it was done: before the ceremony broke off, or at a try that failed.
    pub doubt: Option<Doubt>,
}

impl Outcome {
    /// What came of a step with nothing more to say of it.
    #[must_use]
    pub fn new(result: Result<Value, Failure>, made: Made) -> Self {
        Self { result, made, rehearsed: false, taken_up: false, doubt: None }
    }

    /// Outputs that the runbook names for a rehearsal.
    #[must_use]
    pub fn rehearsed(outputs: Value) -> Self {
        Self { rehearsed: true, ..Self::new(Ok(outputs), Made::default()) }
    }
}

/// A step was in flight when the ceremony broke off or when it failed, and nobody has looked yet whether it was done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Doubt {
    /// What the step had recorded of what it saw.
    pub seen: Vec<Value>,
    /// Whether it failed, and the ceremony did not break off.
    pub failed: bool,
}

/// A source of what happened: live, or recorded.
pub trait Happenings {
    /// What must follow now, according to the runbook: live it is written, recorded it is compared.
    fn note(&mut self, draft: Draft) -> Result<(), Halt>;

    /// What a person answered, in its settled form.
    fn answer(&mut self, position: &Position, question: &Question) -> Result<Value, Halt>;

    /// The secret that a person entered; an empty stand-in when it is long gone.
    fn secret(&mut self, position: &Position, question: &Question) -> Result<Secret, Halt>;

    /// Something that a step saw before it was over.
    fn observe(&mut self, position: &Position, seen: Value) -> Result<(), Halt>;

    /// What came of a step handler.
    fn carry_out(&mut self, handler: &Handler, arguments: Value, task: Task<'_>) -> Result<Outcome, Halt>;

    /// Copies what a step made to where the bindings want it too; a copy that fails is the step's failure.
    fn keep(&mut self, ceremony: &super::Ceremony, outcome: Outcome) -> Outcome {
        let _ = ceremony;
        outcome
    }

    /// Moves the products of a failed step out of the way, so that it can be tried again, and says where they are now.
    fn set_aside(&mut self, ceremony: &super::Ceremony, failed: Failed) -> Result<Failed, Halt> {
        let _ = ceremony;
        Ok(failed)
    }

    /// What it means that something happened which the rules do not allow.
    fn contradiction(&self, failure: Failure) -> Halt {
        Halt::Impossible(failure.message)
    }

    /// The session that has begun since this was last asked, also one that begins right here, when the ceremony broke off and
    /// goes on in another one.
    fn session(&mut self) -> Option<Session> {
        None
    }

    /// The session that had begun before what happened last, and was not asked for yet.
    fn begun_session(&mut self) -> Option<Session> {
        None
    }

    /// Breaks off, because the people are not where the ceremony goes on; returns when they are back.
    fn pause(&mut self, title: &str) -> Result<(), Halt> {
        Err(Halt::Paused(title.to_string()))
    }

    /// Puts what was noted on the disk.
    fn settle(&mut self) -> Result<(), Halt>;

    /// SHA-256 of the last entry.
    fn head(&self) -> [u8; 32];

    /// Shows where the ceremony is.
    fn at(&mut self, position: &Position);

    /// Shows something to the people, when there are any.
    fn show(&mut self, notice: &Notice);

    /// Waits, when there is time to.
    fn wait(&mut self, duration: Duration, what: &str);
}

/// A step that a handler carries out.
pub struct Task<'a> {
    /// The ceremony.
    pub ceremony: &'a mut super::Ceremony,
    /// Where it is.
    pub position: &'a Position,
    /// The step's own name.
    pub id: Option<&'a str>,
    /// The participant who acts.
    pub by: Option<&'a str>,
    /// The rendered sentence.
    pub text: &'a str,
    /// What a rehearsal answers.
    pub answer: Option<Value>,
    /// What a rehearsal takes as the outputs.
    pub outputs: Option<Value>,
    /// That the step was in flight when the ceremony broke off, or when it failed.
    pub doubt: Option<Doubt>,
    /// What the step has recorded of what it saw, in this try.
    pub noted: Vec<Value>,
}

impl Task<'_> {
    /// Performs the handler on a stage that asks and records through `happenings`.
    pub fn perform(
        &mut self,
        handler: &Handler,
        arguments: Value,
        happenings: &mut dyn Happenings,
    ) -> Result<(Result<Value, Failure>, Made), Halt> {
        self.on_stage(handler, happenings, |stage| handler.perform(arguments, stage))
    }

    /// Has the handler look whether it was done before the ceremony broke off, or at a try that failed.
    pub fn probe(
        &mut self,
        handler: &Handler,
        arguments: Value,
        happenings: &mut dyn Happenings,
    ) -> Result<(Result<Probed<Value>, Failure>, Made), Halt> {
        self.on_stage(handler, happenings, |stage| handler.probe(arguments, stage))
    }

    fn on_stage<O>(
        &mut self,
        handler: &Handler,
        happenings: &mut dyn Happenings,
        work: impl FnOnce(&mut Stage<'_>) -> O,
    ) -> Result<(O, Made), Halt> {
        let seen = self.doubt.as_ref().map(|doubt| doubt.seen.clone()).unwrap_or_default();
        let mut stage = Stage {
            happenings,
            ceremony: &mut *self.ceremony,
            position: self.position,
            id: self.id,
            by: self.by,
            rehearse: self.answer.clone(),
            text: self.text,
            made: Made::default(),
            seen,
            noted: Vec::new(),
            confided: None,
            notes: handler.notes,
        };
        let result = work(&mut stage);
        let made = std::mem::take(&mut stage.made);
        self.noted.append(&mut stage.noted);
        match self.ceremony.halted.take() {
            Some(halt) => Err(halt),
            None => Ok((result, made)),
        }
    }
}
