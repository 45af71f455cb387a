//! `ask.text`: a line of text that only a person can know.

use officiant_engine::conduct::{Effect, Failure, Question, QuestionKind, Stage, StepHandler};
use officiant_engine::notation::Pattern;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) struct AskText;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// What is asked.
    prompt: String,
    /// A regular expression that the whole answer must match; another answer is asked for again.
    pattern: Option<String>,
    /// Whether an empty line is an answer; it is not otherwise.
    #[serde(default)]
    optional: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The answer, without spaces around it.
    value: String,
}

impl StepHandler for AskText {
    const NAME: &'static str = "ask.text";
    const SUMMARY: &'static str = "Asks for a line of text.";
    const EFFECT: Effect = Effect::None;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        // With a pattern that nothing matches the question would be asked for ever.
        if let Some(pattern) = &arguments.pattern {
            Pattern::new(pattern).map_err(|error| {
                Failure::new("wrong-argument", format!("`{pattern}` is no regular expression: {error}"))
                    .next("correct `pattern` in the runbook")
            })?;
        }
        let kind = QuestionKind::Text { pattern: arguments.pattern, optional: arguments.optional };
        Ok(Outputs { value: text(stage.ask(Question::new(arguments.prompt, kind))?)? })
    }
}

/// The text of a settled answer.
pub(super) fn text(answer: Value) -> Result<String, Failure> {
    match answer {
        Value::String(text) => Ok(text),
        other => Err(Failure::new("wrong-answer", format!("the answer {other} is no text")).next("answer again")),
    }
}
