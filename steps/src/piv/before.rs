//! What a step sees of a device right before it changes it.

pub(super) use crate::before::objections;

use super::{argument::Slot, card::Card};
use crate::before;
use officiant_engine::conduct::{Failure, Stage};
use serde::{Deserialize, Serialize};

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Seen {
    /// Whether the PIN was the factory's.
    Pin { default: Option<bool> },
    /// Whether the PUK was the factory's.
    Puk { default: Option<bool> },
    /// Whether the management key was the factory's, and whether the device kept it under its PIN.
    ManagementKey { default: Option<bool>, protected: bool },
    /// The SHA-256 of the public key in a slot, SubjectPublicKeyInfo, DER; nothing when there was none.
    Key { slot: Slot, fingerprint: Option<String> },
    /// The SHA-256 of the certificate in a slot, DER; nothing when there was none.
    Certificate { slot: Slot, sha256: Option<String> },
    /// Whether the device was as it left the factory.
    Device { factory_new: bool },
}

impl Seen {
    /// Puts it on the disk.
    pub(super) fn record(self, stage: &mut Stage<'_>, card: &Card) -> Result<(), Failure> {
        before::record(self, card.serial(), stage)
    }

    /// What the step had seen of this device as the ceremony broke off; nothing when it had not come to that, and then has
    /// changed nothing.
    ///
    /// # Errors
    /// `wrong-device` when it was another device.
    pub(super) fn recorded(stage: &Stage<'_>, card: &Card) -> Result<Option<Self>, Failure> {
        before::recorded(stage, card.serial())
    }
}
