//! What happened, from a record: every entry must be the one that the runbook calls for at that point.

use super::difference;
use crate::{
    conduct::{
        Divergence, Effect, Halt, Handler, Happenings, Made, Notice, Outcome, Position, Question, QuestionKind, Reply,
        Secret, Task,
    },
    record::{Draft, Entry, Event, Line, Observed},
};
use serde_json::Value;
use std::time::Duration;

/// The recorded source of what happened.
pub(super) struct Recorded<'a> {
    lines: &'a [Line],
    next: usize,
    rehearsal: bool,
}

impl<'a> Recorded<'a> {
    /// A record whose first entry, `opened`, was looked at already.
    pub(super) fn new(lines: &'a [Line], rehearsal: bool) -> Self {
        Self { lines, next: 1, rehearsal }
    }

    /// The entries that were not called for.
    pub(super) fn rest(&self) -> &'a [Line] {
        self.lines.get(self.next..).unwrap_or_default()
    }

    fn peek(&self) -> Result<(&'a Entry, usize), Halt> {
        match self.lines.get(self.next) {
            Some(Line { entry: Ok(entry), number, .. }) => Ok((entry, *number)),
            Some(Line { entry: Err(why), number, .. }) => {
                Err(diverged("no-entry", format!("line {number} is no entry: {why}"), Some(*number)))
            }
            None => {
                let last = self.lines.last().map(|line| line.number);
                Err(diverged("incomplete", "the record stops before the runbook's END".into(), last))
            }
        }
    }

    /// Takes the next entry, which must be of that kind, step and participant.
    fn take(&mut self, kind: &str, step: Option<&str>, by: Option<&str>) -> Result<(&'a Entry, usize), Halt> {
        let (entry, number) = self.peek()?;
        let held = entry.event.kind();
        if held != kind || entry.step.as_deref() != step {
            let wanted = describe(kind, step);
            let message = format!(
                "the runbook calls for {wanted} here, the record has {}",
                describe(held, entry.step.as_deref())
            );
            return Err(diverged("order", message, Some(number)));
        }
        if entry.by.as_deref() != by {
            let name = |by: Option<&str>| by.map_or_else(|| "nobody in particular".to_string(), |by| format!("`{by}`"));
            let message = format!("{kind} is by {}, the runbook names {}", name(entry.by.as_deref()), name(by));
            return Err(diverged("participant", message, Some(number)));
        }
        self.next += 1;
        Ok((entry, number))
    }

    /// The accepted answer to a question; every refused one must have deserved it.
    fn answered(&mut self, position: &Position, question: &Question) -> Result<Option<Value>, Halt> {
        loop {
            let (entry, number) = self.take("answered", Some(&position.step()), question.by.as_deref())?;
            let Event::Answered(answered) = &entry.event else { continue };
            if answered.question != question.text {
                let message = format!("the runbook asks “{}”, the record “{}”", question.text, answered.question);
                return Err(diverged("question", message, Some(number)));
            }
            let secret = matches!(question.kind, QuestionKind::Secret { .. });
            if let (QuestionKind::SecretAgain { .. }, Some(same @ Value::Bool(_)), None) =
                (&question.kind, &answered.answer, &answered.refused)
            {
                return Ok(Some(same.clone()));
            }
            let Some(answer) = &answered.answer else {
                if question.kind.is_secret() && answered.refused.is_some() {
                    continue;
                }
                if secret {
                    return Ok(None);
                }
                return Err(diverged("answer", format!("“{}” has no answer", question.text), Some(number)));
            };
            match (question.settle(Reply::Value(answer.clone())), &answered.refused) {
                (Ok(Reply::Value(settled)), None) if settled == *answer => return Ok(Some(settled)),
                (Err(why), Some(refused)) if why == *refused => {}
                (Err(why), _) => {
                    return Err(diverged(
                        "answer",
                        format!("the answer {answer} cannot have been taken: {why}"),
                        Some(number),
                    ));
                }
                (Ok(_), _) => {
                    let message = format!("the answer {answer} is not what would have been recorded");
                    return Err(diverged("answer", message, Some(number)));
                }
            }
        }
    }
}

