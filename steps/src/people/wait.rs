//! `people.wait`: nothing happens for a while.

use super::Span;
use officiant_engine::conduct::{Effect, Exhibit, Failure, Objection, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
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

    /// It was waited for as long as it was to be. That the entries are as far apart is not proved where they are not: the machine's
    /// clock may have been set in the meantime.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let wanted = arguments.duration.duration().as_secs();
        let waited = outputs["waited_seconds"].as_u64().unwrap_or_default();
        if waited < wanted || exhibit.rehearsal() && waited != wanted {
            let message = format!("it was to be waited for {wanted} seconds, and the record says {waited}");
            return vec![Objection::wrong("wait", message)];
        }
        let step = exhibit.this();
        let passed = step.at.duration_since(step.began).as_secs();
        if exhibit.rehearsal() || i64::try_from(waited).is_ok_and(|waited| waited <= passed + 2) {
            return Vec::new();
        }
        let message = format!("it was waited for {waited} seconds, and the record's times are {passed} seconds apart");
        vec![Objection::unproven("wait", message)]
    }
}
