//! `yubihsm.sign`.

use super::{
    argument::{FACTORY_DEFAULT, ObjectId, ObjectType, YubiHsm, password},
    device::Device,
    history::KeyOnDevice,
    public_key::PublicKey,
    session::{Command, Moment},
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
use sha2::{Digest, Sha256, Sha384};
use std::sync::Arc;
use yubihsm::Capability;

/// Signs, and verifies the signature with the device's public key before it is written
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html#sign-ecdsa-command>,
/// `#sign-eddsa-command`).
pub(super) struct Sign(pub(super) Arc<dyn Ports>);

/// What a runbook passes: `data` or `file`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiHsm,
    /// The authentication key to open the session with.
    #[serde(default = "ObjectId::factory")]
    authentication_key: ObjectId,
    /// Its password.
    password: SecretName,
    /// The ID of the asymmetric key to sign with.
    object_id: ObjectId,
    /// The text to sign, UTF-8.
    #[serde(default)]
    data: Option<String>,
    /// The file to sign: among the products, or anywhere when its path is absolute.
    #[serde(default)]
    file: Option<String>,
    /// The file for the signature, among the products: 64 bytes for `ed25519` (RFC 8032), DER for ECDSA (RFC 3279, 2.2.3) with
    /// SHA-256 on P-256 and SHA-384 on P-384.
    out: String,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// The ID of the key.
    object_id: u16,
    /// `ed25519`, `ecdsa-sha256` or `ecdsa-sha384`.
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

const DONE: &str = "the signature was made";

/// Most bytes for `ed25519`, which needs the whole message in one command: 2026 would fit into the 2047 bytes of the firmware with
/// the shortest messages.
pub(crate) const LONGEST_ED25519: usize = 2_000;

impl StepHandler for Sign {
    const NAME: &'static str = "yubihsm.sign";
    const SUMMARY: &'static str = "Signs a text or a file with a key in the device, and verifies the signature.";
    const EFFECT: Effect = Effect::Changes;
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let out = vacant(stage, &arguments.out)?;
        let message = message::read(stage, arguments.data.as_deref(), arguments.file.as_deref())?;
        let password = password(stage, &arguments.password)?;
        let device = Device::find(&*self.0, stage, &arguments.device)?;
        let session = device.open(stage, arguments.authentication_key.0, &password)?;
        let id = arguments.object_id.0;
        let key = PublicKey::read(&session, id)?;
        let command = Command::looks("sign-ecdsa")
            .needs(Capability::SIGN_ECDSA)
            .about(ObjectType::AsymmetricKey, id)
            .at(Moment::Changing(DONE));
        let signature = match &key {
            PublicKey::Ed25519(_) => {
                if message.len() > LONGEST_ED25519 {
                    return Err(Failure::new(
                        "too-long",
                        format!(
                            "with ed25519 the device signs at most {LONGEST_ED25519} bytes, these are {}",
                            message.len()
                        ),
                    )
                    .next("sign a digest of it, or use a key on P-256 or P-384"));
                }
                let command = Command { name: "sign-eddsa", needs: Capability::SIGN_EDDSA, ..command };
                session.run(command, |client| client.sign_ed25519(id, message.clone()))?.to_bytes().to_vec()
            }
            PublicKey::P256(_) => {
                let digest = Sha256::digest(&message);
                session.run(command, |client| client.sign_ecdsa_prehash_raw(id, digest.to_vec()))?
            }
            PublicKey::P384(_) => {
                let digest = Sha384::digest(&message);
                session.run(command, |client| client.sign_ecdsa_prehash_raw(id, digest.to_vec()))?
            }
        };
        session.finish(Moment::After(DONE))?;
        if !key.verifies(&message, &signature) {
            return Err(Failure::new(
                "untrue-signature",
                format!("the signature from {} does not verify; it was not kept", device.name()),
            )
            .next("do not use this device; keep it as it is, and find out what it is"));
        }
        let file = stage.product(&out, &signature)?;
        Ok(Outputs {
            serial: device.serial(),
            object_id: id,
            algorithm: key.signature_algorithm().to_string(),
            signed_sha256: digest_hex(&message),
            signature: hex::encode(&signature),
            fingerprint: key.info()?.fingerprint,
            path: file.path,
            sha256: file.sha256,
        })
    }

    /// The file is the signature of what was signed, when that is in the folder, by the key that earlier steps wrote out. What
    /// was signed elsewhere cannot be looked at, nor a key that nothing was written of.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        signature_objections(arguments, outputs, exhibit).unwrap_or_else(|objection| vec![objection])
    }

    /// A signature leaves nothing in the device, and one that is in no entry is nobody's product: it is made again. The step
    /// changes something all the same, for who has a signature can use it; one of which only an answer was lost stays in the
    /// device's audit log.
    fn probe(&self, _: Arguments, _: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        Ok(Probed::NotDone)
    }
}

fn signature_objections(
    arguments: &Arguments,
    outputs: &Value,
    exhibit: &Exhibit<'_>,
) -> Result<Vec<Objection>, Objection> {
    let key = KeyOnDevice::of(outputs, arguments.object_id.0, exhibit)?;
    let fingerprint = outputs["fingerprint"].as_str().unwrap_or_default();
    let mut objections = key.same_key(fingerprint, exhibit);
    let signed = Signed { data: arguments.data.as_deref(), file: arguments.file.as_deref() };
    let public = key.public_key(fingerprint, exhibit);
    let verifier =
        public.map(|key| (key.signature_algorithm(), move |message: &[u8], made: &[u8]| key.verifies(message, made)));
    objections.extend(recorded::signature_objections(&signed, verifier, outputs, exhibit)?);
    Ok(objections)
}
