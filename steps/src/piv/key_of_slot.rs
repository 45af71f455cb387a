//! A key in a slot that a step of another family signs with.

use super::{
    argument::{Slot, YubiKeyName},
    card::{Card, Key},
    signing::sign,
};
use crate::ports::Ports;
use officiant_engine::conduct::{Failure, SecretName, Stage};

/// A key in a slot of the YubiKey that a step names.
pub(crate) struct KeyOfSlot {
    card: Card,
    slot: Slot,
    key: Key,
}

impl KeyOfSlot {
    /// Finds the device and reads the public key, for which it wants no PIN.
    ///
    /// # Errors
    /// `no-device`, `wrong-device`, `which-device`, `wrong-kind`, `not-found`, `unsupported-algorithm` and others of a card.
    pub(crate) fn find(ports: &dyn Ports, stage: &mut Stage<'_>, device: &str, slot: Slot) -> Result<Self, Failure> {
        let mut card = Card::find(ports, stage, &YubiKeyName(device.to_string()))?;
        let key = card.held(slot)?;
        Ok(Self { card, slot, key })
    }

    /// The runbook's name of the device.
    pub(crate) fn name(&self) -> &str {
        self.card.name()
    }

    /// The serial number of the device.
    pub(crate) fn serial(&self) -> u32 {
        self.card.serial()
    }

    pub(crate) fn slot(&self) -> Slot {
        self.slot
    }

    /// The public key: `SubjectPublicKeyInfo`, DER.
    pub(crate) fn der(&self) -> Result<Vec<u8>, Failure> {
        Ok(self.key.public.info()?.der)
    }

    /// Signs as `piv.sign` does.
    ///
    /// # Errors
    /// `wrong-pin`, `touch-missed`, `untrue-signature` and others of a card.
    pub(crate) fn sign(
        &mut self,
        stage: &mut Stage<'_>,
        pin: Option<&SecretName>,
        message: &[u8],
    ) -> Result<Vec<u8>, Failure> {
        sign(&mut self.card, stage, self.slot, &self.key, pin, message)
    }
}
