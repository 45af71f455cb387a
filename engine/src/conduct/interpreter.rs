//! The interpreter: what a runbook says, step by step, from one source of what happens.

use super::{
    Bindings, Ceremony, Effect, Failure, Halt, Happenings, Made, Notice, Outcome, Position, Question, QuestionKind,
    Registry, Reply, Task,
};
use crate::{
    notation::{
        Computer, Do, Expectation, Expression, GoTo, If, Input, InputType, Level, Map, Node, OnFailure, Place,
        Rehearsal, Runbook, Section, Step, StepKind, Template, Text,
    },
    record::{
        Aborted, Approval, Began, Decided, Deviated, Draft, Ended, Entered, Event, Expected, Failed, Finished, Left,
        Retried, Skipped,
    },
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Deepest GO TO; a runbook that a person can follow needs a handful.
const DEPTH: usize = 100;

/// The step that checks that a computer is offline, when its runbook says so.
const OFFLINE: &str = "host.offline";

/// Conducts a ceremony from its first section to END.
///
/// # Errors
/// Why it stopped before, and the place in the runbook where it stopped.
pub fn conduct(
    runbook: &Runbook,
    registry: &Registry,
    ceremony: &mut Ceremony,
    happenings: &mut dyn Happenings,
) -> Result<(), (Halt, Place)> {
    let mut interpreter =
        Interpreter { runbook, registry, ceremony, happenings, at: Place::default(), depth: 0, computer: None };
    match interpreter.ceremony() {
        Ok(()) => Ok(()),
        Err(halt) => {
            // What was noted is kept, whatever stopped the ceremony; a record that cannot be kept has said so already.
            let _ = interpreter.happenings.settle();
            Err((halt, interpreter.at))
        }
    }
}

/// Whether the ceremony goes on after a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Continues,
    Ended,
}

/// Whether something was done or passed over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Acted {
    Done,
    PassedOver,
}

/// What a person chose after a failure.
enum Choice {
    Retry,
    Remedy(Text),
    Deviate,
}

/// What DO and GO TO have in common.
struct Act<'a> {
    word: &'static str,
    text: &'a Text,
    uses: Option<&'a Text>,
    with: &'a Map<Node>,
    id: Option<&'a Text>,
    by: Option<&'a Text>,
    sign_off: &'a [Text],
    level: Level,
    expect: &'a [Expectation],
    on_failure: Option<&'a OnFailure>,
    rehearse: Option<&'a Rehearsal>,
    note: Option<&'a Text>,
    estimate: Option<&'a Text>,
}

struct Interpreter<'a> {
    runbook: &'a Runbook,
    registry: &'a Registry,
    ceremony: &'a mut Ceremony,
    happenings: &'a mut dyn Happenings,
    at: Place,
    depth: usize,
    computer: Option<String>,
}

impl<'a> Interpreter<'a> {
    fn ceremony(&mut self) -> Result<(), Halt> {
        self.ceremony.scope.clear();
        self.inputs()?;
        let (name, _) = self.start()?;
        match self.section(name, serde_json::Map::new())?.0 {
            Flow::Ended => Ok(()),
            Flow::Continues => Err(Halt::Impossible(format!("the section `{name}` runs off its end without END"))),
        }
    }

    fn start(&self) -> Result<(&'a Text, &'a Section), Halt> {
        let first = match &self.runbook.start {
            Some(name) => self.runbook.sections.get_key_value(name.as_str()),
            None => self.runbook.sections.first(),
        };
        first.ok_or_else(|| Halt::Impossible("the runbook has no section to start with".into()))
    }

