//! `files.write`: some text becomes a product.

use super::{
    Place,
    audit::{as_measured, at_its_place},
};
use officiant_engine::{
    conduct::{Effect, Exhibit, Failure, Objection, Probed, Stage, StepHandler},
    record::{FileRecord, digest_hex},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

pub(super) struct Write;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The new file, below the ceremony folder's `products/`; nothing is replaced.
    path: String,
    /// What it holds, byte for byte: a last newline is there when it is written.
    text: String,
}

impl StepHandler for Write {
    const NAME: &'static str = "files.write";
    const SUMMARY: &'static str = "Writes text into a new file below `products/`.";
    const EFFECT: Effect = Effect::Changes;
    type Arguments = Arguments;
    type Outputs = FileRecord;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<FileRecord, Failure> {
        stage.product(&Place::product(&arguments.path)?, arguments.text.as_bytes())
    }

    /// A file that is in no entry was set aside, so it is written again.
    fn probe(&self, _: Arguments, _: &mut Stage<'_>) -> Result<Probed<FileRecord>, Failure> {
        Ok(Probed::NotDone)
    }

    /// The file holds the text.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let mut objections = as_measured(&arguments.path, outputs, exhibit);
        objections.extend(at_its_place(&arguments.path, outputs));
        if outputs["sha256"].as_str() != Some(&digest_hex(arguments.text.as_bytes())) {
            objections.push(Objection::wrong("digest", "the file that was written is not the text"));
        }
        objections
    }
}
