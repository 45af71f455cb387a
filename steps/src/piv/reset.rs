//! `piv.reset`.

use super::{
    argument::YubiKeyName,
    before::{self, Seen},
    card::{Card, Moment},
    factory::used,
    history::serial_of,
    reference::Reference,
    trouble::{Trouble, status},
};
use crate::ports::Ports;
use officiant_engine::conduct::{Effect, Exhibit, Failure, Objection, Probed, Stage, StepHandler};
use rand_core::{OsRng, RngCore};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Resets the PIV application to the state it left the factory in. The device does that only when PIN and PUK are blocked, so
/// they are blocked first (<https://docs.yubico.com/yesdk/users-manual/application-piv/apdu/reset-piv.html>).
pub(super) struct Reset(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiKeyName,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// The firmware version.
    firmware: String,
}

const DONE: &str = "the device was reset";

/// Most tries that a device can be set to have.
const MOST_TRIES: usize = 256;

impl StepHandler for Reset {
    const NAME: &'static str = "piv.reset";
    const SUMMARY: &'static str = "Deletes all PIV keys and certificates of a YubiKey, and brings the factory's PIN, PUK and management key back.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    const IRREVERSIBLE: Option<&'static str> =
        Some("All PIV keys and certificates in the device are deleted, also keys that exist nowhere else.");
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let mut card = Card::find(&*self.0, stage, &arguments.device)?;
        Seen::Device { factory_new: used(&mut card)?.is_empty() }.record(stage, &card)?;
        for reference in [Reference::Pin, Reference::Puk] {
            block(&mut card, reference)?;
        }
        card.run("reset", Moment::Changing(DONE), yubikey::YubiKey::reset_device)?;
        // A connection of its own: what the one before had verified is of the past.
        drop(card);
        let mut card = Card::find(&*self.0, stage, &arguments.device).map_err(Failure::in_doubt)?;
        card.changed(DONE);
        let used = used(&mut card)?;
        if !used.is_empty() {
            let message = format!("{} is not as it left the factory: {}", card.name(), used.join(", "));
            return Err(Failure::new("not-reset", message).next("reset it with the vendor's `ykman piv reset`"));
        }
        Ok(outputs(&card))
    }

    fn audit(&self, _: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        if let Err(objection) = serial_of(outputs, exhibit) {
            return vec![objection];
        }
        before::objections(outputs, exhibit, |seen| matches!(seen, Seen::Device { .. })).into_iter().collect()
    }

    /// A device that is as it left the factory, and was not before, was reset. One that was so before is reset again, which takes
    /// nothing from it.
    fn probe(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        let mut card = Card::find(&*self.0, stage, &arguments.device)?;
        if Seen::recorded(stage, &card)? != Some(Seen::Device { factory_new: false }) {
            return Ok(Probed::NotDone);
        }
        Ok(if used(&mut card)?.is_empty() { Probed::Done(outputs(&card)) } else { Probed::NotDone })
    }
}

fn outputs(card: &Card) -> Outputs {
    Outputs { serial: card.serial(), firmware: card.firmware().to_string() }
}

/// Uses its tries up.
fn block(card: &mut Card, reference: Reference) -> Result<(), Failure> {
    for _ in 0..MOST_TRIES {
        // One that happens to be right is changed into the next, or costs no try; the next will be wrong.
        let guess = guess()?;
        let answer = match reference {
            Reference::Pin => card.send(0x20, 0, reference.number(), &guess[..8]),
            Reference::Puk => card.send(0x2c, 0, Reference::Pin.number(), &guess),
        };
        match answer {
            Ok(answer) if answer.status == status::AUTHENTICATION_METHOD_BLOCKED => return Ok(()),
            Ok(answer) if answer.status == status::OK || status::tries(answer.status).is_some() => {}
            Ok(answer) => return Err(card.failure("reset", Moment::Changing(DONE), &Trouble::Refused(answer.status))),
            Err(trouble) => return Err(card.failure("reset", Moment::Changing(DONE), &trouble)),
        }
    }
    let message =
        format!("the {} of {} cannot be blocked, and without that it is not reset", reference.name(), card.name());
    Err(Failure::new("not-reset", message).next("reset it with the vendor's `ykman piv reset`"))
}

/// Sixteen random digits.
fn guess() -> Result<[u8; 16], Failure> {
    let mut bytes = [0; 16];
    random(&mut bytes)?;
    Ok(bytes.map(|byte| b'0' + byte % 10))
}

/// The system's randomness.
pub(super) fn random(bytes: &mut [u8]) -> Result<(), Failure> {
    OsRng.try_fill_bytes(bytes).map_err(|error| {
        Failure::new("randomness", format!("the system's randomness cannot be read: {error}"))
            .next("see that this computer works before anything else")
    })
}
