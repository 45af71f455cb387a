//! DO: one step, until it is done, deviated from, or the ceremony is aborted.

use super::{Choice, Flow, Interpreter, shown};
use crate::{
    conduct::{
        Announcement, Doubt, Effect, Failure, Halt, Made, Notice, Outcome, Position, Question, QuestionKind, Task,
    },
    notation::{Do, Expectation, Expression, Level, Map, Node, OnFailure, Rehearsal, Template, Text},
    record::{Began, Draft, Event, Expected, Failed, Finished, Retried, settled},
};
use serde_json::Value;
use std::collections::BTreeMap;

/// The failure of a step that was given no go-ahead.
const NOT_STARTED: &str = "not-started";

/// Whether something was done or passed over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Acted {
    Done,
    PassedOver,
    /// A remedy ended the ceremony.
    Ended,
}

/// What DO and GO TO have in common.
pub(super) struct Act<'a> {
    pub(super) word: &'static str,
    pub(super) text: &'a Text,
    pub(super) uses: Option<&'a Text>,
    pub(super) with: &'a Map<Node>,
    pub(super) id: Option<&'a Text>,
    pub(super) by: Option<&'a Text>,
    pub(super) sign_off: &'a [Text],
    pub(super) level: Level,
    pub(super) expect: &'a [Expectation],
    pub(super) on_failure: Option<&'a OnFailure>,
    pub(super) rehearse: Option<&'a Rehearsal>,
    pub(super) note: Option<&'a Text>,
    pub(super) estimate: Option<&'a Text>,
}