    /// What is asked or bound before the first step.
    fn inputs(&mut self) -> Result<(), Halt> {
        let mut inputs = serde_json::Map::new();
        for (name, input) in &self.runbook.inputs {
            self.at = name.at;
            let question = self.input_question(name, input)?;
            let bound = self.ceremony.bindings.inputs.get(name.as_str()).cloned();
            let value = match bound {
                Some(bound) => match question.settle(Reply::Value(bound.into())) {
                    Ok(Reply::Value(value)) => value,
                    Ok(Reply::Secret(_)) => return Err(Halt::Impossible(format!("the input `{name}` is a secret"))),
                    Err(why) => return Err(Halt::Impossible(format!("the bound input `{name}`: {why}"))),
                },
                None => {
                    let position = Position {
                        section: "inputs".into(),
                        title: "Before the ceremony".into(),
                        number: inputs.len() + 1,
                        of: self.runbook.inputs.len(),
                        id: Some(name.value.clone()),
                        computer: None,
                    };
                    self.happenings.at(&position);
                    self.happenings.answer(&position, &question)?
                }
            };
            inputs.insert(name.value.clone(), value);
        }
        self.ceremony.scope.insert("inputs".into(), inputs.into());
        Ok(())
    }

    fn input_question(&self, name: &Text, input: &Input) -> Result<Question, Halt> {
        let kind = match input.kind {
            InputType::Text => {
                QuestionKind::Text { pattern: input.pattern.as_ref().map(ToString::to_string), optional: false }
            }
            InputType::Date => QuestionKind::Date,
            InputType::Number => QuestionKind::Number,
            InputType::Choice => {
                QuestionKind::Choice(input.options.iter().map(|it| (it.value.clone(), it.value.clone())).collect())
            }
        };
        let prompt = input.prompt.as_ref().map_or_else(|| name.replace('_', " "), ToString::to_string);
        let answer = self.rehearsed(input.rehearse.as_ref())?;
        Ok(Question::new(prompt, kind).rehearse(answer))
    }

    /// Performs a section and returns what its steps named.
    fn section(
        &mut self,
        name: &'a Text,
        takes: serde_json::Map<String, Value>,
    ) -> Result<(Flow, serde_json::Map<String, Value>), Halt> {
        let Some((_, section)) = self.runbook.sections.get_key_value(name.as_str()) else {
            return Err(Halt::Impossible(format!("there is no section `{name}`")));
        };
        if self.depth >= DEPTH {
            return Err(Halt::Impossible(format!("GO TO is nested deeper than {DEPTH} sections")));
        }
        self.depth += 1;
        self.move_to(name, section, 0)?;
        let on = section.on.as_ref().map(ToString::to_string);
        self.happenings.note(
            Event::Entered(Entered {
                section: name.value.clone(),
                title: section.title.value.clone(),
                on: on.clone(),
                takes: takes.clone(),
            })
            .into(),
        )?;
        self.happenings.show(&Notice::Section {
            title: section.title.value.clone(),
            computer: self.computer_title(on.as_deref()),
            estimate: section.estimate.as_ref().map(ToString::to_string),
            note: section.note.as_ref().map(ToString::to_string),
        });

        let mut scope = takes;
        scope.insert("inputs".into(), self.ceremony.scope["inputs"].clone());
        scope.insert("participants".into(), self.participants());
        let outer = std::mem::replace(&mut self.ceremony.scope, scope);
        let outer_secrets = self.ceremony.swap_secrets(BTreeMap::new());
        self.devices_into_scope();
        let given: Vec<String> = self.ceremony.scope.keys().cloned().collect();
        self.check_offline(name, section)?;
        let mut number = 0;
        let flow = self.steps(name, section, &section.steps, &mut number)?;
        self.ceremony.swap_secrets(outer_secrets);
        let mut named = std::mem::replace(&mut self.ceremony.scope, outer);
        named.retain(|key, _| !given.contains(key));
        self.devices_into_scope();
        if flow == Flow::Continues {
            self.happenings.note(Event::Left(Left { section: name.value.clone() }).into())?;
        }
        self.depth -= 1;
        Ok((flow, named))
    }

