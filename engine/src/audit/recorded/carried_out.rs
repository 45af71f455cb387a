//! Handlers that looked at or changed the world: they are not performed again, and the record says what came of them.

use super::{Recorded, diverged};
use crate::{
    conduct::{Effect, Halt, Handler, Happenings, LOST_SECRET, Made, Outcome, Performed, Secret, Task},
    record::{Answered, Entry, Event, Failed, Finished, Observed, Probe},
};
use serde_json::Value;

/// What the record has of a step up to now.
struct Try<'a> {
    handler: &'a Handler,
    arguments: &'a Value,
    /// The step's key.
    step: String,
    /// What it saw in the session that it is in.
    seen: Vec<Value>,
    /// What was found when it was looked at after a break.
    probe: Option<Probe>,
    /// How often the ceremony broke off in the middle of it.
    breaks: usize,
}

impl<'a> Recorded<'a> {
    /// What came of a handler that is not performed again; nothing when the record stops before that, and the task then says
    /// what is known of it.
    pub(crate) fn carried_out(
        &mut self,
        handler: &Handler,
        arguments: &Value,
        task: &mut Task<'_>,
    ) -> Result<Option<Outcome>, Halt> {
        let step = task.position.step();
        let mut attempt = Try { handler, arguments, step, seen: Vec::new(), probe: None, breaks: 0 };
        let mut again = None;
        loop {
            self.begin_session();
            if let Some(session) = self.session.take() {
                task.ceremony.begin_session(session).map_err(|failure| self.contradiction(failure))?;
                again = None;
                attempt.broke_off(task);
            }
            if self.is_over() {
                return Ok(None);
            }
            let (entry, number) = self.peek()?;
            if entry.step.as_deref() != Some(&attempt.step) {
                let held = entry.step.as_deref().unwrap_or("no step");
                let message = format!("the runbook is at {}, the record at {held}", attempt.step);
                return Err(diverged("order", message, Some(number)));
            }
            match &entry.event {
                // The interpreter calls for this entry next, and compares it with what it makes of these outputs.
                Event::Finished(finished) if again.is_none() => {
                    return self.finished(&attempt, task, (entry, number), finished).map(Some);
                }
                Event::Failed(failed) if again.is_none() => {
                    return self.failed(&attempt, task, (entry, number), failed).map(Some);
                }
                event => {
                    attempt.take(event, task, number)?;
                    self.pass((entry, number), task.by, &mut again)?;
                }
            }
        }
    }

    fn finished(
        &mut self,
        attempt: &Try<'_>,
        task: &Task<'_>,
        (entry, number): (&Entry, usize),
        finished: &'a Finished,
    ) -> Result<Outcome, Halt> {
        if finished.rehearsed {
            let message = "`rehearsed` is true, it must not be there: this step is performed".to_string();
            return Err(diverged("content", message, Some(number)));
        }
        attempt.settled(task, &[Probe::Done], number)?;
        let made = Made {
            products: finished.products.clone(),
            evidence: finished.evidence.clone(),
            devices: finished.devices.clone(),
        };
        let outputs = finished.outputs.clone().unwrap_or_default();
        self.check_outputs(attempt.handler, &outputs, &made, false)?;
        self.check_device(attempt.arguments, &outputs, &made, false)?;
        self.serials.extend(finished.devices.iter().map(|(name, serial)| (name.as_str(), *serial)));
        self.performed(attempt, (entry, number), finished.outputs.clone());
        let taken_up = attempt.probe == Some(Probe::Done);
        Ok(Outcome { taken_up, ..Outcome::new(Ok(outputs), made) })
    }

    fn failed(
        &mut self,
        attempt: &Try<'_>,
        task: &mut Task<'_>,
        (entry, number): (&Entry, usize),
        failed: &Failed,
    ) -> Result<Outcome, Halt> {
        attempt.settled(task, &[Probe::Done, Probe::Unknown, Probe::Failed], number)?;
        let made = Made { products: failed.products.clone(), evidence: failed.evidence.clone(), ..Made::default() };
        let result = match &failed.outputs {
            Some(outputs) => Ok(outputs.clone()),
            None if !failed.expected.is_empty() => Ok(Value::Null),
            None => Err(failed.failure.clone()),
        };
        if let Ok(outputs) = &result {
            self.check_outputs(attempt.handler, outputs, &made, true)?;
            self.check_device(attempt.arguments, outputs, &made, true)?;
        }
        self.performed(attempt, (entry, number), failed.outputs.clone());
        let taken_up = attempt.probe == Some(Probe::Done);
        let doubt = task.doubt.take().filter(|_| attempt.probe == Some(Probe::Failed));
        Ok(Outcome { taken_up, doubt, ..Outcome::new(result, made) })
    }

    fn performed(&mut self, attempt: &Try<'_>, (entry, line): (&Entry, usize), outputs: Option<Value>) {
        let at = entry.at.parse().unwrap_or_default();
        let with = attempt.arguments.as_object().cloned().unwrap_or_default();
        let device = with.get("device").and_then(Value::as_str);
        self.performed.push(Performed {
            uses: attempt.handler.name.to_string(),
            serial: device.and_then(|name| self.serial(name)),
            with,
            outputs,
            finished: matches!(entry.event, Event::Finished(_)),
            taken_up: attempt.probe == Some(Probe::Done),
            breaks: attempt.breaks,
            began: self.began.get(&attempt.step).copied().unwrap_or(at),
            at,
            line,
        });
    }
}

impl Try<'_> {
    /// The ceremony broke off here: what changes something may have been done, and nobody knows.
    fn broke_off(&mut self, task: &mut Task<'_>) {
        self.probe = None;
        self.breaks += 1;
        if self.handler.effect == Effect::Changes {
            task.doubt.get_or_insert_default().seen.append(&mut self.seen);
        }
    }

    /// Takes an entry in that does not end the step.
    fn take(&mut self, event: &Event, task: &mut Task<'_>, number: usize) -> Result<(), Halt> {
        match event {
            Event::Observed(Observed { probe: Some(_), .. }) if task.doubt.is_none() || self.probe.is_some() => {
                let message = "a step is looked at that was not in flight when the ceremony broke off";
                return Err(diverged("probe", message.to_string(), Some(number)));
            }
            Event::Observed(Observed { probe: Some(Probe::NotDone), .. }) => task.doubt = None,
            Event::Observed(Observed { probe: Some(probe), .. }) => self.probe = Some(*probe),
            Event::Observed(Observed { probe: None, seen }) => self.seen.push(seen.clone()),
            // A secret that was lost and entered again is there for the steps that follow.
            Event::Answered(Answered { slot: Some(slot), refused: None, .. }) => {
                if let Some(name) = slot.strip_prefix(LOST_SECRET) {
                    task.ceremony.keep_again(name, Secret::new(String::new()));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A step that was in flight is over only when it was looked at; what was found must be among these.
    fn settled(&self, task: &Task<'_>, may_be: &[Probe], number: usize) -> Result<(), Halt> {
        let message = match (task.doubt.is_some(), self.probe) {
            (false, _) => return Ok(()),
            (true, Some(probe)) if may_be.contains(&probe) => return Ok(()),
            (true, Some(_)) => "what came of the step is not what it was found to be after the break",
            (true, None) => "the step was in flight when the ceremony broke off, and nobody looked whether it was done",
        };
        Err(diverged("probe", message.to_string(), Some(number)))
    }
}
