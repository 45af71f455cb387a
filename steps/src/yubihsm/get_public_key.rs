//! `yubihsm.get-public-key`.

use super::{
    argument::{FACTORY_DEFAULT, ObjectId, YubiHsm, password},
    device::Device,
    history::{KeyOnDevice, file_of},
    public_key::PublicKey,
    session::Moment,
};
use crate::ports::Ports;
use crate::product::Target;
use officiant_engine::conduct::{Effect, Exhibit, Failure, Objection, SecretName, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Writes the public key of an asymmetric key as PEM, as `yubihsm-shell --outformat=PEM` does
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html#get-public-key-command>).
pub(super) struct GetPublicKey(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
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
    /// The ID of the asymmetric key.
    object_id: ObjectId,
    /// The file to write, among the products.
    out: String,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// The ID of the key.
    object_id: u16,
    /// `ed25519`, `ecp256` or `ecp384`.
    algorithm: String,
    /// The public key: SubjectPublicKeyInfo, PEM.
    pem: String,
    /// SHA-256 of the SubjectPublicKeyInfo's DER, hex.
    fingerprint: String,
    /// The file's path in the ceremony folder.
    path: String,
    /// The file's SHA-256, hex.
    sha256: String,
}

impl StepHandler for GetPublicKey {
    const NAME: &'static str = "yubihsm.get-public-key";
    const SUMMARY: &'static str = "Writes the public key of an asymmetric key as PEM.";
    const EFFECT: Effect = Effect::Observes;
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let out = Target::of(stage, &arguments.out)?;
        let password = password(stage, &arguments.password)?;
        let device = Device::find(&*self.0, stage, &arguments.device)?;
        let session = device.open(stage, arguments.authentication_key.0, &password)?;
        let key = PublicKey::read(&session, arguments.object_id.0)?;
        session.finish(Moment::Before)?;
        let info = key.info()?;
        let file = out.write(stage, info.pem.as_bytes())?;
        Ok(Outputs {
            serial: device.serial(),
            object_id: arguments.object_id.0,
            algorithm: key.algorithm().to_string(),
            pem: info.pem,
            fingerprint: info.fingerprint,
            path: file.path,
            sha256: file.sha256,
        })
    }

    /// The file holds the public key that the record has, and earlier steps that saw the key of this ID saw the same one.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let look = || {
            let key = KeyOnDevice::of(outputs, arguments.object_id.0, exhibit)?;
            let file = file_of(outputs, "path", exhibit)?;
            let public = PublicKey::from_pem(&file).and_then(|public| Some((public.algorithm(), public.info().ok()?)));
            let Some((algorithm, info)) = public else {
                return Err(Objection::wrong("public-key", "the file is no public key of a YubiHSM 2, PEM"));
            };
            let mut objections = key.same_key(&info.fingerprint, exhibit);
            for (name, found) in
                [("fingerprint", info.fingerprint.as_str()), ("pem", &info.pem), ("algorithm", algorithm)]
            {
                if outputs[name].as_str() != Some(found) {
                    let message = format!("the public key in the file has another {name} than the record says");
                    objections.push(Objection::wrong("public-key", message));
                }
            }
            Ok(objections)
        };
        look().unwrap_or_else(|objection| vec![objection])
    }
}