    /// Asks that the people go to the computer that a section is carried out on, when they are at another one.
    fn move_to(&mut self, name: &Text, section: &Section, number: usize) -> Result<(), Halt> {
        let Some(on) = &section.on else { return Ok(()) };
        if self.computer.as_deref() == Some(on.as_str()) {
            return Ok(());
        }
        if self.computer.is_some() {
            let title = self.computer_title(Some(on)).unwrap_or_default();
            let position = self.position(name, section, number, Some("computer"));
            self.happenings.at(&position);
            let question = Question::new(
                format!("{} is carried out on {title}. Are you there, with the ceremony folder?", section.title),
                QuestionKind::Confirm,
            )
            .slot("computer")
            .if_no("the ceremony pauses here, and nothing is lost")
            .rehearse(Some(true.into()));
            if self.happenings.answer(&position, &question)? != Value::Bool(true) {
                return Err(Halt::Paused(title));
            }
        }
        self.computer = Some(on.value.clone());
        Ok(())
    }

    fn check_offline(&mut self, name: &'a Text, section: &Section) -> Result<(), Halt> {
        let computer = section.on.as_ref().and_then(|on| self.runbook.computers.get(on.as_str()));
        let Some(Computer { title, offline: true, .. }) = computer else { return Ok(()) };
        if self.ceremony.rehearsal || self.registry.get(OFFLINE).is_none() {
            return Ok(());
        }
        let text = Text::new(format!("Check that {title} is offline: no network interface may be up."), title.at);
        let uses = Text::new(OFFLINE, title.at);
        let position = self.position(name, section, 0, Some("offline"));
        let act = Act { uses: Some(&uses), ..Act::bare("CHECK", &text) };
        self.act(&act, &position).map(drop)
    }

    fn steps(
        &mut self,
        name: &'a Text,
        section: &'a Section,
        steps: &'a [Step],
        number: &mut usize,
    ) -> Result<Flow, Halt> {
        for step in steps {
            *number += 1;
            self.at = step.at;
            // A GO TO without a sentence, and END, are nothing to be at a computer for.
            if match &step.kind {
                StepKind::Do(_) | StepKind::If(_) => true,
                StepKind::GoTo(go_to) => go_to.text.is_some(),
                StepKind::End(_) => false,
            } {
                self.move_to(name, section, *number)?;
            }
            let flow = match &step.kind {
                StepKind::Do(act) => {
                    let position = self.position(name, section, *number, act.id.as_deref());
                    self.act(&Act::from(act.as_ref()), &position)?;
                    Flow::Continues
                }
                StepKind::GoTo(go_to) => {
                    let position = self.position(name, section, *number, go_to.id.as_deref());
                    self.go_to(go_to, &position)?
                }
                StepKind::If(condition) => {
                    let position = self.position(name, section, *number, None);
                    let (then, otherwise) = (&condition.then, &condition.otherwise);
                    if self.condition(condition, &position)? {
                        let flow = self.steps(name, section, then, number)?;
                        *number += count(otherwise);
                        flow
                    } else {
                        *number += count(then);
                        self.steps(name, section, otherwise, number)?
                    }
                }
                StepKind::End(end) => {
                    let position = self.position(name, section, *number, None);
                    self.happenings.at(&position);
                    let text = self.render(&end.text);
                    let event = Event::Ended(Ended { text: text.clone() });
                    self.happenings.note(Draft { event, step: Some(position.step()), by: None })?;
                    self.happenings.settle()?;
                    self.happenings.show(&step_notice("END", text, None, Level::Must, end.note.as_ref(), None));
                    Flow::Ended
                }
            };
            if flow == Flow::Ended {
                return Ok(Flow::Ended);
            }
        }
        Ok(Flow::Continues)
    }

