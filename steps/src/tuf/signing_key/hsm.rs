//! A key in a YubiHSM 2.

use super::{KeyName, SigningKey, untrue, wrong};
use crate::{
    devices::DeviceName,
    ports::Ports,
    tuf::metadata::PublicKey,
    yubihsm::{LONGEST_ED25519, ObjectKey, ObjectSession, OfKey, YubiHsm},
};
use officiant_engine::conduct::{Failure, Stage};

/// An asymmetric key in a device.
pub(crate) struct InObject {
    key: ObjectKey,
    public: PublicKey,
}

impl InObject {
    /// Finds the device, opens a session, and reads the public key.
    ///
    /// # Errors
    /// `wrong-argument`, `no-device`, `wrong-device`, `wrong-password`, `not-found` and others of a session.
    pub(crate) fn open(
        ports: &dyn Ports,
        stage: &mut Stage<'_>,
        device: &DeviceName,
        name: KeyName<'_>,
    ) -> Result<Self, Failure> {
        let id = name.object_id.ok_or_else(|| wrong("a key in a YubiHSM 2 has an `object_id`"))?;
        let password =
            name.password.ok_or_else(|| wrong("a YubiHSM 2 wants the `password` of an authentication key"))?;
        let authentication_key = name.authentication_key.unwrap_or(crate::yubihsm::ObjectId::factory());
        let device = YubiHsm(device.0.clone());
        let key = ObjectKey::of_step(ports, stage, &device, (authentication_key, password), id)?;
        let Some(public) = PublicKey::from_der(&key.der()?) else {
            let message = format!("the public key of {} is of no kind that signs metadata", key.name());
            return Err(Failure::new("unsupported-algorithm", message).next("use a key on P-256, P-384 or ed25519"));
        };
        Ok(Self { key, public })
    }

    /// Opens a session to sign many things in.
    ///
    /// # Errors
    /// Those of a session.
    pub(crate) fn session(&self) -> Result<InSession<'_>, Failure> {
        Ok(InSession { key: self, session: self.key.session()? })
    }

    fn may_be_signed(&self, message: &[u8]) -> Result<(), Failure> {
        let Some(most) = self.longest().filter(|most| message.len() > *most) else { return Ok(()) };
        Err(Failure::new(
            "too-long",
            format!(
                "with ed25519 {} signs at most {most} bytes, and these are {}; nothing was signed",
                self.key.name(),
                message.len()
            ),
        )
        .next("use a key on P-256 or P-384 for this role, or let fewer keys and paths stand in its metadata"))
    }

    fn verified(&self, message: &[u8], signature: OfKey) -> Result<Vec<u8>, Failure> {
        let (OfKey::Ed25519(signature) | OfKey::P256(signature) | OfKey::P384(signature)) = signature;
        if self.public.verifies(message, &signature) { Ok(signature) } else { Err(untrue(&self.place())) }
    }
}

/// A key in a session that stays open between signatures.
pub(crate) struct InSession<'a> {
    key: &'a InObject,
    session: ObjectSession<'a>,
}

impl InSession<'_> {
    /// Signs, and verifies the signature.
    ///
    /// # Errors
    /// `too-long`, `untrue-signature` and others of a device.
    pub(crate) fn sign(&mut self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        self.key.may_be_signed(message)?;
        self.key.verified(message, self.session.sign(message)?)
    }
}

impl SigningKey for InObject {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn place(&self) -> String {
        format!("the key {} of {}", self.key.object_id(), self.key.name())
    }

    fn serial(&self) -> Option<u32> {
        Some(self.key.serial())
    }

    fn longest(&self) -> Option<usize> {
        matches!(self.public, PublicKey::Ed25519(_)).then_some(LONGEST_ED25519)
    }

    fn sign(&mut self, _: &mut Stage<'_>, message: &[u8]) -> Result<Vec<u8>, Failure> {
        self.may_be_signed(message)?;
        self.verified(message, self.key.sign(message)?)
    }
}
