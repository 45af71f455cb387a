//! `people.confirm`: a person says that something is so.

use officiant_engine::conduct::{Effect, Failure, Question, QuestionKind, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) struct Confirm;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// What is asked; the step's sentence when it is left out.
    question: Option<String>,
    /// What a person is told will happen after a "no".
    if_no: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// Always true: after a "no" the step fails, and the person chooses what to do.
    confirmed: bool,
}

impl StepHandler for Confirm {
    const NAME: &'static str = "people.confirm";
    const SUMMARY: &'static str = "Asks a person to confirm; after a \"no\" they choose what to do.";
    const EFFECT: Effect = Effect::None;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let question = arguments.question.unwrap_or_else(|| stage.text().to_string());
        confirmed(stage, &question, arguments.if_no)?;
        Ok(Outputs { confirmed: true })
    }
}

/// Asks for a yes; a "no" is a failure, which leaves the choice to the person.
pub(super) fn confirmed(stage: &mut Stage<'_>, question: &str, if_no: Option<String>) -> Result<(), Failure> {
    let if_no =
        if_no.unwrap_or_else(|| "you choose what to do: try again, deviate with a reason, or abort".to_string());
    if stage.ask(Question::new(question, QuestionKind::Confirm).if_no(if_no))? == Value::Bool(true) {
        return Ok(());
    }
    Err(Failure::new("not-confirmed", format!("the answer to “{question}” was no"))
        .next("put right what is missing and try again, or deviate with a reason"))
}
