//! A key in a device that signs outside any ceremony, for a seal.

use super::{
    argument::{ObjectId, ObjectType, YubiHsm, password},
    device::Device,
    public_key::PublicKey,
    session::{Command, Moment, Session},
};
use crate::ports::{Ports, Present, YUBIHSM2};
use officiant_engine::conduct::{Bindings, Failure, Secret, SecretName, Stage};
use sha2::{Digest, Sha256, Sha384};
use yubihsm::Capability;

/// An asymmetric key in the one device that is plugged in.
pub struct ObjectKey {
    device: Device,
    authentication_key: u16,
    password: Secret,
    object_id: u16,
    public: PublicKey,
}

/// A public key, or a signature, by the algorithm of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfKey {
    /// Ed25519: 32 bytes of a key, 64 of a signature (RFC 8032).
    Ed25519(Vec<u8>),
    /// ECDSA on P-256 with SHA-256: an uncompressed point (SEC 1, 2.3.3), a signature in DER (RFC 3279, 2.2.3).
    P256(Vec<u8>),
    /// ECDSA on P-384 with SHA-384: the same.
    P384(Vec<u8>),
}

impl ObjectKey {
    /// Finds the device, opens a session, and reads the public key.
    ///
    /// # Errors
    /// `no-device`, `which-device`, `wrong-password`, `not-found`, `unsupported-algorithm` and others of a session.
    pub fn open(
        ports: &dyn Ports,
        bindings: &Bindings,
        authentication_key: u16,
        password: Secret,
        object_id: u16,
    ) -> Result<Self, Failure> {
        let present = ports.present(YUBIHSM2, bindings)?;
        let plugged = match present.devices.as_slice() {
            [plugged] => plugged.clone(),
            [] => return Err(absent(&present)),
            several => {
                let serials: Vec<String> = several.iter().map(|it| it.serial.to_string()).collect();
                return Err(Failure::new("which-device", format!("there are the devices {}", serials.join(", ")))
                    .next(
                        "leave the one in that holds the key, or name its connector: --bind yubihsm.connectors=URL",
                    ));
            }
        };
        let device = Device::plugged(plugged.serial.to_string(), plugged)?;
        device.check()?;
        let public = {
            let session = Session::open(&device, authentication_key, &password)?;
            PublicKey::read(&session, object_id)?
        };
        Ok(Self { device, authentication_key, password, object_id, public })
    }

    /// Finds the device that a step names, opens a session, and reads the public key; `authentication_key` has its password.
    ///
    /// # Errors
    /// `no-device`, `wrong-device`, `wrong-password`, `not-found`, `unsupported-algorithm` and others of a session.
    pub(crate) fn of_step(
        ports: &dyn Ports,
        stage: &mut Stage<'_>,
        device: &YubiHsm,
        (authentication_key, secret): (ObjectId, &SecretName),
        ObjectId(object_id): ObjectId,
    ) -> Result<Self, Failure> {
        let password = password(stage, secret)?;
        let device = Device::find(ports, stage, device)?;
        let public = {
            let session = device.open(stage, authentication_key.0, &password)?;
            PublicKey::read(&session, object_id)?
        };
        Ok(Self { device, authentication_key: authentication_key.0, password, object_id, public })
    }

    /// The name of the device.
    pub(crate) fn name(&self) -> &str {
        self.device.name()
    }

    /// The ID of the key.
    pub(crate) fn object_id(&self) -> u16 {
        self.object_id
    }

    /// The public key: `SubjectPublicKeyInfo`, DER.
    pub(crate) fn der(&self) -> Result<Vec<u8>, Failure> {
        Ok(self.public.info()?.der)
    }

    /// The device's serial number.
    #[must_use]
    pub fn serial(&self) -> u32 {
        self.device.serial()
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> OfKey {
        match &self.public {
            PublicKey::Ed25519(key) => OfKey::Ed25519(key.to_bytes().to_vec()),
            PublicKey::P256(key) => OfKey::P256(key.to_encoded_point(false).as_bytes().to_vec()),
            PublicKey::P384(key) => OfKey::P384(key.to_encoded_point(false).as_bytes().to_vec()),
        }
    }

    /// Signs a message, at most 2,000 bytes, in a session of its own: while people think, one expires.
    ///
    /// # Errors
    /// The device's, in words. Whoever gets the signature verifies it.
    pub fn sign(&self, message: &[u8]) -> Result<OfKey, Failure> {
        let session = self.session()?;
        let signature = session.sign(message)?;
        session.session.finish(Moment::After(DONE))?;
        Ok(signature)
    }

    /// Opens a session to sign several messages in; it expires when half a minute passes without one.
    ///
    /// # Errors
    /// The device's, in words.
    pub(crate) fn session(&self) -> Result<ObjectSession<'_>, Failure> {
        let session = Session::open(&self.device, self.authentication_key, &self.password)?;
        Ok(ObjectSession { key: self, session })
    }

    fn sign_in(&self, session: &Session<'_>, message: &[u8]) -> Result<OfKey, Failure> {
        let id = self.object_id;
        let command = Command::looks("sign-ecdsa")
            .needs(Capability::SIGN_ECDSA)
            .about(ObjectType::AsymmetricKey, id)
            .at(Moment::Changing(DONE));
        let signature = match &self.public {
            PublicKey::Ed25519(_) => {
                let command = Command { name: "sign-eddsa", needs: Capability::SIGN_EDDSA, ..command };
                let signature = session.run(command, |client| client.sign_ed25519(id, message.to_vec()))?;
                OfKey::Ed25519(signature.to_bytes().to_vec())
            }
            PublicKey::P256(_) => {
                let digest = Sha256::digest(message).to_vec();
                OfKey::P256(session.run(command, |client| client.sign_ecdsa_prehash_raw(id, digest))?)
            }
            PublicKey::P384(_) => {
                let digest = Sha384::digest(message).to_vec();
                OfKey::P384(session.run(command, |client| client.sign_ecdsa_prehash_raw(id, digest))?)
            }
        };
        Ok(signature)
    }
}

/// What a failure of a signature is about.
const DONE: &str = "the signature was made";

/// A key in a session that stays open between signatures.
pub(crate) struct ObjectSession<'a> {
    key: &'a ObjectKey,
    session: Session<'a>,
}

impl ObjectSession<'_> {
    /// Signs a message, at most 2,000 bytes with Ed25519.
    ///
    /// # Errors
    /// The device's, in words. Whoever gets the signature verifies it.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<OfKey, Failure> {
        self.key.sign_in(&self.session, message)
    }
}

fn absent(present: &Present) -> Failure {
    Failure::new("no-device", format!("no YubiHSM is there: {}", present.nothing()))
        .next("insert it, or name its connector: --bind yubihsm.connectors=http://127.0.0.1:12345")
}