impl Interpreter<'_> {
    /// DO: until it is done, deviated from, or the ceremony is aborted.
    pub(super) fn act(&mut self, act: &Act<'_>, position: &Position) -> Result<Acted, Halt> {
        self.happenings.at(position);
        let by = act.by.map(ToString::to_string);
        let draft = |event| Draft { event, step: Some(position.step()), by: by.clone() };
        let (text, problem) = match self.try_render(act.text) {
            Ok(text) => (text, None),
            Err(failure) => (act.text.value.clone(), Some(failure)),
        };
        let (with, problem) = match self.try_fill(act.with) {
            Ok(with) => (with, problem),
            Err(failure) => (serde_json::Map::new(), Some(failure)),
        };
        self.happenings.note(draft(Event::Began(Began {
            text: text.clone(),
            uses: act.uses.map(ToString::to_string),
            with: with.clone(),
            level: act.level.word().into(),
        })))?;
        self.happenings.show(&shown::step(
            act.word,
            text.clone(),
            self.participant_title(act.by),
            act.level,
            act.note,
            act.estimate,
        ));
        if act.level != Level::Must && self.skipped(act, position)? {
            return Ok(Acted::PassedOver);
        }
        let mut attempt = 1;
        let mut doubt = None;
        loop {
            let outcome = match &problem {
                Some(failure) => Outcome::new(Err(failure.clone()), Made::default()),
                None => self.attempt(act, position, &text, &with, doubt.take())?,
            };
            doubt.clone_from(&outcome.doubt);
            let outcome = self.happenings.keep(self.ceremony, outcome);
            let judged = self.judge(act, outcome);
            self.ceremony.prove_secrets(judged.is_ok());
            let failed = match judged {
                Ok((finished, shown)) => {
                    for (name, serial) in &finished.devices {
                        // A handler binds through the same rule; only a record can say otherwise.
                        self.ceremony.bind(name, *serial).map_err(|failure| self.happenings.contradiction(failure))?;
                    }
                    self.name_outputs(act, finished.outputs.as_ref());
                    self.devices_into_scope();
                    let made = !finished.products.is_empty() || !finished.evidence.is_empty();
                    self.happenings.note(draft(Event::Finished(finished)))?;
                    if !shown.is_empty() {
                        self.happenings.settle()?;
                        self.happenings.show(&Notice::Outcome(shown));
                    }
                    if self.signed_off(act, position, made, &mut attempt)? {
                        return Ok(Acted::Done);
                    }
                    continue;
                }
                Err(failed) => self.happenings.set_aside(self.ceremony, *failed)?,
            };
            let outputs = failed.outputs.clone();
            // Where nothing was tried there is nothing to remedy.
            let tried = failed.failure.code != NOT_STARTED;
            self.fail(position, failed)?;
            let remedy = act.on_failure.and_then(|on_failure| on_failure.section.as_ref()).filter(|_| tried);
            match self.choose(act, position, remedy, attempt == 1)? {
                Choice::Retry => {
                    attempt += 1;
                    self.happenings.note(draft(Event::Retried(Retried { attempt, remedy: None })))?;
                }
                Choice::Remedy(section) => {
                    let with = act.on_failure.map(|on_failure| self.try_fill(&on_failure.with)).transpose();
                    match with {
                        Ok(with) => {
                            if self.remedy(&section, with.unwrap_or_default())? == Flow::Ended {
                                return Ok(Acted::Ended);
                            }
                        }
                        Err(failure) => self.fail(position, Failed::of(failure))?,
                    }
                    // What the step had seen before says nothing of what the remedy left.
                    doubt = None;
                    self.happenings.at(position);
                    self.happenings.show(&shown::step(
                        act.word,
                        text.clone(),
                        self.participant_title(act.by),
                        act.level,
                        None,
                        None,
                    ));
                    attempt += 1;
                    let remedy = Some(section.value.clone());
                    self.happenings.note(draft(Event::Retried(Retried { attempt, remedy })))?;
                }
                Choice::Deviate => {
                    // What the step found is known, though not all that was expected of it holds.
                    self.name_outputs(act, outputs.as_ref());
                    return Ok(Acted::PassedOver);
                }
            }
        }
    }

    fn name_outputs(&mut self, act: &Act<'_>, outputs: Option<&Value>) {
        if let (Some(id), Some(outputs)) = (act.id, outputs) {
            self.ceremony.scope.insert(id.value.clone(), outputs.clone());
        }
    }

    /// Performs a remedy.
    fn remedy(&mut self, section: &Text, takes: serde_json::Map<String, Value>) -> Result<Flow, Halt> {
        let Some((name, _)) = self.runbook.sections.get_key_value(section.as_str()) else {
            return Err(Halt::Impossible(format!("there is no section `{section}`")));
        };
        Ok(self.section(name, takes)?.0)
    }

    /// One try: by a handler, or by the person.
    pub(super) fn attempt(
        &mut self,
        act: &Act<'_>,
        position: &Position,
        text: &str,
        with: &serde_json::Map<String, Value>,
        doubt: Option<Doubt>,
    ) -> Result<Outcome, Halt> {
        let answer = self.rehearsed(act.rehearse)?;
        let Some(uses) = act.uses else {
            let question = Question::new("Done?", QuestionKind::Confirm)
                .by(act.by.map(ToString::to_string))
                .if_no("you choose what to do: try again, deviate with a reason, or abort")
                .rehearse(Some(answer.unwrap_or(Value::Bool(true))));
            let done = self.ask(position, &question)? == Value::Bool(true);
            let result = if done {
                Ok(Value::Null)
            } else {
                Err(Failure::new("not-confirmed", "the step was not confirmed as done"))
            };
            return Ok(Outcome::new(result, Made::default()));
        };
        let Some(handler) = self.registry.get(uses) else {
            return Err(Halt::Impossible(format!("there is no step handler `{uses}`")));
        };
        let outputs = act.rehearse.and_then(|rehearsal| rehearsal.outputs.as_ref()).map(Node::to_json);
        if handler.effect == Effect::Changes {
            self.happenings.show(&match handler.announce(with) {
                Announcement::Words(words) => Notice::Announcement(vec![(String::new(), words)]),
                Announcement::Arguments(arguments) => Notice::Announcement(shown::lines(&arguments)),
            });
            if let Some(irreversible) = handler.irreversible {
                self.happenings.show(&Notice::Irreversible(irreversible.into()));
            }
            if outputs.is_some() && self.ceremony.rehearsal {
                let text = "In this rehearsal nothing is done: the runbook says what came of it.";
                self.happenings.show(&Notice::Information(text.into()));
            }
            let question = Question::new("Carry this out now?", QuestionKind::Confirm)
                .slot("go")
                .by(act.by.map(ToString::to_string))
                .if_no("nothing is done, and you choose what to do")
                .reaching_out(outputs.is_none() && handler.reaches_out(with))
                .rehearse(Some(true.into()));
            // A session that began before the go-ahead did not break this step off: asking takes it in.
            if self.ask(position, &question)? != Value::Bool(true) {
                let failure = Failure::new(NOT_STARTED, "nothing was done: there was no go-ahead");
                return Ok(Outcome { doubt, ..Outcome::new(Err(failure), Made::default()) });
            }
        }
        if handler.effect == Effect::Observes && outputs.is_some() && self.ceremony.rehearsal {
            let text = "In this rehearsal nothing is looked at: the runbook says what came of it.";
            self.happenings.show(&Notice::Information(text.into()));
        }
        let task = Task {
            ceremony: self.ceremony,
            position,
            id: act.id.map(Text::as_str),
            by: act.by.map(Text::as_str),
            text,
            answer,
            outputs,
            doubt,
            noted: Vec::new(),
        };
        self.happenings.carry_out(handler, Value::Object(with.clone()), task)
    }

    /// Whether an outcome is what was expected.
    pub(super) fn judge(&mut self, act: &Act<'_>, outcome: Outcome) -> Result<(Finished, shown::Lines), Box<Failed>> {
        let Outcome { result, made: Made { products, evidence, devices }, rehearsed, taken_up, .. } = outcome;
        let outputs = match result {
            Ok(outputs) => Some(settled(outputs)).filter(|outputs| !outputs.is_null()),
            Err(failure) => return Err(Box::new(Failed { products, evidence, ..Failed::of(failure) })),
        };
        // Expectations alone look at the outputs under the step's name.
        let mut scope = if act.expect.is_empty() { serde_json::Map::new() } else { self.ceremony.scope.clone() };
        if let (Some(id), Some(outputs)) = (act.id, &outputs) {
            scope.insert(id.value.clone(), outputs.clone());
        }
        let mut expected = Vec::new();
        let mut failure = None;
        for expectation in act.expect {
            let that = expectation.that.value.clone();
            match Expression::parse(&that).and_then(|expression| expression.holds(&scope)) {
                Ok((holds, values)) => {
                    if !holds && failure.is_none() {
                        let said = expectation.otherwise.as_ref().map(|text| {
                            Template::parse(text)
                                .and_then(|template| template.render(&scope))
                                .unwrap_or_else(|_| text.value.clone())
                        });
                        let message = said.unwrap_or_else(|| format!("this does not hold: {that}"));
                        failure = Some(Failure::new("expectation", message));
                    }
                    expected.push(Expected { that, values, holds });
                }
                Err(error) => {
                    let message = format!("`{that}` cannot be evaluated: {error}");
                    failure.get_or_insert_with(|| Failure::new("expectation", message));
                    expected.push(Expected { that, values: BTreeMap::new(), holds: false });
                }
            }
        }
        if let Some(failure) = failure {
            return Err(Box::new(Failed { failure, outputs, expected, products, evidence }));
        }
        let asked = act.uses.and_then(|uses| self.registry.get(uses)).is_some_and(|it| it.effect == Effect::None);
        // Who was asked has just read the answer.
        let lines = shown::outcome(outputs.as_ref().filter(|_| !asked), &expected);
        Ok((Finished { outputs, expected, products, evidence, devices, rehearsed, taken_up }, lines))
    }
}

