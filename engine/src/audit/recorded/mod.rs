//! What happened, from a record: every entry must be the one that the runbook calls for at that point.

mod carried_out;

use super::{
    difference,
    outputs::{Known, misfit},
};
use crate::{
    conduct::{
        Bindings, Divergence, Effect, Failure, Halt, Handler, Happenings, Made, Notice, Outcome, Performed, Position,
        Question, QuestionKind, Reply, Secret, Session, Task,
    },
    notation::Runbook,
    record::{Answered, Draft, Entry, Event, Line, Observed, Opened, settled},
};
use jiff::Timestamp;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The recorded source of what happened.
pub(crate) struct Recorded<'a> {
    lines: &'a [Line],
    next: usize,
    /// The session that has begun, until the interpreter takes it in.
    session: Option<Session>,
    /// When each step began that is performed now.
    began: BTreeMap<String, Timestamp>,
    /// What handlers carried out.
    performed: Vec<Performed>,
    rehearsal: bool,
    /// The roles that the runbook declares.
    roles: BTreeSet<&'a str>,
    /// The serial numbers of the devices that were seen, by name.
    serials: BTreeMap<&'a str, u32>,
    /// Those that the session's bindings name.
    bound: BTreeMap<&'a str, u32>,
    /// The files that were recorded up to an entry.
    files: Known<'a>,
    files_up_to: usize,
}

impl<'a> Recorded<'a> {
    /// A record whose first entry, `opened`, was looked at already.
    pub(crate) fn new(lines: &'a [Line], opened: &'a Opened, runbook: &'a Runbook) -> Self {
        Self {
            lines,
            next: 1,
            session: None,
            began: BTreeMap::new(),
            performed: Vec::new(),
            rehearsal: opened.rehearsal,
            roles: runbook.participants.iter().map(|(role, _)| role.as_str()).collect(),
            serials: BTreeMap::new(),
            bound: bound(&opened.bindings),
            files: Known::default(),
            files_up_to: 0,
        }
    }

