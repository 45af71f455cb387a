//! `people.checkpoint`: the head of the record is read aloud or filmed, so that it cannot be rewritten later.

use super::{confirm::confirmed, spoken};
use officiant_engine::conduct::{Effect, Failure, Notice, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) struct Checkpoint;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// SHA-256 (hex) of the record's last entry before the checkpoint.
    head: String,
    /// The same as PGP words.
    words: String,
}

impl StepHandler for Checkpoint {
    const NAME: &'static str = "people.checkpoint";
    const SUMMARY: &'static str = "Shows the head of the record as words and QR code, to be read aloud or filmed.";
    const EFFECT: Effect = Effect::None;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, _: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let (head, words) = stage.checkpoint()?;
        show(&head, stage);
        confirmed(stage, "Were these words read aloud, or filmed?", None)?;
        Ok(Outputs { head: hex::encode(head), words })
    }
}

/// Shows a head of the record, large enough for a camera.
pub(super) fn show(head: &[u8; 32], stage: &mut Stage<'_>) {
    stage.show(Notice::Banner(banner(head)));
}

/// A head of the record, SHA-256, as a QR code of its hex, in hex, and as PGP words, which are closest to what is asked then.
#[must_use]
pub fn banner(head: &[u8; 32]) -> String {
    let hex = hex::encode(head);
    // The words alone are enough; 64 characters always fit a code.
    let code = spoken::qr(&hex).unwrap_or_default();
    format!("{code}\n{hex}\n\n{}", words(head))
}

/// A head of the record, SHA-256, as PGP words with their numbers, four in a row.
#[must_use]
pub fn words(head: &[u8; 32]) -> String {
    spoken::numbered(&spoken::of(head)).trim_end().to_string()
}
