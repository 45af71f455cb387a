//! What is asked or bound before the first step.

use super::Interpreter;
use crate::{
    conduct::{Halt, Notice, Position, Question, QuestionKind, Reply},
    notation::{Input, Text},
};

/// What stands above what is asked before the first step.
pub(super) const BEFORE: &str = "Before the ceremony";

impl Interpreter<'_> {
    /// What is asked or bound before the first step.
    pub(super) fn inputs(&mut self) -> Result<(), Halt> {
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
                        title: BEFORE.into(),
                        number: inputs.len() + 1,
                        of: self.runbook.inputs.len(),
                        id: Some(name.value.clone()),
                        computer: None,
                    };
                    self.happenings.at(&position);
                    if let Some(note) = &input.note {
                        self.happenings.show(&Notice::Note(note.to_string()));
                    }
                    self.ask(&position, &question)?
                }
            };
            inputs.insert(name.value.clone(), value);
        }
        self.ceremony.scope.insert("inputs".into(), inputs.into());
        Ok(())
    }

    pub(super) fn input_question(&self, name: &Text, input: &Input) -> Result<Question, Halt> {
        let kind = QuestionKind::from(input);
        let prompt = input.prompt.as_ref().map_or_else(|| name.replace('_', " "), ToString::to_string);
        let answer = self.rehearsed(input.rehearse.as_ref())?;
        Ok(Question::new(prompt, kind).rehearse(answer))
    }
}
