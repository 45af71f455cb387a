//! What a record says of a key in a slot before a step.

pub(super) use crate::recorded::{file_of, serial_of};

use super::{argument::Slot, certificate::Held, public_key::PublicKey};
use officiant_engine::conduct::{Exhibit, Objection, Performed};
use serde_json::Value;

/// A key on a device, by the device's serial number and the key's slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyInSlot {
    serial: u32,
    slot: Slot,
}

const GENERATE: &str = "piv.generate-key";

impl KeyInSlot {
    /// The key that a step's outputs are about.
    ///
    /// # Errors
    /// The outputs do not say which, or not the one that the step names.
    pub(super) fn of(outputs: &Value, slot: Slot, exhibit: &Exhibit<'_>) -> Result<Self, Objection> {
        let serial = serial_of(outputs, exhibit)?;
        if outputs["slot"] != slot.to_string() {
            let message = format!("the step is about slot {slot}, what came of it about {}", outputs["slot"]);
            return Err(Objection::wrong("slot", message));
        }
        Ok(Self { serial, slot })
    }

    /// The earlier steps that are about this key, from the last one on that could have made another of it.
    fn steps<'a>(self, exhibit: &'a Exhibit<'_>) -> impl Iterator<Item = &'a Performed> {
        let earlier = exhibit.earlier();
        let from = earlier.iter().rposition(|step| self.may_begin(step)).unwrap_or_default();
        earlier[from..].iter().filter(move |step| {
            let outputs = step.outputs.as_ref();
            outputs.is_some_and(|it| it["serial"] == self.serial && it["slot"] == self.slot.to_string())
        })
    }

    /// The step that generated it, if that is in the record.
    pub(super) fn generated<'a>(self, exhibit: &'a Exhibit<'_>) -> Option<&'a Value> {
        let made = self.steps(exhibit).filter(|step| step.uses == GENERATE);
        made.last().and_then(|step| step.outputs.as_ref())
    }

    /// Whether a step, also one that failed, may have put another key in this one's place.
    fn may_begin(self, step: &Performed) -> bool {
        let slot = || step.with.get("slot").and_then(Value::as_str).and_then(|slot| slot.parse::<Slot>().ok());
        let of_it = match step.uses.as_str() {
            "piv.reset" => true,
            GENERATE => slot() == Some(self.slot),
            _ => false,
        };
        of_it && step.serial.is_none_or(|serial| serial == self.serial)
    }

    /// Objects to earlier steps that saw another public key in this slot. What `piv.read-certificate` wrote is of no key that must
    /// be there.
    pub(super) fn same_key(self, fingerprint: &str, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let others = self.steps(exhibit).filter(|step| step.uses != "piv.read-certificate").filter_map(|step| {
            let other = step.outputs.as_ref()?["fingerprint"].as_str()?;
            (other != fingerprint).then(|| {
                Objection::wrong(
                    "another-key",
                    format!(
                        "the key in slot {} of the device {} has the fingerprint {fingerprint} here and {other} in line {}",
                        self.slot, self.serial, step.line
                    ),
                )
            })
        });
        others.collect()
    }

    /// The public key with a fingerprint, from a file that an earlier step made of it.
    pub(super) fn public_key(self, fingerprint: &str, exhibit: &Exhibit<'_>) -> Option<PublicKey> {
        self.steps(exhibit).find_map(|step| {
            let bytes = exhibit.small_file(step.outputs.as_ref()?["path"].as_str()?).ok()?;
            let key = match step.uses.as_str() {
                GENERATE => PublicKey::from_pem(&bytes)?,
                "piv.attest" | "piv.self-sign-certificate" | "piv.read-certificate" => {
                    PublicKey::from_der(&Held::from_pem(&bytes).ok()?.public_key())?
                }
                _ => return None,
            };
            (key.info().ok()?.fingerprint == fingerprint).then_some(key)
        })
    }
}

/// A certificate, PEM as steps write it, that the outputs name.
///
/// # Errors
/// It is not named, cannot be read, is none, or is written in another way.
pub(super) fn certificate_of(outputs: &Value, name: &str, exhibit: &Exhibit<'_>) -> Result<Held, Objection> {
    let bytes = file_of(outputs, name, exhibit)?;
    let held = Held::from_pem(&bytes).and_then(|held| match held.pem() {
        Ok(pem) if pem == bytes => Ok(held),
        _ => Err("there is more in it than a step writes".to_string()),
    });
    held.map_err(|fault| {
        let path = outputs[name].as_str().unwrap_or_default();
        Objection::wrong("certificate", format!("`{path}` does not hold: {fault}"))
    })
}
