//! `piv.attest`.

mod audit;

use super::{
    argument::{PinPolicy, Slot, TouchPolicy, YubiKeyName},
    attestation::faults,
    card::{Card, Moment},
    certificate::{ATTESTATION, Held, of_this_world},
    history::KeyInSlot,
    trouble::Trouble,
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
use yubikey::piv;

/// Has the device certify that the key in a slot was generated in it, and writes that certificate and the one of slot F9, whose key
/// certifies it (<https://docs.yubico.com/yesdk/users-manual/application-piv/attestation.html>).
pub(super) struct Attest(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiKeyName,
    /// The slot of the key to attest.
    slot: Slot,
    /// The file for the attestation certificate, PEM, among the products.
    out: String,
    /// The file for the certificate of slot F9, PEM, among the products.
    certificate_out: String,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// The firmware version, as it is attested.
    firmware: String,
    /// The slot, two hex digits.
    slot: String,
    /// `ECCP256`, `ECCP384` or `RSA2048`.
    algorithm: String,
    /// `never`, `once` or `always`, as it is attested.
    pin_policy: PinPolicy,
    /// `never`, `always` or `cached`, as it is attested.
    touch_policy: TouchPolicy,
    /// SHA-256 of the attested SubjectPublicKeyInfo's DER, hex.
    fingerprint: String,
    /// The attestation certificate's path in the ceremony folder.
    path: String,
    /// The SHA-256 of that file, hex.
    sha256: String,
    /// The path of the certificate of slot F9 in the ceremony folder.
    certificate_path: String,
    /// The SHA-256 of that file, hex.
    certificate_sha256: String,
    /// The subject of the certificate of slot F9.
    subject: String,
    /// The issuer of the certificate of slot F9.
    issuer: String,
}

impl StepHandler for Attest {
    const NAME: &'static str = "piv.attest";
    const SUMMARY: &'static str =
        "Has a YubiKey certify that the key in a slot was generated in it, and checks the certificate.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let (out, certificate_out) =
            (Target::of(stage, &arguments.out)?, Target::of(stage, &arguments.certificate_out)?);
        if out == certificate_out {
            return Err(Failure::new("path", "the attestation and the certificate of slot f9 cannot go into one file")
                .next("name another file for one of them in the runbook"));
        }
        let mut card = Card::find(&*self.0, stage, &arguments.device)?;
        let slot = arguments.slot;
        let key = card.held(slot)?;
        if !key.generated {
            let message = format!("the key in slot {slot} of {} was put into it, and is not attested", card.name());
            return Err(Failure::new("not-attested", message)
                .next("use a key that was generated in the device, with piv.generate-key"));
        }
        let Some(device) = Held::read(&mut card, ATTESTATION)? else {
            let message = format!("{} has no certificate in slot f9: somebody took it away", card.name());
            return Err(Failure::new("not-attested", message).next("use another device"));
        };
        let attestation = attestation(&mut card, slot)?;
        of_this_world(stage, &card, &[&device, &attestation])?;
        let faults = faults(&attestation, &device, &card, &slot.to_string(), &key);
        if !faults.is_empty() {
            return Err(Failure::new(
                "untrue-certificate",
                format!("the attestation from {} does not hold: {}", card.name(), faults.join("; ")),
            )
            .next("do not use this device; keep it as it is, and find out what it is"));
        }
        let (certificate_pem, pem) = (device.pem()?, attestation.pem()?);
        // Both before the first is written.
        certificate_out.free(&certificate_pem)?;
        out.free(&pem)?;
        let certificate_file = certificate_out.write(stage, &certificate_pem)?;
        let file = out.write(stage, &pem)?;
        Ok(Outputs {
            serial: card.serial(),
            firmware: card.firmware().to_string(),
            slot: slot.to_string(),
            algorithm: key.algorithm.name().to_string(),
            pin_policy: key.pin_policy,
            touch_policy: key.touch_policy,
            fingerprint: digest_hex(&attestation.public_key()),
            path: file.path,
            sha256: file.sha256,
            certificate_path: certificate_file.path,
            certificate_sha256: certificate_file.sha256,
            subject: device.subject(),
            issuer: device.issuer(),
        })
    }

    /// The certificates in the folder hold, as far as that can be told from there: see [`audit`].
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        match KeyInSlot::of(outputs, arguments.slot, exhibit) {
            Ok(key) => audit::objections(key, outputs, exhibit),
            Err(objection) => vec![objection],
        }
    }
}

fn attestation(card: &mut Card, slot: Slot) -> Result<Held, Failure> {
    // The key is there and was generated in the device, so the crate's word for a refusal is enough.
    let der = card.attempt(|yubikey| piv::attest(yubikey, slot.to_device().ok_or(yubikey::Error::KeyError)?)).map_err(
        |trouble| match trouble {
            Trouble::Unsaid | Trouble::Refused(_) => Failure::new(
                "not-attested",
                format!("{}, firmware {}, does not attest this key", card.name(), card.firmware()),
            )
            .next("use a key or a device that can be attested, or deviate and say why"),
            trouble => card.failure("attest", Moment::Before, &trouble),
        },
    )?;
    Held::from_der(&der).map_err(|fault| {
        Failure::new("untrue-certificate", format!("the attestation from {} is unreadable: {fault}", card.name()))
            .next("do not use this device; keep it as it is, and find out what it is")
    })
}
