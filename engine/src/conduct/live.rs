//! What happens live: people answer, handlers perform, and everything is written before anything depends on it.

use super::{
    Ceremony, Console, Doubt, Effect, Failure, Halt, Handler, Happenings, Notice, Outcome, Position, Probed, Question,
    Reply, Secret, Task,
};
use crate::record::{Answered, Draft, Event, Failed, Observed, Probe, Writer};
use serde_json::Value;
use std::time::Duration;

/// The live source of what happens.
pub struct Live<'a> {
    writer: Writer,
    console: &'a mut dyn Console,
    rehearsal: bool,
    /// Whether a handler that looks at or changes the world is at work.
    performing: bool,
}

impl<'a> Live<'a> {
    /// A ceremony whose `opened` or `resumed` entry is written.
    #[must_use]
    pub fn new(writer: Writer, console: &'a mut dyn Console, rehearsal: bool) -> Self {
        Self { writer, console, rehearsal, performing: false }
    }

    /// Asks until the answer is one; every answer is recorded, also those that are refused.
    fn ask(&mut self, position: &Position, question: &Question) -> Result<Reply, Halt> {
        self.writer.sync()?;
        let mut complaint: Option<String> = None;
        loop {
            let reply = self
                .console
                .ask(question, complaint.as_deref())
                .map_err(|unanswered| Halt::Unanswered(unanswered.to_string()))?;
            // What was typed where a secret belongs stays out of the record, whatever it came as.
            let said = match &reply {
                Reply::Value(value) if !question.kind.is_secret() => Some(value.clone()),
                _ => None,
            };
            let (taken, answer, refused) = match question.settle(reply) {
                Ok(Reply::Value(value)) => (Some(Reply::Value(value.clone())), Some(value), None),
                Ok(secret @ Reply::Secret(_)) => (Some(secret), None, None),
                Err(why) => (None, said, Some(why)),
            };
            complaint.clone_from(&refused);
            self.writer.append(Draft {
                event: Event::Answered(Answered {
                    question: question.text.clone(),
                    slot: question.slot.clone(),
                    answer,
                    refused,
                }),
                step: Some(position.step()),
                by: question.by.clone(),
            })?;
            match taken {
                Some(reply) => {
                    // A handler may change a device after it asked.
                    if self.performing {
                        self.writer.sync()?;
                    }
                    return Ok(reply);
                }
                None => self.writer.sync()?,
            }
        }
    }
}

impl Live<'_> {
    fn probe_or_perform(&mut self, handler: &Handler, arguments: Value, mut task: Task<'_>) -> Result<Outcome, Halt> {
        if let Some(doubt) = task.doubt.clone() {
            let when = if doubt.failed { "at the try before" } else { "before the ceremony broke off" };
            let (probed, made) = task.probe(handler, arguments.clone(), self)?;
            let (probe, said, outcome) = match probed {
                Ok(Probed::Done(outputs)) => {
                    let outcome = Outcome { taken_up: true, ..Outcome::new(Ok(outputs), made) };
                    (Probe::Done, format!("it was done {when}"), Some(outcome))
                }
                Ok(Probed::NotDone) => (Probe::NotDone, format!("it was not done {when}"), None),
                Ok(Probed::Unknown(why)) => {
                    let outcome = Outcome::new(Err(interrupted(when, &why)), made);
                    (Probe::Unknown, why, Some(outcome))
                }
                Err(failure) => {
                    let said = failure.message.clone();
                    let outcome = Outcome { doubt: Some(doubt), ..Outcome::new(Err(failure), made) };
                    (Probe::Failed, said, Some(outcome))
                }
            };
            let event = Event::Observed(Observed { seen: said.clone().into(), probe: Some(probe) });
            self.writer.append(Draft { event, step: Some(task.position.step()), by: None })?;
            self.writer.sync()?;
            if probe != Probe::Failed {
                self.console.show(&Notice::Information(said));
            }
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
            task.doubt = None;
        }
        let (result, made) = task.perform(handler, arguments, self)?;
        // Nothing seen, nothing done.
        let in_doubt = result.as_ref().is_err_and(|failure| failure.in_doubt) && !task.noted.is_empty();
        let doubt = in_doubt.then(|| Doubt { seen: std::mem::take(&mut task.noted), failed: true });
        Ok(Outcome { doubt, ..Outcome::new(result, made) })
    }
}

/// What the people are told when nobody can tell whether a step was done.
fn interrupted(when: &str, why: &str) -> Failure {
    let message = format!("nobody can tell whether this was done {when}: {why}");
    Failure::new("interrupted", message)
        .next("look yourselves; trying again carries it out, perhaps a second time, and deviating goes on without it")
}

impl Happenings for Live<'_> {
    fn note(&mut self, draft: Draft) -> Result<(), Halt> {
        Ok(self.writer.append(draft)?)
    }

    fn answer(&mut self, position: &Position, question: &Question) -> Result<Value, Halt> {
        match self.ask(position, question)? {
            Reply::Value(value) => Ok(value),
            Reply::Secret(_) => Err(Halt::Impossible("a secret was given where none was asked for".into())),
        }
    }

    fn secret(&mut self, position: &Position, question: &Question) -> Result<Secret, Halt> {
        match self.ask(position, question)? {
            Reply::Secret(secret) => Ok(secret),
            Reply::Value(_) => Err(Halt::Impossible("a plain answer was given where a secret was asked for".into())),
        }
    }

    fn observe(&mut self, position: &Position, seen: Value) -> Result<(), Halt> {
        let event = Event::Observed(Observed { seen, probe: None });
        self.writer.append(Draft { event, step: Some(position.step()), by: None })?;
        Ok(self.writer.sync()?)
    }

    fn carry_out(&mut self, handler: &Handler, arguments: Value, mut task: Task<'_>) -> Result<Outcome, Halt> {
        if let Some(outputs) = task.outputs.take().filter(|_| self.rehearsal) {
            return Ok(Outcome::rehearsed(outputs));
        }
        if handler.effect != Effect::None {
            self.writer.sync()?;
        }
        self.performing = handler.effect != Effect::None;
        let outcome = self.probe_or_perform(handler, arguments, task);
        self.performing = false;
        outcome
    }

    fn keep(&mut self, ceremony: &Ceremony, mut outcome: Outcome) -> Outcome {
        if outcome.result.is_ok()
            && let Err(failure) = ceremony.copy_out(&outcome.made.products)
        {
            outcome.result = Err(failure);
        }
        outcome
    }

    fn set_aside(&mut self, ceremony: &Ceremony, mut failed: Failed) -> Result<Failed, Halt> {
        let (moved, left) = ceremony.set_all_aside(std::mem::take(&mut failed.products));
        failed.evidence.extend(moved);
        // What stays where it is stays in the record; trying again will say what is in the way.
        failed.products.extend(left.into_iter().map(|(product, _)| product));
        Ok(failed)
    }

    fn settle(&mut self) -> Result<(), Halt> {
        Ok(self.writer.sync()?)
    }

    fn head(&self) -> [u8; 32] {
        self.writer.head()
    }

    fn at(&mut self, position: &Position) {
        self.console.at(position);
    }

    fn show(&mut self, notice: &Notice) {
        self.console.show(notice);
    }

    fn wait(&mut self, duration: Duration, what: &str) {
        self.console.wait(duration, what);
    }
}
