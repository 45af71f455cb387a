//! Keys that sign metadata: in a slot of a YubiKey, in a YubiHSM 2, or in a file.

mod file;
mod hsm;
mod slot;

pub(crate) use hsm::{InObject, InSession};

use super::metadata::PublicKey;
use crate::{
    devices::DeviceName,
    piv::Slot,
    ports::{Ports, YUBIHSM2, YUBIKEY},
    yubihsm::ObjectId,
};
use officiant_engine::conduct::{Failure, SecretName, Stage};

/// A key that signs metadata.
pub(crate) trait SigningKey {
    /// The public key that verifies what it signs.
    fn public(&self) -> &PublicKey;

    /// Where it is, for people: `slot 9c of alice`.
    fn place(&self) -> String;

    /// The serial number of the device that holds it.
    fn serial(&self) -> Option<u32>;

    /// The most bytes that it signs at once; nothing where there is no such limit.
    fn longest(&self) -> Option<usize> {
        None
    }

    /// Signs, in the form of the key's scheme ([`PublicKey::verifies`]), and verifies the signature.
    ///
    /// # Errors
    /// `wrong-pin`, `touch-missed`, `untrue-signature` and others of a device.
    fn sign(&mut self, stage: &mut Stage<'_>, message: &[u8]) -> Result<Vec<u8>, Failure>;
}

/// A signing key as a step's arguments name it: a device or a file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KeyName<'a> {
    /// A YubiKey or a YubiHSM 2.
    pub(crate) device: Option<&'a DeviceName>,
    /// Of a YubiKey; 9c when it is left out.
    pub(crate) slot: Option<Slot>,
    /// Of a YubiKey.
    pub(crate) pin: Option<&'a SecretName>,
    /// Of a YubiHSM 2.
    pub(crate) object_id: Option<ObjectId>,
    /// Of a YubiHSM 2; the factory's when it is left out.
    pub(crate) authentication_key: Option<ObjectId>,
    /// Of a YubiHSM 2.
    pub(crate) password: Option<&'a SecretName>,
    /// PKCS #8, PEM, without a passphrase.
    pub(crate) key_file: Option<&'a str>,
}

/// Finds a signing key and reads its public key; a YubiKey's PIN is not needed for that.
///
/// # Errors
/// `wrong-argument`; `file`, `no-key`; `no-device`, `wrong-device`, `wrong-password`, `not-found` and others of a device.
pub(crate) fn open(
    ports: &dyn Ports,
    stage: &mut Stage<'_>,
    name: KeyName<'_>,
) -> Result<Box<dyn SigningKey>, Failure> {
    let device = match (name.device, name.key_file) {
        (Some(device), None) => device,
        (None, Some(path)) => {
            only_with(name, &[])?;
            return Ok(Box::new(file::InFile::open(stage, path)?));
        }
        _ => return Err(wrong("the key that signs is on a `device` or in a `key_file`: name one of the two")),
    };
    let kind = stage.device(&device.0)?.kind;
    let is_hsm = if kind.is_empty() { name.object_id.is_some() } else { kind == YUBIHSM2 };
    if is_hsm {
        only_with(name, &["object_id", "authentication_key", "password"])?;
        return Ok(Box::new(hsm::InObject::open(ports, stage, device, name)?));
    }
    if kind.is_empty() || kind == YUBIKEY {
        only_with(name, &["slot", "pin"])?;
        return Ok(Box::new(slot::InSlot::open(ports, stage, device, name)?));
    }
    Err(Failure::new("wrong-kind", format!("{} is a {kind}, which signs no metadata here", device.0))
        .next("name a YubiKey or a YubiHSM 2 in the runbook"))
}

/// Makes sure that no argument is of another kind of key.
fn only_with(name: KeyName<'_>, known: &[&str]) -> Result<(), Failure> {
    let given = [
        ("slot", name.slot.is_some()),
        ("pin", name.pin.is_some()),
        ("object_id", name.object_id.is_some()),
        ("authentication_key", name.authentication_key.is_some()),
        ("password", name.password.is_some()),
    ];
    match given.iter().find(|(argument, given)| *given && !known.contains(argument)) {
        Some((argument, _)) => {
            Err(wrong(&format!("`{argument}` is of another kind of key than the one that is named")))
        }
        None => Ok(()),
    }
}

fn wrong(message: &str) -> Failure {
    Failure::new("wrong-argument", message).next("correct the arguments in the runbook")
}

/// Since a signature that does not verify is nobody's.
fn untrue(place: &str) -> Failure {
    Failure::new("untrue-signature", format!("the signature from {place} does not verify; it was not kept"))
        .next("do not use this device; keep it as it is, and find out what it is")
}
