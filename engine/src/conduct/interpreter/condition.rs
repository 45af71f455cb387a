//! IF.

use super::{Interpreter, shown};
use crate::{
    conduct::{Failure, Halt, Notice, Position, Question, QuestionKind},
    notation::{Expression, If, Level, Text},
    record::{Decided, Draft, Event, Failed},
};
use serde_json::Value;
use std::collections::BTreeMap;

impl Interpreter<'_> {
    /// IF: whether it holds, decided by an expression or by a person.
    pub(super) fn condition(&mut self, condition: &If, position: &Position) -> Result<bool, Halt> {
        self.happenings.at(position);
        let text = self.render(&condition.text);
        let by = condition.by.as_ref();
        self.happenings.show(&shown::step(
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
                    let read = values.iter().map(|(name, value)| (name.clone(), shown::value(value)));
                    let outcome = std::iter::once((when.value.clone(), if holds { "yes" } else { "no" }.to_string()))
                        .chain(read)
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
        let holds = self.ask(position, &question)? == Value::Bool(true);
        let event = Event::Decided(Decided { condition: text, when: None, values: BTreeMap::new(), holds });
        self.happenings.note(draft(event, by))?;
        Ok(holds)
    }
}