impl Happenings for Recorded<'_> {
    fn note(&mut self, draft: Draft) -> Result<(), Halt> {
        let (entry, number) = self.take(draft.event.kind(), draft.step.as_deref(), draft.by.as_deref())?;
        if entry.event == draft.event {
            return Ok(());
        }
        let value =
            |event: &Event| serde_json::to_value(event).map(|mut value| value["body"].take()).unwrap_or_default();
        let difference = difference::first("", &value(&draft.event), &value(&entry.event));
        let difference = difference.unwrap_or_else(|| "the two differ".into());
        let kind = describe(draft.event.kind(), draft.step.as_deref());
        Err(diverged("content", format!("{kind} does not say what the runbook says: {difference}"), Some(number)))
    }

    fn answer(&mut self, position: &Position, question: &Question) -> Result<Value, Halt> {
        let number = self.lines.get(self.next).map(|line| line.number);
        self.answered(position, question)?
            .ok_or_else(|| diverged("answer", format!("“{}” has no answer", question.text), number))
    }

    fn secret(&mut self, position: &Position, question: &Question) -> Result<Secret, Halt> {
        self.answered(position, question).map(|_| Secret::new(String::new()))
    }

    fn observe(&mut self, position: &Position, seen: Value) -> Result<(), Halt> {
        let event = Event::Observed(Observed { seen });
        self.note(Draft { event, step: Some(position.step()), by: None })
    }

    fn carry_out(&mut self, handler: &Handler, arguments: Value, mut task: Task<'_>) -> Result<Outcome, Halt> {
        let step = task.position.step();
        if let Some(outputs) = task.outputs.take().filter(|_| self.rehearsal) {
            return Ok(Outcome { result: Ok(outputs), made: Made::default(), rehearsed: true });
        }
        if handler.effect == Effect::None {
            let (result, made) = task.perform(handler, arguments, self)?;
            return Ok(Outcome { result, made, rehearsed: false });
        }
        loop {
            let (entry, number) = self.peek()?;
            if entry.step.as_deref() != Some(&step) {
                let message =
                    format!("the runbook is at {step}, the record at {}", entry.step.as_deref().unwrap_or("no step"));
                return Err(diverged("order", message, Some(number)));
            }
            match &entry.event {
                Event::Answered(_) | Event::Observed(_) | Event::Checkpoint(_) => self.next += 1,
                // The interpreter calls for this entry next, and compares it with what it makes of these outputs.
                Event::Finished(finished) => {
                    let made = Made {
                        products: finished.products.clone(),
                        evidence: finished.evidence.clone(),
                        devices: finished.devices.clone(),
                    };
                    let result = Ok(finished.outputs.clone().unwrap_or_default());
                    return Ok(Outcome { result, made, rehearsed: false });
                }
                Event::Failed(failed) => {
                    let made = Made {
                        products: failed.products.clone(),
                        evidence: failed.evidence.clone(),
                        ..Made::default()
                    };
                    let result = match &failed.outputs {
                        Some(outputs) => Ok(outputs.clone()),
                        None if !failed.expected.is_empty() => Ok(Value::Null),
                        None => Err(failed.failure.clone()),
                    };
                    return Ok(Outcome { result, made, rehearsed: false });
                }
                other => {
                    let message =
                        format!("{} cannot come before the step is finished", describe(other.kind(), Some(&step)));
                    return Err(diverged("order", message, Some(number)));
                }
            }
        }
    }

    fn settle(&mut self) -> Result<(), Halt> {
        Ok(())
    }

    fn head(&self) -> [u8; 32] {
        self.next.checked_sub(1).and_then(|last| self.lines.get(last)).map(|line| line.digest).unwrap_or_default()
    }

    fn at(&mut self, _: &Position) {}

    fn show(&mut self, _: &Notice) {}

    fn wait(&mut self, _: Duration, _: &str) {}
}

fn diverged(code: &'static str, message: String, line: Option<usize>) -> Halt {
    Halt::Diverged(Box::new(Divergence { code, message, line }))
}

fn describe(kind: &str, step: Option<&str>) -> String {
    step.map_or_else(|| format!("`{kind}`"), |step| format!("`{kind}` of {step}"))
}
