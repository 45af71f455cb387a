//! An asymmetric key in a `YubiHSM` 2.

use super::{Access, Signer, in_words};
use officiant_engine::seal::Key;
use officiant_steps::{ObjectKey, OfKey, ports::SystemPorts};
use ssh_key::{
    Algorithm, Error, Signature,
    public::{EcdsaPublicKey, Ed25519PublicKey, KeyData},
};

/// A key in the device that is plugged in.
pub struct YubiHsmKey {
    object: ObjectKey,
    id: u16,
    key: Key,
}

impl YubiHsmKey {
    /// Asks for the authentication key's password, and reads the public key.
    pub fn open(id: u16, access: &mut Access) -> Result<Self, String> {
        let authentication_key = access.authentication_key;
        let password = access.secret(&format!("Password of authentication key {authentication_key}"))?;
        let object = ObjectKey::open(&SystemPorts::new(), &access.bindings, authentication_key, password, id);
        let object = object.map_err(|failure| in_words(&failure))?;
        let key = public(object.public()).map_err(|error| format!("the public key of object {id}: {error}"))?;
        Ok(Self { object, id, key: Key::new(key).map_err(|why| why.to_string())? })
    }
}

fn public(key: OfKey) -> Result<KeyData, Error> {
    match key {
        OfKey::Ed25519(bytes) => Ed25519PublicKey::try_from(bytes.as_slice()).map(KeyData::Ed25519),
        OfKey::P256(point) | OfKey::P384(point) => EcdsaPublicKey::from_sec1_bytes(&point).map(KeyData::Ecdsa),
    }
}

/// A signature of the device's as OpenSSH has it (RFC 8709, RFC 5656).
fn signature(signed: OfKey) -> Result<Signature, String> {
    let failed = |error: &dyn std::fmt::Display| format!("the device's signature is none: {error}");
    match signed {
        OfKey::Ed25519(bytes) => Signature::new(Algorithm::Ed25519, bytes).map_err(|error| failed(&error)),
        OfKey::P256(der) => {
            let signature = p256::ecdsa::Signature::from_der(&der).map_err(|error| failed(&error))?;
            Signature::try_from(signature).map_err(|error| failed(&error))
        }
        OfKey::P384(der) => {
            let signature = p384::ecdsa::Signature::from_der(&der).map_err(|error| failed(&error))?;
            Signature::try_from(signature).map_err(|error| failed(&error))
        }
    }
}

impl Signer for YubiHsmKey {
    fn key(&self) -> &Key {
        &self.key
    }

    fn place(&self) -> String {
        format!("YubiHSM {}, asymmetric-key {}", self.object.serial(), self.id)
    }

    fn sign(&mut self, message: &[u8]) -> Result<Signature, String> {
        signature(self.object.sign(message).map_err(|failure| in_words(&failure))?)
    }
}
