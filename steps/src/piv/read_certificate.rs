//! `piv.read-certificate`.

use super::{
    argument::{Slot, YubiKeyName},
    card::Card,
    certificate::Held,
    history::{KeyInSlot, certificate_of},
};
use crate::{ports::Ports, product::Target};
use officiant_engine::{
    conduct::{Effect, Exhibit, Failure, Objection, Stage, StepHandler},
    record::digest_hex,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Writes the certificate that is in a slot as PEM
/// (<https://docs.yubico.com/yesdk/users-manual/application-piv/apdu/get-data.html>).
pub(super) struct ReadCertificate(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiKeyName,
    /// The slot.
    slot: Slot,
    /// The file for the certificate, PEM, among the products.
    out: String,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// The slot, two hex digits.
    slot: String,
    /// The subject (RFC 4514).
    subject: String,
    /// The issuer (RFC 4514).
    issuer: String,
    /// The certificate's own serial number, hex.
    serial_number: String,
    /// From when it is valid, RFC 3339 in UTC.
    not_before: String,
    /// Until when it is valid, RFC 3339 in UTC.
    not_after: String,
    /// SHA-256 of the certificate's DER, hex.
    certificate_sha256: String,
    /// SHA-256 of the SubjectPublicKeyInfo's DER, hex.
    fingerprint: String,
    /// The file's path in the ceremony folder.
    path: String,
    /// The file's SHA-256, hex.
    sha256: String,
}

impl StepHandler for ReadCertificate {
    const NAME: &'static str = "piv.read-certificate";
    const SUMMARY: &'static str = "Writes the certificate that is in a slot of a YubiKey as PEM.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let out = Target::of(stage, &arguments.out)?;
        let mut card = Card::find(&*self.0, stage, &arguments.device)?;
        let slot = arguments.slot;
        let Some(held) = Held::read(&mut card, slot.certificate())? else {
            return Err(Failure::new("not-found", format!("{} has no certificate in slot {slot}", card.name()))
                .next("make one with piv.self-sign-certificate, or name the slot that has it"));
        };
        let file = out.write(stage, &held.pem()?)?;
        let (not_before, not_after) = held.validity();
        Ok(Outputs {
            serial: card.serial(),
            slot: slot.to_string(),
            subject: held.subject(),
            issuer: held.issuer(),
            serial_number: held.serial_number(),
            not_before,
            not_after,
            certificate_sha256: digest_hex(held.der()),
            fingerprint: digest_hex(&held.public_key()),
            path: file.path,
            sha256: file.sha256,
        })
    }

    /// The file holds the certificate that the record has.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let held =
            KeyInSlot::of(outputs, arguments.slot, exhibit).and_then(|_| certificate_of(outputs, "path", exhibit));
        let held = match held {
            Ok(held) => held,
            Err(objection) => return vec![objection],
        };
        let (not_before, not_after) = held.validity();
        let compared = [
            ("subject", held.subject()),
            ("issuer", held.issuer()),
            ("serial_number", held.serial_number()),
            ("not_before", not_before),
            ("not_after", not_after),
            ("certificate_sha256", digest_hex(held.der())),
            ("fingerprint", digest_hex(&held.public_key())),
        ];
        let differ = compared.into_iter().filter(|(name, found)| outputs[*name].as_str() != Some(found));
        let wrong = |(name, _)| {
            Objection::wrong(
                "certificate",
                format!("the certificate in the file has another {name} than the record says"),
            )
        };
        differ.map(wrong).collect()
    }
}
