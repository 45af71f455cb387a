//! A key in a slot of a YubiKey.

use super::{KeyName, SigningKey, untrue};
use crate::{
    devices::DeviceName,
    piv::{KeyOfSlot, Slot},
    ports::Ports,
    tuf::metadata::PublicKey,
};
use officiant_engine::conduct::{Failure, SecretName, Stage};

pub(super) struct InSlot {
    key: KeyOfSlot,
    pin: Option<SecretName>,
    public: PublicKey,
}

impl InSlot {
    /// Finds the device and reads the public key; the PIN is not needed yet.
    ///
    /// # Errors
    /// `no-device`, `wrong-device`, `not-found`, `unsupported-algorithm` and others of a card.
    pub(super) fn open(
        ports: &dyn Ports,
        stage: &mut Stage<'_>,
        device: &DeviceName,
        name: KeyName<'_>,
    ) -> Result<Self, Failure> {
        let slot = name.slot.unwrap_or(Slot::SIGNATURE);
        let key = KeyOfSlot::find(ports, stage, &device.0, slot)?;
        match PublicKey::from_der(&key.der()?) {
            Some(public @ (PublicKey::P256(_) | PublicKey::P384(_))) => {
                Ok(Self { key, pin: name.pin.cloned(), public })
            }
            _ => {
                let message = format!(
                    "the key in slot {slot} of {} is for RSA; TUF signs with RSA-PSS, which officiant does not ask of a YubiKey",
                    device.0
                );
                Err(Failure::new("unsupported-algorithm", message).next("use a key of ECCP256 or ECCP384"))
            }
        }
    }
}

impl SigningKey for InSlot {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn place(&self) -> String {
        format!("slot {} of {}", self.key.slot(), self.key.name())
    }

    fn serial(&self) -> Option<u32> {
        Some(self.key.serial())
    }

    fn sign(&mut self, stage: &mut Stage<'_>, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let signature = self.key.sign(stage, self.pin.as_ref(), message)?;
        if self.public.verifies(message, &signature) { Ok(signature) } else { Err(untrue(&self.place())) }
    }
}
