//! `piv.sign`.

use super::{
    argument::{FACTORY_DEFAULT, Slot, YubiKeyName},
    card::Card,
    history::KeyInSlot,
    reference::{LAST_TRY, PIN_AGAIN},
    signing::sign,
};
use crate::{
    message,
    ports::Ports,
    product::vacant,
    recorded::{self, Signed},
};
use officiant_engine::{
    conduct::{Effect, Exhibit, Failure, Objection, Probed, SecretName, Stage, StepHandler},
    record::digest_hex,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Signs, and verifies the signature with the slot's public key before it is written
/// (<https://docs.yubico.com/yesdk/users-manual/application-piv/apdu/auth-sign.html>).
pub(super) struct Sign(pub(super) Arc<dyn Ports>);

/// What a runbook passes: `data` or `file`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiKeyName,
    /// The PIN, unless the key never wants it.
    #[serde(default)]
    pin: Option<SecretName>,
    /// The slot.
    slot: Slot,
    /// The text to sign, UTF-8.
    #[serde(default)]
    data: Option<String>,
    /// The file to sign: among the products, or anywhere when its path is absolute.
    #[serde(default)]
    file: Option<String>,
    /// The file for the signature, among the products: DER for ECDSA (RFC 3279, 2.2.3) with SHA-256 on P-256 and SHA-384 on
    /// P-384, 256 bytes for RSA (RFC 8017, 8.2, PKCS #1 v1.5) with SHA-256.
    out: String,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// The slot, two hex digits.
    slot: String,
    /// `ecdsa-sha256`, `ecdsa-sha384` or `rsa-pkcs1-sha256`.
    algorithm: String,
    /// SHA-256 of what was signed, hex.
    signed_sha256: String,
    /// The signature, hex.
    signature: String,
    /// SHA-256 of the SubjectPublicKeyInfo's DER of the key that verifies it, hex.
    fingerprint: String,
    /// The file's path in the ceremony folder.
    path: String,
    /// The file's SHA-256, hex.
    sha256: String,
}

impl StepHandler for Sign {
    const NAME: &'static str = "piv.sign";
    const SUMMARY: &'static str =
        "Signs a text or a file with a key in a slot of a YubiKey, and verifies the signature.";
    const EFFECT: Effect = Effect::Changes;
    const ASKS: &'static [&'static str] = &[PIN_AGAIN, LAST_TRY];
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let out = vacant(stage, &arguments.out)?;
        let message = message::read(stage, arguments.data.as_deref(), arguments.file.as_deref())?;
        let mut card = Card::find(&*self.0, stage, &arguments.device)?;
        let key = card.held(arguments.slot)?;
        let signature = sign(&mut card, stage, arguments.slot, &key, arguments.pin.as_ref(), &message)?;
        let file = stage.product(&out, &signature)?;
        Ok(Outputs {
            serial: card.serial(),
            slot: arguments.slot.to_string(),
            algorithm: key.public.signature_algorithm().to_string(),
            signed_sha256: digest_hex(&message),
            signature: hex::encode(&signature),
            fingerprint: key.public.info()?.fingerprint,
            path: file.path,
            sha256: file.sha256,
        })
    }

    /// The file is the signature of what was signed, when that is in the folder, by the key that earlier steps wrote out. What
    /// was signed elsewhere cannot be looked at, nor a key that nothing was written of.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        objections(arguments, outputs, exhibit).unwrap_or_else(|objection| vec![objection])
    }

    /// A signature leaves nothing in the device, and one that is in no entry is nobody's product: it is made again. The step
    /// changes something all the same, for who has a signature can use it.
    fn probe(&self, _: Arguments, _: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        Ok(Probed::NotDone)
    }
}

fn objections(arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Result<Vec<Objection>, Objection> {
    let key = KeyInSlot::of(outputs, arguments.slot, exhibit)?;
    let fingerprint = outputs["fingerprint"].as_str().unwrap_or_default();
    let mut objections = key.same_key(fingerprint, exhibit);
    let signed = Signed { data: arguments.data.as_deref(), file: arguments.file.as_deref() };
    let public = key.public_key(fingerprint, exhibit);
    let verifier =
        public.map(|key| (key.signature_algorithm(), move |message: &[u8], made: &[u8]| key.verifies(message, made)));
    objections.extend(recorded::signature_objections(&signed, verifier, outputs, exhibit)?);
    Ok(objections)
}
