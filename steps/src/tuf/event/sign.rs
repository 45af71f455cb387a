//! `tuf.sign`: what `tuf-on-ci-sign` does once the key is known; and the same in a plain folder of metadata.

use super::{
    handle::Handle,
    reported::{Files, Found, State},
};
use crate::{
    devices::DeviceName,
    piv::{FACTORY_DEFAULT, LAST_TRY, PIN_AGAIN, Slot},
    ports::Ports,
    tuf::signing_key::{self, KeyName},
    yubihsm::ObjectId,
};
use officiant_engine::conduct::{Effect, Failure, SecretName, Stage, StepHandler};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub(super) struct Sign(pub(super) Arc<dyn Ports>);

/// What a runbook passes: `clone` and `user`, or `metadata`; `device` with what it wants, or `key_file`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The git clone with the event's branch checked out, as an absolute path; `REHEARSAL` for a practice repository.
    #[serde(default)]
    pub(super) clone: Option<String>,
    /// What is published: a branch or commit that the event goes off from.
    #[serde(default = "super::published")]
    pub(super) published: String,
    /// Who signs, in a clone.
    #[serde(default)]
    pub(super) user: Option<Handle>,
    /// In place of a clone: a folder with metadata; a relative path is below `products/`.
    #[serde(default)]
    #[schemars(transform = folder_mark)]
    pub(super) metadata: Option<String>,
    /// The folder below `products/` for the metadata with the signatures: a new one where `metadata` is signed.
    pub(super) out: String,
    /// The roles to sign, all of them that the key is to sign and has not.
    #[serde(default)]
    pub(super) roles: Vec<String>,
    /// The device that holds the key: a YubiKey or a YubiHSM 2.
    #[serde(default)]
    pub(super) device: Option<DeviceName>,
    /// Of a YubiKey: the slot; 9c when it is left out.
    #[serde(default)]
    pub(super) slot: Option<Slot>,
    /// Of a YubiKey: the PIN.
    #[serde(default)]
    pub(super) pin: Option<SecretName>,
    /// Of a YubiHSM 2: the ID of the key.
    #[serde(default)]
    pub(super) object_id: Option<ObjectId>,
    /// Of a YubiHSM 2: the authentication key to open the session with; the factory's when it is left out.
    #[serde(default)]
    pub(super) authentication_key: Option<ObjectId>,
    /// Of a YubiHSM 2: the password of that.
    #[serde(default)]
    pub(super) password: Option<SecretName>,
    /// In place of a device, for tests and rehearsals: a private key, PKCS #8, PEM; a relative path is below `products/`.
    #[serde(default)]
    pub(super) key_file: Option<String>,
}

/// Marks a path that is one of this machine's when the step is performed by itself.
fn folder_mark(schema: &mut Schema) {
    schema.insert("x-folder".to_string(), true.into());
}

/// A signature that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Made {
    /// The role, which has the version `version`.
    role: String,
    version: u64,
    /// The id that metadata has the key under.
    keyid: String,
    /// SHA-256 of what was signed, the canonical form, hex.
    signed_sha256: String,
    /// The signature, hex.
    signature: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The clone; nothing where a plain folder was signed.
    found: Option<Found>,
    /// When it was signed, RFC 3339.
    at: String,
    /// The device's serial number; nothing for a key in a file.
    serial: Option<u32>,
    /// SHA-256 of the SubjectPublicKeyInfo's DER of the key, hex.
    fingerprint: String,
    /// The signatures that were made.
    signatures: Vec<Made>,
    /// The event afterwards.
    state: State,
    /// What was compared and made.
    files: Files,
}

impl Arguments {
    fn key(&self) -> KeyName<'_> {
        KeyName {
            device: self.device.as_ref(),
            slot: self.slot,
            pin: self.pin.as_ref(),
            object_id: self.object_id,
            authentication_key: self.authentication_key,
            password: self.password.as_ref(),
            key_file: self.key_file.as_deref(),
        }
    }
}

/// The slot of the question whether what was shown is to be signed.
const GO: &str = "sign";

impl StepHandler for Sign {
    const NAME: &'static str = "tuf.sign";
    const SUMMARY: &'static str =
        "Shows what changed in TUF metadata, signs it when that is what was meant, and verifies the signatures.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    const IRREVERSIBLE: Option<&'static str> =
        Some("Whoever gets a signature can use it: it cannot be taken back before what is signed expires.");
    const ASKS: &'static [&'static str] = &[GO, PIN_AGAIN, LAST_TRY];
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn reaches_out(&self, arguments: &Arguments) -> bool {
        arguments.clone.as_deref().is_some_and(super::reaches_out)
    }

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let _ = signing_key::open(&*self.0, stage, arguments.key())?;
        Err(Failure::new("not-there", "this step is not there yet"))
    }
}
