//! `files.digest`: the digest of a file.

use super::{Place, audit::as_measured, measure::measure};
use officiant_engine::conduct::{Effect, Exhibit, Failure, Objection, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) struct Digest;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The file; a relative path is below the ceremony folder's `products/`.
    path: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// SHA-256, hex.
    sha256: String,
    /// Its size in bytes.
    size: u64,
}

impl StepHandler for Digest {
    const NAME: &'static str = "files.digest";
    const SUMMARY: &'static str = "Computes the SHA-256 of a file.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let place = Place::of(&arguments.path)?;
        let file = measure(&place, stage).map_err(|error| error.failure(&arguments.path))?;
        Ok(Outputs { sha256: file.sha256, size: file.size })
    }

    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        as_measured(&arguments.path, outputs, exhibit)
    }
}
