//! `piv.generate-key`.

use super::{
    argument::{FACTORY_DEFAULT, KeyAlgorithm, PinPolicy, Slot, TouchPolicy, YubiKeyName},
    before::{self, Seen},
    card::{Card, Key, Moment},
    history::{KeyInSlot, file_of},
    management::{PROTECTED, authenticate},
    public_key::PublicKey,
    reference::{LAST_TRY, PIN_AGAIN},
};
use crate::ports::Ports;
use crate::product::Target;
use officiant_engine::conduct::{Effect, Exhibit, Failure, Objection, Probed, SecretName, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use yubikey::piv;

/// Generates a key pair in a slot, and writes its public key
/// (<https://docs.yubico.com/yesdk/users-manual/application-piv/apdu/generate-pair.html>).
pub(super) struct GenerateKey(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiKeyName,
    /// The management key: `factory-default`, `protected` for the one that the device keeps under its PIN, or one in hex.
    management_key: SecretName,
    /// The PIN, for a management key that the device keeps under it.
    #[serde(default)]
    pin: Option<SecretName>,
    /// The slot.
    slot: Slot,
    /// The algorithm.
    algorithm: KeyAlgorithm,
    /// When the key wants the PIN.
    #[serde(default)]
    pin_policy: PinPolicy,
    /// When the key wants a touch.
    #[serde(default)]
    touch_policy: TouchPolicy,
    /// The file for the public key, PEM, among the products.
    out: String,
    /// Whether a key or certificate that is in the slot may be lost.
    #[serde(default)]
    replace: bool,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// The slot, two hex digits.
    slot: String,
    /// `ECCP256`, `ECCP384` or `RSA2048`.
    algorithm: String,
    /// `never`, `once` or `always`.
    pin_policy: PinPolicy,
    /// `never`, `always` or `cached`.
    touch_policy: TouchPolicy,
    /// `generated`, in the device.
    origin: String,
    /// The public key: SubjectPublicKeyInfo, PEM.
    pem: String,
    /// SHA-256 of the SubjectPublicKeyInfo's DER, hex.
    fingerprint: String,
    /// The file's path in the ceremony folder.
    path: String,
    /// The file's SHA-256, hex.
    sha256: String,
}

const MADE: &str = "the key was generated";

impl StepHandler for GenerateKey {
    const NAME: &'static str = "piv.generate-key";
    const SUMMARY: &'static str = "Generates a key pair in a slot of a YubiKey, and writes its public key as PEM.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    const ASKS: &'static [&'static str] = &[PIN_AGAIN, LAST_TRY];
    const IRREVERSIBLE: Option<&'static str> = Some(
        "A key pair is generated: no other will ever be the same. A key that is in the slot is lost if the step may replace it.",
    );
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT, PROTECTED];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let out = Target::of(stage, &arguments.out)?;
        let mut card = Card::find(&*self.0, stage, &arguments.device)?;
        let slot = arguments.slot;
        let before = card.key(slot)?;
        if !arguments.replace {
            vacant(&mut card, slot, before.as_ref())?;
        }
        card.own_references(true)?;
        authenticate(&mut card, stage, &arguments.management_key, arguments.pin.as_ref())?;
        let fingerprint = before.map(|key| key.public.info()).transpose()?.map(|info| info.fingerprint);
        Seen::Key { slot, fingerprint }.record(stage, &card)?;
        let made = card.run("generate-asymmetric-key-pair", Moment::Changing(MADE), |yubikey| {
            let device_slot = slot.to_device().ok_or(yubikey::Error::KeyError)?;
            let (pin_policy, touch_policy) = (arguments.pin_policy.to_device(), arguments.touch_policy.to_device());
            piv::generate(yubikey, device_slot, arguments.algorithm.to_device(), pin_policy, touch_policy)
        })?;
        card.changed(MADE);
        let key = card.held(slot)?;
        arguments.compare(&key, &card)?;
        if key.public.device_bytes() != made.subject_public_key.raw_bytes() {
            let message = format!("{} does not tell the same public key twice; {MADE}", card.name());
            return Err(Failure::new("untrue-key", message)
                .next("do not use this device; keep it as it is, and find out what it is"));
        }
        outputs(&card, slot, &key, &out, stage)
    }

    /// What came of it is what was asked for, and the file holds that key. That the key is there is for attestations to say.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        if let Err(objection) = KeyInSlot::of(outputs, arguments.slot, exhibit) {
            return vec![objection];
        }
        let replace = arguments.replace;
        let fits = |seen: &Seen| matches!(seen, Seen::Key { slot, fingerprint } if *slot == arguments.slot && (replace || fingerprint.is_none()));
        let mut objections: Vec<_> = before::objections(outputs, exhibit, fits).into_iter().collect();
        for (name, wanted) in [
            ("algorithm", json!(arguments.algorithm.name())),
            ("pin_policy", json!(arguments.pin_policy.of(arguments.slot.number()))),
            ("touch_policy", json!(arguments.touch_policy.settled())),
            ("origin", json!("generated")),
        ] {
            if outputs[name] != wanted {
                let message = format!("the key has another {name} than was asked for");
                objections.push(Objection::wrong("not-as-asked", message));
            }
        }
        match file_of(outputs, "path", exhibit) {
            Ok(file) => objections.extend(in_file(&file, outputs)),
            Err(objection) => objections.push(objection),
        }
        objections
    }

    /// A key that is there is this step's when the slot was seen with another or none before; it must then be as it was to be.
    fn probe(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        let out = Target::of(stage, &arguments.out)?;
        let mut card = Card::find(&*self.0, stage, &arguments.device)?;
        let slot = arguments.slot;
        let Some(Seen::Key { slot: seen, fingerprint }) = Seen::recorded(stage, &card)? else {
            return Ok(Probed::NotDone);
        };
        let Some(key) = card.key(slot)? else { return Ok(Probed::NotDone) };
        if seen != slot || fingerprint == Some(key.public.info()?.fingerprint) {
            return Ok(Probed::NotDone);
        }
        arguments.compare(&key, &card)?;
        Ok(Probed::Done(outputs(&card, slot, &key, &out, stage)?))
    }
}

