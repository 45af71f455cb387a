//! What a step sees right before it changes a device: it is on the disk before the change, so that after a break it can be told
//! whose work is found there.

use officiant_engine::conduct::{Exhibit, Failure, Objection, Stage};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// A device right before a change, as the record has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Before<S> {
    /// The device's serial number.
    serial: u32,
    /// What was seen.
    before: S,
}

/// Puts what was seen of a device on the disk.
pub(crate) fn record(seen: impl Serialize, serial: u32, stage: &mut Stage<'_>) -> Result<(), Failure> {
    let before = Before { serial, before: seen };
    let seen = serde_json::to_value(before).map_err(|error| Failure::new("encoding", error.to_string()))?;
    stage.observe(seen)
}

/// What the step had seen of this device as the ceremony broke off; nothing when it had not come to that, and then has
/// changed nothing.
///
/// # Errors
/// `wrong-device` when it was another device.
pub(crate) fn recorded<S: DeserializeOwned>(stage: &Stage<'_>, serial: u32) -> Result<Option<S>, Failure> {
    let seen = stage.observed().iter().rev();
    let Some(before) = seen.cloned().find_map(|seen| serde_json::from_value::<Before<S>>(seen).ok()) else {
        return Ok(None);
    };
    if before.serial == serial {
        return Ok(Some(before.before));
    }
    Err(Failure::new(
        "wrong-device",
        format!(
            "as the ceremony broke off, the step was at work on the device with the serial number {}; the one that is \
             inserted has {}",
            before.serial, serial
        ),
    )
    .next(format!("take it out and insert the one with the serial number {}", before.serial)))
}

/// Objects to a step that changed a device and did not see it right before as it must have been.
pub(crate) fn objections<S: DeserializeOwned>(
    outputs: &Value,
    exhibit: &Exhibit<'_>,
    fits: impl Fn(&S) -> bool,
) -> Option<Objection> {
    let seen = &exhibit.this().seen;
    let is_right = |seen: &Value| {
        let before = serde_json::from_value::<Before<S>>(seen.clone());
        before.is_ok_and(|before| outputs["serial"] == before.serial && fits(&before.before))
    };
    let message = "the record does not say that the device was right before the change as the step must have found it";
    (seen.is_empty() || !seen.iter().all(is_right)).then(|| Objection::wrong("before", message))
}
