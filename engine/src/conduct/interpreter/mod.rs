//! The interpreter: what a runbook says, step by step, from one source of what happens.

mod act;
mod computers;
mod condition;
mod failures;
mod inputs;
mod scope;
mod shown;

use super::{Ceremony, Halt, Happenings, Notice, Position, Question, Registry, Session};
use crate::{
    notation::{GoTo, Level, Place, Runbook, Section, Step, StepKind, Text},
    record::{Draft, Ended, Entered, Event, Failed, Left},
};
use act::{Act, Acted};
use failures::Choice;
use serde_json::Value;

/// Deepest GO TO; a runbook that a person can follow needs a handful.
const DEPTH: usize = 100;

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
        Interpreter { runbook, registry, ceremony, happenings, at: Place::default(), depth: 0, of: 0 };
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

/// A ceremony while it is conducted.
struct Interpreter<'a> {
    runbook: &'a Runbook,
    registry: &'a Registry,
    ceremony: &'a mut Ceremony,
    happenings: &'a mut dyn Happenings,
    at: Place,
    depth: usize,
    /// How many steps the section has that is performed.
    of: usize,
}

impl<'a> Interpreter<'a> {
    fn ceremony(&mut self) -> Result<(), Halt> {
        self.ceremony.scope.clear();
        self.check_clock()?;
        self.inputs()?;
        let (name, _) = self.start()?;
        match self.section(name, serde_json::Map::new())?.0 {
            Flow::Ended => Ok(()),
            Flow::Continues => Err(Halt::Impossible(format!("the section `{name}` runs off its end without END"))),
        }
    }

    /// Goes on in another session, when the ceremony broke off here.
    fn begin_session(&mut self) -> Result<(), Halt> {
        let session = self.happenings.session();
        self.go_on_in(session)
    }

    /// What a person answered; a session that began before the answer is taken in before anything is made of it.
    fn ask(&mut self, position: &Position, question: &Question) -> Result<Value, Halt> {
        let answer = self.happenings.answer(position, question)?;
        let begun = self.happenings.begun_session();
        self.go_on_in(begun)?;
        Ok(answer)
    }

    fn go_on_in(&mut self, session: Option<Session>) -> Result<(), Halt> {
        let Some(session) = session else { return Ok(()) };
        self.ceremony.begin_session(session).map_err(|failure| self.happenings.contradiction(failure))?;
        self.devices_into_scope();
        Ok(())
    }

    fn start(&self) -> Result<(&'a Text, &'a Section), Halt> {
        let first = match &self.runbook.start {
            Some(name) => self.runbook.sections.get_key_value(name.as_str()),
            None => self.runbook.sections.first(),
        };
        first.ok_or_else(|| Halt::Impossible("the runbook has no section to start with".into()))
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
        let outer_of = std::mem::replace(&mut self.of, count(&section.steps));
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
        self.ceremony.enter();
        self.devices_into_scope();
        let given: Vec<String> = self.ceremony.scope.keys().cloned().collect();
        self.check_offline(name, section)?;
        let mut number = 0;
        let flow = self.steps(name, section, &section.steps, &mut number)?;
        self.ceremony.leave();
        let mut named = std::mem::replace(&mut self.ceremony.scope, outer);
        named.retain(|key, _| !given.contains(key));
        self.devices_into_scope();
        if flow == Flow::Continues {
            self.happenings.note(Event::Left(Left { section: name.value.clone() }).into())?;
        }
        self.depth -= 1;
        self.of = outer_of;
        Ok((flow, named))
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
            let at_computer = match &step.kind {
                StepKind::Do(_) | StepKind::If(_) => true,
                StepKind::GoTo(go_to) => go_to.text.is_some(),
                StepKind::End(_) => false,
            };
            if at_computer && self.move_to(name, section, *number)? {
                self.check_offline(name, section)?;
            }
            // Only at the computer that the step is carried out on can it be seen whether a session may go on there.
            if at_computer {
                self.begin_session()?;
            }
            let flow = match &step.kind {
                StepKind::Do(act) => {
                    let position = self.position(name, section, *number, act.id.as_deref());
                    match self.act(&Act::from(act.as_ref()), &position)? {
                        Acted::Ended => Flow::Ended,
                        Acted::Done | Acted::PassedOver => Flow::Continues,
                    }
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
                    self.happenings.show(&shown::step("END", text, None, Level::Must, end.note.as_ref(), None));
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