    /// GO TO: what is done first, then the section, then back.
    fn go_to(&mut self, go_to: &'a GoTo, position: &Position) -> Result<Flow, Halt> {
        if let Some(text) = &go_to.text {
            let act = Act {
                by: go_to.by.as_ref(),
                sign_off: &go_to.sign_off,
                level: go_to.level,
                rehearse: go_to.rehearse.as_ref(),
                note: go_to.note.as_ref(),
                estimate: go_to.estimate.as_ref(),
                ..Act::bare("DO", text)
            };
            if self.act(&act, position)? == Acted::PassedOver {
                return Ok(Flow::Continues);
            }
        }
        let takes = loop {
            match self.try_fill(&go_to.with) {
                Ok(takes) => break takes,
                Err(failure) => {
                    let text = go_to.text.as_ref().unwrap_or(&go_to.section);
                    self.fail(position, Failed::of(failure))?;
                    if let Choice::Deviate = self.choose(&Act::bare("GO TO", text), position, None, false)? {
                        return Ok(Flow::Continues);
                    }
                }
            }
        };
        let (flow, named) = self.section(&go_to.section, takes)?;
        self.happenings.at(position);
        if let Some(id) = &go_to.id {
            self.ceremony.scope.insert(id.value.clone(), named.into());
        }
        Ok(flow)
    }

    /// IF: whether it holds, decided by an expression or by a person.
    fn condition(&mut self, condition: &If, position: &Position) -> Result<bool, Halt> {
        self.happenings.at(position);
        let text = self.render(&condition.text);
        let by = condition.by.as_ref();
        self.happenings.show(&step_notice(
            "IF",
            text.clone(),
            self.participant_title(by),
            Level::Must,
            condition.note.as_ref(),
            None,
        ));
        let draft =
            |event, by: Option<&Text>| Draft { event, step: Some(position.step()), by: by.map(ToString::to_string) };
        if let Some(when) = &condition.when {
            match Expression::parse(when).and_then(|expression| expression.holds(&self.ceremony.scope)) {
                Ok((holds, values)) => {
                    let shown = values.iter().map(|(name, value)| (name.clone(), show(value)));
                    let outcome = std::iter::once((when.value.clone(), if holds { "yes" } else { "no" }.to_string()))
                        .chain(shown)
                        .collect();
                    let when = Some(when.value.clone());
                    let event = Event::Decided(Decided { condition: text, when, values, holds });
                    self.happenings.note(draft(event, None))?;
                    self.happenings.settle()?;
                    self.happenings.show(&Notice::Outcome(outcome));
                    return Ok(holds);
                }
                Err(error) => {
                    let failure = Failure::new("expression", format!("`{when}` cannot be evaluated: {error}"))
                        .next("decide yourself");
                    self.fail(position, Failed::of(failure))?;
                }
            }
        }
        let answer = self.rehearsed(condition.rehearse.as_ref())?.unwrap_or(Value::Bool(true));
        let question = Question::new("Does this hold?", QuestionKind::Decision)
            .by(by.map(ToString::to_string))
            .rehearse(Some(answer));
        let holds = self.happenings.answer(position, &question)? == Value::Bool(true);
        let event = Event::Decided(Decided { condition: text, when: None, values: BTreeMap::new(), holds });
        self.happenings.note(draft(event, by))?;
        Ok(holds)
    }

