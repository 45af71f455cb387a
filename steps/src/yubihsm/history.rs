//! What a record says of a key on a device before a step.

pub(super) use crate::recorded::{file_of, serial_of};

use super::{attestation::Attestation, public_key::PublicKey};
use officiant_engine::conduct::{Exhibit, Objection, Performed};
use serde_json::Value;

/// A key on a device, by the device's serial number and the key's object ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyOnDevice {
    serial: u32,
    object_id: u16,
}

impl KeyOnDevice {
    /// The key that a step's outputs are about.
    ///
    /// # Errors
    /// The outputs do not say which, or not the one that the step names.
    pub(super) fn of(outputs: &Value, object_id: u16, exhibit: &Exhibit<'_>) -> Result<Self, Objection> {
        let serial = serial_of(outputs, exhibit)?;
        if outputs["object_id"] != object_id {
            return Err(Objection::wrong(
                "object-id",
                format!("the step is about object {object_id}, what came of it about {}", outputs["object_id"]),
            ));
        }
        Ok(Self { serial, object_id })
    }

    /// The earlier steps that are about this key, from the last one on that could have made another of it.
    pub(super) fn steps<'a>(self, exhibit: &'a Exhibit<'_>) -> impl Iterator<Item = &'a Performed> {
        let earlier = exhibit.earlier();
        let from = earlier.iter().rposition(|step| self.may_begin(step)).unwrap_or_default();
        earlier[from..].iter().filter(move |step| {
            let outputs = step.outputs.as_ref();
            outputs.is_some_and(|it| it["serial"] == self.serial && it["object_id"] == self.object_id)
        })
    }

    /// The step that generated it, if that is in the record.
    pub(super) fn generated<'a>(self, exhibit: &'a Exhibit<'_>) -> Option<&'a Value> {
        let made = self.steps(exhibit).filter(|step| step.uses == GENERATE);
        made.last().and_then(|step| step.outputs.as_ref())
    }

    /// Whether a step, also one that failed, may have put another key in this one's place.
    fn may_begin(self, step: &Performed) -> bool {
        let id = step.with.get("object_id").and_then(Value::as_u64) == Some(u64::from(self.object_id));
        let of_it = match step.uses.as_str() {
            "yubihsm.reset" | "devices.touch-reset" => true,
            GENERATE => id,
            "yubihsm.delete-object" => {
                id && step.with.get("object_type").and_then(Value::as_str) == Some("asymmetric-key")
            }
            _ => false,
        };
        of_it && step.serial.is_none_or(|serial| serial == self.serial)
    }

    /// Objects to earlier steps that saw another public key under this ID.
    pub(super) fn same_key(self, fingerprint: &str, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let others = self.steps(exhibit).filter_map(|step| {
            let other = step.outputs.as_ref()?.get("fingerprint")?.as_str()?;
            (other != fingerprint).then(|| {
                Objection::wrong(
                    "another-key",
                    format!(
                        "asymmetric-key {} of the device {} has the fingerprint {fingerprint} here and {other} in line {}",
                        self.object_id, self.serial, step.line
                    ),
                )
            })
        });
        others.collect()
    }

    /// The public key with a fingerprint, from a file that an earlier step made of it.
    pub(super) fn public_key(self, fingerprint: &str, exhibit: &Exhibit<'_>) -> Option<PublicKey> {
        self.steps(exhibit).find_map(|step| {
            if !matches!(step.uses.as_str(), "yubihsm.get-public-key" | "yubihsm.attest") {
                return None;
            }
            let path = step.outputs.as_ref()?["path"].as_str()?;
            let bytes = exhibit.small_file(path).ok()?;
            let key = match step.uses.as_str() {
                "yubihsm.get-public-key" => PublicKey::from_pem(&bytes)?,
                "yubihsm.attest" => PublicKey::from_der(&Attestation::parse(&bytes).ok()?.public_key()?)?,
                _ => return None,
            };
            (key.info().ok()?.fingerprint == fingerprint).then_some(key)
        })
    }
}

const GENERATE: &str = "yubihsm.generate-asymmetric-key";