impl Arguments {
    /// Whether the key is as it was to be.
    ///
    /// # Errors
    /// `not-as-asked`
    fn compare(&self, key: &Key, card: &Card) -> Result<(), Failure> {
        let differs = [
            ("algorithm", key.algorithm != self.algorithm),
            ("PIN policy", key.pin_policy != self.pin_policy.of(self.slot.number())),
            ("touch policy", key.touch_policy != self.touch_policy.settled()),
            ("origin", !key.generated),
        ];
        let differs: Vec<&str> = differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect();
        if differs.is_empty() {
            return Ok(());
        }
        let (device, slot) = (card.name(), self.slot);
        let message =
            format!("the key in slot {slot} of {device} has another {} than was asked for", differs.join(", "));
        Err(Failure::new("not-as-asked", message).next("look with piv.attest what it is, before anything else"))
    }
}

/// Makes sure that a slot is free.
///
/// # Errors
/// `exists`
fn vacant(card: &mut Card, slot: Slot, key: Option<&Key>) -> Result<(), Failure> {
    let held = match key {
        Some(key) => format!("a key is in slot {slot} of {}, {}", card.name(), key.algorithm.name()),
        None if card.object(slot.certificate(), Moment::Before)?.is_some() => {
            format!("a certificate is in slot {slot} of {}", card.name())
        }
        None => return Ok(()),
    };
    Err(Failure::new("exists", format!("{held}; this device was provisioned before"))
        .next("use another slot, or reset the device with piv.reset if it may lose everything"))
}

fn outputs(card: &Card, slot: Slot, key: &Key, out: &Target, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
    let info = key.public.info()?;
    let file = out.write(stage, info.pem.as_bytes())?;
    Ok(Outputs {
        serial: card.serial(),
        slot: slot.to_string(),
        algorithm: key.algorithm.name().to_string(),
        pin_policy: key.pin_policy,
        touch_policy: key.touch_policy,
        origin: "generated".to_string(),
        pem: info.pem,
        fingerprint: info.fingerprint,
        path: file.path,
        sha256: file.sha256,
    })
}

/// Whether a file holds the public key that the record has.
fn in_file(file: &[u8], outputs: &Value) -> Vec<Objection> {
    let read = PublicKey::from_pem(file).and_then(|key| Some((key.algorithm().name(), key.info().ok()?)));
    let Some((algorithm, info)) = read else {
        return vec![Objection::wrong("public-key", "the file is no public key of a YubiKey, PEM")];
    };
    let compared = [("fingerprint", info.fingerprint.as_str()), ("pem", &info.pem), ("algorithm", algorithm)];
    let differ = compared.into_iter().filter(|(name, found)| outputs[*name].as_str() != Some(found));
    let wrong = |(name, _)| {
        let message = format!("the public key in the file has another {name} than the record says");
        Objection::wrong("public-key", message)
    };
    differ.map(wrong).collect()
}
