//! `ask.choice`: one of several.

use super::ask_text::text;
use officiant_engine::conduct::{Effect, Failure, Question, QuestionKind, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct AskChoice;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// What is asked.
    prompt: String,
    /// What there is to choose from: a list of texts, shown in its order, or a mapping of each value to what a person
    /// reads, shown in the order of the values.
    options: Options,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "`options` is a list of texts or a mapping of values to texts")]
enum Options {
    Values(Vec<String>),
    Labelled(BTreeMap<String, String>),
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The value that was chosen.
    value: String,
}

impl StepHandler for AskChoice {
    const NAME: &'static str = "ask.choice";
    const SUMMARY: &'static str = "Asks for one of several answers.";
    const EFFECT: Effect = Effect::None;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let options: Vec<_> = match arguments.options {
            Options::Values(values) => values.into_iter().map(|value| (value.clone(), value)).collect(),
            Options::Labelled(labelled) => labelled.into_iter().collect(),
        };
        let wrong = |message| Failure::new("wrong-argument", message).next("correct `options` in the runbook");
        if options.is_empty() {
            return Err(wrong("there is nothing to choose from".to_string()));
        }
        let mut seen = BTreeSet::new();
        for (value, _) in &options {
            // An answer is compared without the spaces around it, so such a value could never be chosen.
            if value.trim() != value || value.is_empty() {
                return Err(wrong(format!("the option `{value}` is empty or has spaces around it")));
            }
            if !seen.insert(value) {
                return Err(wrong(format!("the option `{value}` is there twice")));
            }
        }
        let answer = stage.ask(Question::new(arguments.prompt, QuestionKind::Choice(options)))?;
        Ok(Outputs { value: text(answer)? })
    }
}
