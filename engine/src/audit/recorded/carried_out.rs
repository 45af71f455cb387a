//! Handlers that looked at or changed the world: they are not performed again, and the record says what came of them.

use super::{Recorded, confided, diverged};
use crate::{
    conduct::{
        Doubt, Effect, Halt, Handler, Happenings, LOST_SECRET, Made, Outcome, Performed, Secret, Task, folder_name,
    },
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
    /// What it saw in all sessions.
    noted: Vec<Value>,
    /// What people answered, by the slots of the questions.
    answered: Vec<(String, Value)>,
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
        let mut attempt = Try {
            handler,
            arguments,
            step,
            seen: Vec::new(),
            noted: task.doubt.as_ref().map(|doubt| doubt.seen.clone()).unwrap_or_default(),
            answered: Vec::new(),
            probe: None,
            breaks: 0,
        };
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
                _ => {
                    attempt.take(entry, task, number)?;
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
        let taken_up = attempt.probe == Some(Probe::Done);
        attempt.had_its_secrets(task, taken_up, number)?;
        if let Some(file) = made.products.iter().chain(&made.evidence).find(|file| !names(&outputs, &file.path)) {
            let message = format!("`{}` was made by the step, and what came of it does not name it", file.path);
            return Err(diverged("outputs", message, Some(number)));
        }
        self.check_outputs(attempt.handler, &outputs, &made, false)?;
        self.check_device(attempt.arguments, &outputs, &made, false)?;
        self.serials.extend(finished.devices.iter().map(|(name, serial)| (name.as_str(), *serial)));
        self.performed(attempt, (entry, number), finished.outputs.clone());
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
        let open = task.doubt.take().filter(|_| attempt.probe == Some(Probe::Failed));
        let in_doubt = failed.failure.in_doubt && !attempt.noted.is_empty();
        let doubt = open.or_else(|| in_doubt.then(|| Doubt { seen: attempt.noted.clone(), failed: true }));
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
            answered: attempt.answered.clone(),
            seen: attempt.noted.clone(),
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
            let doubt = task.doubt.get_or_insert_default();
            doubt.seen.append(&mut self.seen);
            doubt.failed = false;
        }
    }

    /// Takes an entry in that does not end the step.
    fn take(&mut self, entry: &Entry, task: &mut Task<'_>, number: usize) -> Result<(), Halt> {
        match &entry.event {
            Event::Observed(Observed { probe: Some(_), .. }) if task.doubt.is_none() || self.probe.is_some() => {
                let message =
                    "a step is looked at that was not in flight when the ceremony broke off or when it failed";
                return Err(diverged("probe", message.to_string(), Some(number)));
            }
            Event::Observed(Observed { probe: Some(Probe::NotDone), .. }) => task.doubt = None,
            Event::Observed(Observed { probe: Some(probe), .. }) => self.probe = Some(*probe),
            Event::Observed(Observed { probe: None, seen }) => {
                if !self.handler.notes {
                    let message = format!("{} records nothing before it is over", self.handler.name);
                    return Err(diverged("order", message, Some(number)));
                }
                self.seen.push(seen.clone());
                self.noted.push(seen.clone());
            }
            Event::Answered(answered) => return self.take_answer(entry, answered, task, number),
            _ => {}
        }
        Ok(())
    }

    /// Takes an answer in: to a question that the handler asks, or to the one that asks for a lost secret again.
    fn take_answer(
        &mut self,
        entry: &Entry,
        answered: &Answered,
        task: &mut Task<'_>,
        number: usize,
    ) -> Result<(), Halt> {
        let slot = answered.slot.as_deref().unwrap_or_default();
        if self.handler.asks.contains(&slot) {
            if answered.refused.is_none() {
                self.answered.push((slot.to_string(), answered.answer.clone().unwrap_or_default()));
            }
            return Ok(());
        }
        let asked =
            slot.strip_prefix(LOST_SECRET).and_then(|name| Some((name, task.ceremony.asks_again(name, task.by)?)));
        let Some((name, question)) = asked.filter(|(_, question)| question.text == answered.question) else {
            let message = format!("{} does not ask “{}” here", self.handler.name, answered.question);
            return Err(diverged("question", message, Some(number)));
        };
        if question.by != entry.by {
            let message = format!("“{}” is asked of another participant", answered.question);
            return Err(diverged("participant", message, Some(number)));
        }
        confided(&question, answered).map_err(|why| diverged("answer", why, Some(number)))?;
        if answered.refused.is_none() {
            // It is there again for the steps that follow.
            task.ceremony.keep_again(name, Secret::new(String::new()));
        }
        Ok(())
    }

    /// A step that was carried out had its secrets; those that were lost in a break were asked for again.
    fn had_its_secrets(&self, task: &Task<'_>, taken_up: bool, number: usize) -> Result<(), Halt> {
        let lost = secrets(self.arguments).into_iter().find(|name| task.ceremony.asks_again(name, None).is_some());
        match lost.filter(|_| !taken_up) {
            None => Ok(()),
            Some(name) => {
                let message =
                    format!("the secret `{name}` was lost when the ceremony broke off, and nobody entered it again");
                Err(diverged("secret", message, Some(number)))
            }
        }
    }

    /// A step that was in flight is over only when it was looked at; what was found must be among these.
    fn settled(&self, task: &Task<'_>, may_be: &[Probe], number: usize) -> Result<(), Halt> {
        let message = match (task.doubt.is_some(), self.probe) {
            (false, _) => return Ok(()),
            (true, Some(probe)) if may_be.contains(&probe) => return Ok(()),
            (true, Some(_)) => "what came of the step is not what it was found to be when it was looked at",
            (true, None) => {
                "the step was in flight when the ceremony broke off or when it failed, and nobody looked whether it was done"
            }
        };
        Err(diverged("probe", message.to_string(), Some(number)))
    }
}

/// The secrets that some arguments name.
fn secrets(arguments: &Value) -> Vec<&str> {
    match arguments {
        Value::Object(members) if members.len() == 1 && members.contains_key("secret") => {
            members["secret"].as_str().into_iter().collect()
        }
        Value::Object(members) => members.values().flat_map(secrets).collect(),
        Value::Array(items) => items.iter().flat_map(secrets).collect(),
        _ => Vec::new(),
    }
}

/// Whether outputs name a file, or a folder of products that it is in, as [`folder_name`] has it.
fn names(outputs: &Value, path: &str) -> bool {
    says(outputs, path)
        || path
            .match_indices('/')
            .skip(1)
            .any(|(at, _)| says(outputs, &folder_name(path.get(..at).unwrap_or_default())))
}

/// Whether a text is among some outputs.
fn says(outputs: &Value, text: &str) -> bool {
    match outputs {
        Value::String(said) => said == text,
        Value::Array(items) => items.iter().any(|item| says(item, text)),
        Value::Object(members) => members.values().any(|member| says(member, text)),
        _ => false,
    }
}