    /// DO: until it is done, deviated from, or the ceremony is aborted.
    fn act(&mut self, act: &Act<'_>, position: &Position) -> Result<Acted, Halt> {
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
        self.happenings.show(&step_notice(
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
        loop {
            let outcome = match &problem {
                Some(failure) => Outcome { result: Err(failure.clone()), made: Made::default(), rehearsed: false },
                None => self.attempt(act, position, &text, &with)?,
            };
            let failed = match self.judge(act, outcome) {
                Ok((finished, shown)) => {
                    self.ceremony.serials.extend(finished.devices.clone());
                    if let (Some(id), Some(outputs)) = (act.id, finished.outputs.clone()) {
                        self.ceremony.scope.insert(id.value.clone(), outputs);
                    }
                    self.devices_into_scope();
                    self.happenings.note(draft(Event::Finished(finished)))?;
                    if !shown.is_empty() {
                        self.happenings.settle()?;
                        self.happenings.show(&Notice::Outcome(shown));
                    }
                    if self.signed_off(act, position, &mut attempt)? {
                        return Ok(Acted::Done);
                    }
                    continue;
                }
                Err(failed) => *failed,
            };
            self.fail(position, failed)?;
            let remedy = act.on_failure.and_then(|on_failure| on_failure.section.as_ref());
            match self.choose(act, position, remedy.filter(|_| attempt < 100), attempt == 1)? {
                Choice::Retry => {
                    attempt += 1;
                    self.happenings.note(draft(Event::Retried(Retried { attempt, remedy: None })))?;
                }
                Choice::Remedy(section) => {
                    let with = act.on_failure.map(|on_failure| self.fill(&on_failure.with)).transpose()?;
                    self.remedy(&section, with.unwrap_or_default())?;
                    self.happenings.at(position);
                    attempt += 1;
                    let remedy = Some(section.value.clone());
                    self.happenings.note(draft(Event::Retried(Retried { attempt, remedy })))?;
                }
                Choice::Deviate => return Ok(Acted::PassedOver),
            }
        }
    }

    /// Performs a remedy; an END in it ends nothing but the remedy's own path, so `check` refuses it there.
    fn remedy(&mut self, section: &Text, takes: serde_json::Map<String, Value>) -> Result<(), Halt> {
        let Some((name, _)) = self.runbook.sections.get_key_value(section.as_str()) else {
            return Err(Halt::Impossible(format!("there is no section `{section}`")));
        };
        match self.section(name, takes)?.0 {
            Flow::Continues => Ok(()),
            Flow::Ended => Err(Halt::Impossible(format!("the remedy `{section}` ended the ceremony"))),
        }
    }

    /// One try: by a handler, or by the person.
    fn attempt(
        &mut self,
        act: &Act<'_>,
        position: &Position,
        text: &str,
        with: &serde_json::Map<String, Value>,
    ) -> Result<Outcome, Halt> {
        let answer = self.rehearsed(act.rehearse)?;
        let Some(uses) = act.uses else {
            let question = Question::new("Done?", QuestionKind::Confirm)
                .by(act.by.map(ToString::to_string))
                .if_no("you choose what to do: try again, deviate with a reason, or abort")
                .rehearse(Some(answer.unwrap_or(Value::Bool(true))));
            let done = self.happenings.answer(position, &question)? == Value::Bool(true);
            let result = if done {
                Ok(Value::Null)
            } else {
                Err(Failure::new("not-confirmed", "the step was not confirmed as done"))
            };
            return Ok(Outcome { result, made: Made::default(), rehearsed: false });
        };
        let Some(handler) = self.registry.get(uses) else {
            return Err(Halt::Impossible(format!("there is no step handler `{uses}`")));
        };
        let outputs = act.rehearse.and_then(|rehearsal| rehearsal.outputs.as_ref()).map(Node::to_json);
        if handler.effect == Effect::Changes {
            if let Some(irreversible) = handler.irreversible {
                self.happenings.show(&Notice::Irreversible(irreversible.into()));
            }
            let question = Question::new("Carry this out now?", QuestionKind::Confirm)
                .slot("go")
                .by(act.by.map(ToString::to_string))
                .if_no("nothing is done, and you choose what to do")
                .rehearse(Some(true.into()));
            if self.happenings.answer(position, &question)? != Value::Bool(true) {
                let failure = Failure::new("not-started", "nothing was done: there was no go-ahead");
                return Ok(Outcome { result: Err(failure), made: Made::default(), rehearsed: false });
            }
        }
        let task = Task {
            ceremony: self.ceremony,
            position,
            id: act.id.map(Text::as_str),
            by: act.by.map(Text::as_str),
            text,
            answer,
            outputs,
        };
        self.happenings.carry_out(handler, Value::Object(with.clone()), task)
    }

    /// Whether an outcome is what was expected.
    fn judge(&mut self, act: &Act<'_>, outcome: Outcome) -> Result<(Finished, Vec<(String, String)>), Box<Failed>> {
        let Made { products, evidence, devices } = outcome.made;
        let outputs = match outcome.result {
            Ok(outputs) => Some(outputs).filter(|outputs| !outputs.is_null()),
            Err(failure) => return Err(Box::new(Failed { products, evidence, ..Failed::of(failure) })),
        };
        let mut scope = self.ceremony.scope.clone();
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
        let shown = outcome_lines(outputs.as_ref().filter(|_| !asked), &expected);
        Ok((Finished { outputs, expected, products, evidence, devices, rehearsed: outcome.rehearsed }, shown))
    }

    /// Whether a step that need not be done is skipped.
    fn skipped(&mut self, act: &Act<'_>, position: &Position) -> Result<bool, Halt> {
        let by = act.by.map(ToString::to_string);
        let level = act.level.word();
        let question = Question::new(format!("This step {level} be done. Do it?"), QuestionKind::Decision)
            .slot("skip")
            .by(by.clone())
            .if_no(if act.level == Level::Should { "you are asked for the reason" } else { "the step is skipped" })
            .rehearse(Some(true.into()));
        if self.happenings.answer(position, &question)? == Value::Bool(true) {
            return Ok(false);
        }
        let reason = if act.level == Level::Should { Some(self.reason(position, by.as_deref())?) } else { None };
        let event = Event::Skipped(Skipped { level: level.into(), reason });
        self.happenings.note(Draft { event, step: Some(position.step()), by })?;
        Ok(true)
    }

    fn reason(&mut self, position: &Position, by: Option<&str>) -> Result<String, Halt> {
        let question =
            Question::new("Why? The reason is recorded.", QuestionKind::Text { pattern: None, optional: false })
                .slot("reason")
                .by(by)
                .rehearse(Some("rehearsed".into()));
        let reason = self.happenings.answer(position, &question)?;
        Ok(reason.as_str().unwrap_or_default().to_string())
    }

    /// Every sign-off that the step asks for; false when the step is done again because one was refused.
    ///
    /// A step that changes something is not done twice for that: the sign-off alone is asked for again.
    fn signed_off(&mut self, act: &Act<'_>, position: &Position, attempt: &mut u32) -> Result<bool, Halt> {
        let handler = act.uses.and_then(|uses| self.registry.get(uses));
        let repeatable = handler.is_none_or(|handler| handler.effect != Effect::Changes);
        for role in act.sign_off {
            let title = self.participant_title(Some(role)).unwrap_or_default();
            loop {
                let question = Question::new(format!("{title}: do you sign this step off?"), QuestionKind::Confirm)
                    .slot(format!("sign-off/{role}"))
                    .by(Some(role.to_string()))
                    .if_no("you choose what to do: try again, deviate with a reason, or abort")
                    .rehearse(Some(true.into()));
                if self.happenings.answer(position, &question)? == Value::Bool(true) {
                    break;
                }
                let failure = Failure::new("sign-off-refused", format!("{title} did not sign the step off"))
                    .next("mend what is wrong, then let them sign it off");
                self.fail(position, Failed::of(failure))?;
                match self.choose(act, position, None, false)? {
                    Choice::Deviate => break,
                    Choice::Retry | Choice::Remedy(_) => {
                        *attempt += 1;
                        let event = Event::Retried(Retried { attempt: *attempt, remedy: None });
                        let by = act.by.map(ToString::to_string);
                        self.happenings.note(Draft { event, step: Some(position.step()), by })?;
                        if repeatable {
                            return Ok(false);
                        }
                    }
                }
            }
        }
        Ok(true)
    }

    fn fail(&mut self, position: &Position, failed: Failed) -> Result<(), Halt> {
        let failure = failed.failure.clone();
        let event = Event::Failed(failed);
        self.happenings.note(Draft { event, step: Some(position.step()), by: None })?;
        self.happenings.settle()?;
        self.happenings.show(&Notice::Failed(failure));
        Ok(())
    }

    /// What the people do after a failure; an abort stops the ceremony here.
    fn choose(
        &mut self,
        act: &Act<'_>,
        position: &Position,
        remedy: Option<&Text>,
        first: bool,
    ) -> Result<Choice, Halt> {
        let by = act.by.map(ToString::to_string);
        loop {
            let mut options = vec![("retry".to_string(), "try again".to_string())];
            if let Some(remedy) = remedy {
                let title = self.runbook.sections.get(remedy.as_str()).map_or("", |section| section.title.as_str());
                options.push(("remedy".into(), format!("go to the remedy, {title}, then try again")));
            }
            options.push(("deviate".into(), "deviate: go on without it, with a reason and approval".into()));
            options.push(("abort".into(), "abort the ceremony".into()));
            let rehearsed = if remedy.is_some() && first { "remedy" } else { "abort" };
            let question = Question::new("What now?", QuestionKind::Choice(options))
                .slot("what-now")
                .by(by.clone())
                .rehearse(Some(rehearsed.into()));
            let answer = self.happenings.answer(position, &question)?;
            match (answer.as_str().unwrap_or_default(), remedy) {
                ("retry", _) => return Ok(Choice::Retry),
                ("remedy", Some(remedy)) => return Ok(Choice::Remedy(remedy.clone())),
                ("abort", _) => {
                    let reason = self.reason(position, by.as_deref())?;
                    let event = Event::Aborted(Aborted { reason: reason.clone() });
                    self.happenings.note(Draft { event, step: Some(position.step()), by })?;
                    self.happenings.settle()?;
                    return Err(Halt::Aborted(reason));
                }
                _ => {
                    let reason = self.reason(position, by.as_deref())?;
                    if let Some(approved_by) = self.approved(act, position, &reason)? {
                        let event = Event::Deviated(Deviated { reason, approved_by });
                        self.happenings.note(Draft { event, step: Some(position.step()), by })?;
                        return Ok(Choice::Deviate);
                    }
                }
            }
        }
    }

    /// The approvals of a deviation, or nothing when one is refused.
    fn approved(&mut self, act: &Act<'_>, position: &Position, reason: &str) -> Result<Option<Vec<Approval>>, Halt> {
        let of_step = act.on_failure.map(|on_failure| on_failure.approved_by.as_slice()).unwrap_or_default();
        let of_runbook = self.runbook.deviations.as_ref().map(|it| it.approved_by.as_slice()).unwrap_or_default();
        let roles = if of_step.is_empty() { of_runbook } else { of_step };
        let mut approvals = Vec::new();
        for role in roles {
            let title = self.participant_title(Some(role)).unwrap_or_default();
            let question = Question::new(
                format!("{title}: do you approve going on without this step? Reason given: {reason}"),
                QuestionKind::Decision,
            )
            .slot(format!("approval/{role}"))
            .by(Some(role.to_string()))
            .rehearse(Some(true.into()));
            if self.happenings.answer(position, &question)? != Value::Bool(true) {
                return Ok(None);
            }
            approvals.push(Approval { role: role.value.clone() });
        }
        Ok(Some(approvals))
    }

    fn position(&self, name: &Text, section: &Section, number: usize, id: Option<&str>) -> Position {
        Position {
            section: name.value.clone(),
            title: section.title.value.clone(),
            computer: self.computer_title(section.on.as_deref()),
            number,
            of: count(&section.steps),
            id: id.map(str::to_string),
        }
    }

    fn computer_title(&self, name: Option<&str>) -> Option<String> {
        let name = name?;
        Some(self.runbook.computers.get(name).map_or_else(|| name.to_string(), |computer| computer.title.value.clone()))
    }

    fn participant_title(&self, role: Option<&Text>) -> Option<String> {
        let role = role?;
        let participant = self.runbook.participants.get(role.as_str());
        Some(participant.map_or_else(|| role.value.clone(), |participant| participant.title.value.clone()))
    }

    fn participants(&self) -> Value {
        let entries = self
            .runbook
            .participants
            .iter()
            .map(|(role, participant)| (role.value.clone(), json!({ "title": participant.title.value })));
        Value::Object(entries.collect())
    }

    /// `devices.NAME.kind` and, once it is bound, `devices.NAME.serial`.
    fn devices_into_scope(&mut self) {
        let devices = self.ceremony.kinds.keys().filter_map(|name| {
            let (kind, serial) = self.ceremony.device(name)?;
            let mut device = serde_json::Map::from_iter([("kind".to_string(), Value::from(kind))]);
            if let Some(serial) = serial {
                device.insert("serial".into(), serial.into());
            }
            Some((name.clone(), device.into()))
        });
        let devices: serde_json::Map<String, Value> = devices.collect();
        self.ceremony.scope.insert("devices".into(), devices.into());
    }

    /// What a rehearsal answers; its templates know the virtual devices' serial numbers from the start.
    fn rehearsed(&self, rehearsal: Option<&Rehearsal>) -> Result<Option<Value>, Halt> {
        if !self.ceremony.rehearsal {
            return Ok(None);
        }
        let Some(answer) = rehearsal.and_then(|rehearsal| rehearsal.answer.as_ref()) else { return Ok(None) };
        let mut scope = self.ceremony.scope.clone();
        let devices = self.ceremony.kinds.iter().map(|(name, kind)| {
            let serial = self.ceremony.virtual_serials.get(name);
            (name.clone(), json!({ "kind": kind, "serial": serial }))
        });
        scope.insert("devices".into(), Value::Object(devices.collect()));
        let filled = Template::fill(&answer.to_json(), &scope);
        filled.map(Some).map_err(|error| Halt::Impossible(format!("the rehearsal's answer cannot be made: {error}")))
    }

    /// The sentence of an IF or an END; as it is written when a value in it is missing, which is no reason to stop.
    fn render(&self, text: &Text) -> String {
        self.try_render(text).unwrap_or_else(|_| text.value.clone())
    }

    fn try_render(&self, text: &Text) -> Result<String, Failure> {
        Template::parse(text)
            .and_then(|template| template.render(&self.ceremony.scope))
            .map_err(|error| Failure::new("expression", format!("the sentence cannot be shown: {error}")))
    }

    fn fill(&self, with: &Map<Node>) -> Result<serde_json::Map<String, Value>, Halt> {
        self.try_fill(with).map_err(|failure| Halt::Impossible(failure.message))
    }

    fn try_fill(&self, with: &Map<Node>) -> Result<serde_json::Map<String, Value>, Failure> {
        with.iter()
            .map(|(name, node)| {
                let value = Template::fill(&node.to_json(), &self.ceremony.scope).map_err(|error| {
                    Failure::new("expression", format!("the argument `{name}` cannot be made: {error}"))
                })?;
                Ok((name.value.clone(), value))
            })
            .collect()
    }
}

impl<'a> Act<'a> {
    /// A sentence that a person carries out.
    fn bare(word: &'static str, text: &'a Text) -> Self {
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

/// How many steps there are, nested ones too.
#[must_use]
pub fn count(steps: &[Step]) -> usize {
    steps
        .iter()
        .map(|step| match &step.kind {
            StepKind::If(condition) => 1 + count(&condition.then) + count(&condition.otherwise),
            _ => 1,
        })
        .sum()
}

fn step_notice(
    word: &'static str,
    text: String,
    by: Option<String>,
    level: Level,
    note: Option<&Text>,
    estimate: Option<&Text>,
) -> Notice {
    Notice::Step {
        word,
        text,
        by,
        level: level.word(),
        note: note.map(ToString::to_string),
        estimate: estimate.map(ToString::to_string),
    }
}

/// The outputs and expectations as a person reads them.
fn outcome_lines(outputs: Option<&Value>, expected: &[Expected]) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    if let Some(Value::Object(fields)) = outputs {
        lines.extend(
            fields.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), show(value))),
        );
    }
    lines.extend(expected.iter().map(|it| ("expected".to_string(), format!("{} — holds", it.that))));
    lines
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Array(items) if items.is_empty() => "none".into(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(show).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

impl Bindings {
    /// The participants of a runbook with the names that the bindings give them.
    #[must_use]
    pub fn participants(&self, runbook: &Runbook) -> BTreeMap<String, crate::record::ParticipantRecord> {
        let record = |role: &Text, title: &Text| crate::record::ParticipantRecord {
            title: title.value.clone(),
            name: self.participants.get(role.as_str()).cloned(),
        };
        runbook.participants.iter().map(|(role, it)| (role.value.clone(), record(role, &it.title))).collect()
    }
}
