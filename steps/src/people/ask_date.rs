//! `ask.date`: a day.

use super::ask_text::text;
use officiant_engine::conduct::{Effect, Failure, Question, QuestionKind, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) struct AskDate;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// What is asked.
    prompt: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The day, `YYYY-MM-DD`.
    value: String,
}

impl StepHandler for AskDate {
    const NAME: &'static str = "ask.date";
    const SUMMARY: &'static str = "Asks for a day.";
    const EFFECT: Effect = Effect::None;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let answer = stage.ask(Question::new(arguments.prompt, QuestionKind::Date))?;
        Ok(Outputs { value: text(answer)? })
    }
}
