//! `ask.number`: a whole number.

use officiant_engine::conduct::{Effect, Failure, Question, QuestionKind, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) struct AskNumber;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// What is asked.
    prompt: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The number.
    value: i64,
}

impl StepHandler for AskNumber {
    const NAME: &'static str = "ask.number";
    const SUMMARY: &'static str = "Asks for a whole number.";
    const EFFECT: Effect = Effect::None;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let answer = stage.ask(Question::new(arguments.prompt, QuestionKind::Number))?;
        let value = answer.as_i64().ok_or_else(|| {
            Failure::new("wrong-answer", format!("the answer {answer} is no whole number")).next("answer again")
        })?;
        Ok(Outputs { value })
    }
}