impl<'a> Act<'a> {
    /// A sentence that a person carries out.
    pub(super) fn bare(word: &'static str, text: &'a Text) -> Self {
        Self {
            word,
            text,
            uses: None,
            with: &NO_VALUES,
            id: None,
            by: None,
            sign_off: &[],
            level: Level::Must,
            expect: &[],
            on_failure: None,
            rehearse: None,
            note: None,
            estimate: None,
        }
    }
}

static NO_VALUES: std::sync::LazyLock<Map<Node>> = std::sync::LazyLock::new(Map::default);

impl<'a> From<&'a Do> for Act<'a> {
    fn from(step: &'a Do) -> Self {
        Self {
            word: "DO",
            text: &step.text,
            uses: step.uses.as_ref(),
            with: &step.with,
            id: step.id.as_ref(),
            by: step.by.as_ref(),
            sign_off: &step.sign_off,
            level: step.level,
            expect: &step.expect,
            on_failure: step.on_failure.as_ref(),
            rehearse: step.rehearse.as_ref(),
            note: step.note.as_ref(),
            estimate: step.estimate.as_ref(),
        }
    }
}

impl Failed {
    /// A failure with nothing to show for it.
    #[must_use]
    pub fn of(failure: Failure) -> Self {
        Self { failure, outputs: None, expected: Vec::new(), products: Vec::new(), evidence: Vec::new() }
    }
}
