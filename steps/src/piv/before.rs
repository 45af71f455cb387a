//! What a step sees right before it changes a device: it is on the disk before the change, so that after a break it can be told
//! whose work is found there.

use super::{argument::Slot, card::Card};
use officiant_engine::conduct::{Exhibit, Failure, Objection, Stage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A device right before a change, as the record has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Before {
    /// The device's serial number.
    serial: u32,
    /// What was seen.
    before: Seen,
}

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
        let before = Before { serial: card.serial(), before: self };
        let seen = serde_json::to_value(before).map_err(|error| Failure::new("encoding", error.to_string()))?;
        stage.observe(seen)
    }

    /// What the step had seen of this device as the ceremony broke off; nothing when it had not come to that, and then has
    /// changed nothing.
    ///
    /// # Errors
    /// `wrong-device` when it was another device.
    pub(super) fn recorded(stage: &Stage<'_>, card: &Card) -> Result<Option<Self>, Failure> {
        let seen = stage.observed().iter().rev();
        let Some(before) = seen.cloned().find_map(|seen| serde_json::from_value::<Before>(seen).ok()) else {
            return Ok(None);
        };
        if before.serial == card.serial() {
            return Ok(Some(before.before));
        }
        Err(Failure::new(
            "wrong-device",
            format!(
                "as the ceremony broke off, the step was at work on the device with the serial number {}; the one that is \
                 inserted has {}",
                before.serial,
                card.serial()
            ),
        )
        .next(format!("take it out and insert the one with the serial number {}", before.serial)))
    }
}

/// Objects to a step that changed a device and did not see it right before as it must have been.
pub(super) fn objections(outputs: &Value, exhibit: &Exhibit<'_>, fits: impl Fn(&Seen) -> bool) -> Option<Objection> {
    let seen = &exhibit.this().seen;
    let is_right = |seen: &Value| {
        let before = serde_json::from_value::<Before>(seen.clone());
        before.is_ok_and(|before| outputs["serial"] == before.serial && fits(&before.before))
    };
    let message = "the record does not say that the device was right before the change as the step must have found it";
    (seen.is_empty() || !seen.iter().all(is_right)).then(|| Objection::wrong("before", message))
}
