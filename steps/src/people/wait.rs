//! `people.wait`: nothing happens for a while.

use super::Span;
use officiant_engine::conduct::{Effect, Failure, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Instant;

pub(super) struct Wait;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// How long.
    duration: Span,
    /// What is waited for, shown while it is; the step's sentence when it is left out.
    what: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// How long it took, in whole seconds; in a rehearsal, how long it would have taken.
    waited_seconds: u64,
}

impl StepHandler for Wait {
    const NAME: &'static str = "people.wait";
    const SUMMARY: &'static str = "Waits, and shows that it does; a rehearsal need not take the time.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let duration = arguments.duration.duration();
        let what = arguments.what.unwrap_or_else(|| stage.text().to_string());
        let started = Instant::now();
        stage.wait(duration, &what);
        let waited = if stage.rehearsal() { duration } else { started.elapsed() };
        Ok(Outputs { waited_seconds: waited.as_secs() })
    }
}