    /// The entries that were not called for.
    pub(crate) fn rest(&self) -> &'a [Line] {
        self.lines.get(self.next..).unwrap_or_default()
    }

    /// Whether nothing more is recorded.
    pub(crate) fn is_over(&self) -> bool {
        self.after_breaks() >= self.lines.len()
    }

    /// The serial number of a device.
    fn serial(&self, name: &str) -> Option<u32> {
        self.serials.get(name).or(self.bound.get(name)).copied()
    }

    /// The index of the next line that begins no session.
    fn after_breaks(&self) -> usize {
        let is_break = |line: &&Line| matches!(&line.entry, Ok(entry) if matches!(entry.event, Event::Resumed(_)));
        self.next + self.lines.iter().skip(self.next).take_while(is_break).count()
    }

    /// Whether a session has begun that the interpreter has not taken in yet.
    pub(crate) fn has_begun_session(&mut self) -> bool {
        self.begin_session();
        self.session.is_some()
    }

    /// What handlers carried out.
    pub(crate) fn into_performed(self) -> Vec<Performed> {
        self.performed
    }

    /// Takes another session's beginning, when the ceremony broke off here.
    fn begin_session(&mut self) {
        while let Some(Line { entry: Ok(Entry { event: Event::Resumed(resumed), .. }), .. }) = self.lines.get(self.next)
        {
            self.session = Some(Session { bindings: resumed.bindings.clone(), host: resumed.host.clone() });
            self.bound = bound(&resumed.bindings);
            self.next += 1;
        }
    }

    fn peek(&mut self) -> Result<(&'a Entry, usize), Halt> {
        self.begin_session();
        match self.lines.get(self.next) {
            Some(Line { entry: Ok(entry), number, .. }) => Ok((entry, *number)),
            Some(Line { entry: Err(why), number, .. }) => {
                Err(diverged("no-entry", format!("line {number} is no entry: {why}"), Some(*number)))
            }
            None => Err(Halt::RecordEnds),
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
            if answered.slot != question.slot {
                let name = |slot: &Option<String>| slot.clone().unwrap_or_else(|| "the step's main question".into());
                let message = format!(
                    "the runbook asks for {} here, the record answers {}",
                    name(&question.slot),
                    name(&answered.slot)
                );
                return Err(diverged("question", message, Some(number)));
            }
            if answered.question != question.text {
                let message = format!("the runbook asks “{}”, the record “{}”", question.text, answered.question);
                return Err(diverged("question", message, Some(number)));
            }
            if question.kind.is_secret() {
                match confided(question, answered) {
                    Ok(Confided::Refused) => {
                        self.begin_session();
                        let is_gone =
                            matches!(question.kind, QuestionKind::SecretAgain { .. }) && self.session.is_some();
                        if is_gone {
                            return Err(Halt::BrokeOff);
                        }
                        continue;
                    }
                    Ok(Confided::Taken(verdict)) => return Ok(verdict),
                    Err(why) => return Err(diverged("answer", why, Some(number))),
                }
            }
            let Some(answer) = &answered.answer else {
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

/// What a record may say of a secret.
enum Confided {
    Taken(Option<Value>),
    Refused,
}

/// A secret is never in the record, neither taken nor refused, and what is wrong with one is one of a few sentences.
fn confided(question: &Question, answered: &Answered) -> Result<Confided, String> {
    let text = &question.text;
    match (&question.kind, &answered.answer, &answered.refused) {
        (QuestionKind::Secret { .. }, None, None) => Ok(Confided::Taken(None)),
        (QuestionKind::SecretAgain { .. }, Some(same @ Value::Bool(_)), None) => {
            Ok(Confided::Taken(Some(same.clone())))
        }
        (_, Some(_), _) => Err(format!("“{text}” is answered with a secret, and the record holds an answer")),
        (_, None, Some(why)) => {
            let fewest = if let QuestionKind::Secret { min_length, .. } = question.kind { min_length } else { 0 };
            let same = "1".repeat(fewest.clamp(2, 4 * 1024));
            let secrets = ["", "x", same.as_str()].map(|secret| Reply::Secret(Secret::new(secret.into())));
            let mut replies = secrets.into_iter().chain([Reply::Value(Value::Null)]);
            if replies.any(|reply| question.settle(reply).is_err_and(|said| said == *why)) {
                return Ok(Confided::Refused);
            }
            Err(format!("“{text}” cannot have been refused with: {why}"))
        }
        (_, None, None) => Err(format!("“{text}” has no answer")),
    }
}

impl<'a> Recorded<'a> {
    /// Passes over what a handler asked and saw that is not performed again: as much of it is compared as can be known.
    fn pass(
        &mut self,
        (entry, number): (&'a Entry, usize),
        by: Option<&str>,
        again: &mut Option<&'a Entry>,
    ) -> Result<(), Halt> {
        let asked = |entry: &'a Entry| match &entry.event {
            Event::Answered(answered) => Some((answered.question.as_str(), entry.by.as_deref())),
            _ => None,
        };
        if let Some(refused) = again.take()
            && asked(refused) != asked(entry)
        {
            let message = "an answer was refused, and the question was not asked again".to_string();
            return Err(diverged("answer", message, Some(number)));
        }
        let held = entry.by.as_deref();
        match &entry.event {
            Event::Answered(answered) => {
                if held != by && !held.is_some_and(|role| self.roles.contains(role)) {
                    let name = held.unwrap_or("nobody in particular");
                    let message = format!("`answered` is by {name}, who has no part in this step");
                    return Err(diverged("participant", message, Some(number)));
                }
                *again = answered.refused.is_some().then_some(entry);
            }
            Event::Observed(_) => {
                if let Some(role) = held {
                    let message = format!("`{}` is by `{role}`, it is by nobody", entry.event.kind());
                    return Err(diverged("participant", message, Some(number)));
                }
            }
            other => {
                let message = format!(
                    "{} cannot come before the step is finished",
                    describe(other.kind(), entry.step.as_deref())
                );
                return Err(diverged("order", message, Some(number)));
            }
        }
        self.next += 1;
        Ok(())
    }

    /// Whether outputs can be those of a handler that is not performed again.
    fn check_outputs(&mut self, handler: &Handler, outputs: &Value, made: &Made, failed: bool) -> Result<(), Halt> {
        let number = self.lines.get(self.next).map(|line| line.number);
        if let Some(why) = misfit(&handler.outputs, outputs) {
            return Err(diverged("outputs", format!("{} cannot have given this: {why}", handler.name), number));
        }
        let upto = self.next + 1;
        for line in self.lines.get(self.files_up_to..upto).unwrap_or_default() {
            match line.entry.as_ref().map(|entry| &entry.event) {
                Ok(Event::Finished(finished)) => self.files.add(finished.products.iter().chain(&finished.evidence)),
                Ok(Event::Failed(failed)) => self.files.add(failed.products.iter().chain(&failed.evidence)),
                _ => {}
            }
        }
        self.files_up_to = upto.max(self.files_up_to);
        // The products of a step that failed are in `evidence/` by now.
        let aside = if failed { made.evidence.as_slice() } else { &[] };
        if let Some(path) = self.files.unrecorded(outputs, aside) {
            let message = format!("the outputs name `{path}` with a digest that no recorded file has at that path");
            return Err(diverged("outputs", message, number));
        }
        Ok(())
    }

    /// Whether outputs are of the device that the step names, which must be bound when it is finished.
    fn check_device(&self, arguments: &Value, outputs: &Value, made: &Made, failed: bool) -> Result<(), Halt> {
        let number = self.lines.get(self.next).map(|line| line.number);
        if let Some(name) = made.devices.keys().find(|name| !names(arguments, name)) {
            let message = format!("the device `{name}` is bound to a serial number by a step that does not name it");
            return Err(diverged("device", message, number));
        }
        let (Some(name), Some(serial)) =
            (arguments.get("device").and_then(Value::as_str), outputs.get("serial").filter(|it| it.is_number()))
        else {
            return Ok(());
        };
        let bound = made.devices.get(name).copied().or(self.serial(name));
        if bound.map_or(failed, |bound| serial.as_u64() == Some(bound.into())) {
            return Ok(());
        }
        let bound = bound.map_or("no serial number".to_string(), |bound| format!("the serial number {bound}"));
        Err(diverged("device", format!("the outputs are of device {serial}, {name} is bound to {bound}"), number))
    }
}

/// The serial numbers that bindings name, by device.
fn bound(bindings: &Bindings) -> BTreeMap<&str, u32> {
    bindings.devices.iter().filter_map(|(name, device)| Some((name.as_str(), device.serial?))).collect()
}

/// Whether a text is among some arguments.
fn names(arguments: &Value, name: &str) -> bool {
    match arguments {
        Value::String(text) => text == name,
        Value::Array(items) => items.iter().any(|it| names(it, name)),
        Value::Object(members) => members.values().any(|it| names(it, name)),
        _ => false,
    }
}

/// Performs a handler that only asks once more, from the start when the ceremony broke off where it cannot go on.
pub(crate) fn perform_again(
    handler: &Handler,
    arguments: &Value,
    task: &mut Task<'_>,
    happenings: &mut dyn Happenings,
) -> Result<Outcome, Halt> {
    loop {
        match task.perform(handler, arguments.clone(), happenings) {
            Ok((result, made)) => return Ok(Outcome::new(result, made)),
            Err(Halt::BrokeOff) => {
                if let Some(session) = happenings.session() {
                    task.ceremony.begin_session(session).map_err(|failure| happenings.contradiction(failure))?;
                }
            }
            Err(halt) => return Err(halt),
        }
    }
}

impl Happenings for Recorded<'_> {
    fn note(&mut self, draft: Draft) -> Result<(), Halt> {
        let (entry, number) = self.take(draft.event.kind(), draft.step.as_deref(), draft.by.as_deref())?;
        if let (Event::Began(began), Some(step)) = (&entry.event, &entry.step)
            && began.uses.is_some()
        {
            self.began.insert(step.clone(), entry.at.parse().unwrap_or_default());
        }
        if entry.event == draft.event {
            return Ok(());
        }
        let value = |event: &Event| {
            let body = serde_json::to_value(event).map(|mut value| value["body"].take()).unwrap_or_default();
            settled(body)
        };
        let (said, held) = (value(&draft.event), value(&entry.event));
        // The record's form counts: 1.0 is written as 1.
        if said == held {
            return Ok(());
        }
        let difference = difference::first("", &said, &held);
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
        let event = Event::Observed(Observed { seen, probe: None });
        self.note(Draft { event, step: Some(position.step()), by: None })
    }

    fn carry_out(&mut self, handler: &Handler, arguments: Value, mut task: Task<'_>) -> Result<Outcome, Halt> {
        if let Some(outputs) = task.outputs.take().filter(|_| self.rehearsal) {
            return Ok(Outcome::rehearsed(outputs));
        }
        if handler.effect == Effect::None {
            return perform_again(handler, &arguments, &mut task, self);
        }
        self.carried_out(handler, &arguments, &mut task)?.ok_or(Halt::RecordEnds)
    }

    fn session(&mut self) -> Option<Session> {
        self.begin_session();
        self.session.take()
    }

    fn begun_session(&mut self) -> Option<Session> {
        self.session.take()
    }

    fn pause(&mut self, title: &str) -> Result<(), Halt> {
        self.begin_session();
        if self.session.is_some() {
            return Ok(());
        }
        if self.is_over() {
            return Err(Halt::Paused(title.to_string()));
        }
        let (_, number) = self.peek()?;
        let message = "the ceremony was to pause here, and the record goes on without a break".to_string();
        Err(diverged("order", message, Some(number)))
    }

    fn contradiction(&self, failure: Failure) -> Halt {
        diverged("device", failure.message, self.lines.get(self.next).map(|line| line.number))
    }

    fn settle(&mut self) -> Result<(), Halt> {
        Ok(())
    }

    fn head(&self) -> [u8; 32] {
        self.after_breaks()
            .checked_sub(1)
            .and_then(|last| self.lines.get(last))
            .map(|line| line.digest)
            .unwrap_or_default()
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
