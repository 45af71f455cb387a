//! What is different in the FIPS Series.
//!
//! Devices with firmware 5.4 were certified under FIPS 140-2. Their PIV application *meets* level 1 as it comes, and
//! level 2 with a PIN, PUK and management key of one's own, but that is left to whoever deploys them: "FIPS-specific
//! requirements are now enforced by the YubiKey" only from 5.7 on (Yubico's *YubiKey 5 FIPS Series Specifics*). Of what the
//! *PIV Configuration with FIPS* says cannot be used, the virtual device has no RSA of 1024 bits anyway, and refuses to
//! make a key that never needs the PIN when that is asked for; a key in slot 9e for which no policy is asked gets
//! *never*, as the same page says of its default.
//!
//! From 5.7 (FIPS 140-3) no key is made or taken until PIN, PUK and management key are the owner's; PIN and PUK are eight
//! characters and not too simple, and become the factory's again by a reset only; the management key is no triple DES
//! key. With which status word the device refuses is written nowhere: it is *conditions of use not satisfied*, which the
//! vendor's tool takes for a PIN that is too simple.

use super::{
    algorithm::PinPolicy,
    management_key::ManagementAlgorithm,
    secret_reference::{self, Reference},
    state::State,
    status_word::StatusWord,
};

/// PINs and PUKs that are too simple though they are not all the same character; the vendor's list is longer.
const TOO_SIMPLE: [&[u8]; 6] = [b"12345678", b"87654321", b"11223344", b"12341234", b"password", b"qwertyui"];

impl State {
    /// Whether the device itself enforces what it was certified for.
    const fn enforces_fips(&self) -> bool {
        self.fips && self.firmware.at_least(5, 7, 0)
    }

    /// Whether the PIV application is in the *FIPS approved mode*, of a device that knows it.
    pub(super) fn is_fips_approved(&self) -> bool {
        self.enforces_fips()
            && !self.pin.is_factory(Reference::Pin)
            && !self.puk.is_factory(Reference::Puk)
            && !self.management_key.is_factory()
            && self.management_key.algorithm != ManagementAlgorithm::Tdes
    }

    /// # Errors
    /// [`StatusWord::ConditionsOfUseNotSatisfied`]: keys are neither made nor taken yet.
    pub(super) fn check_may_take_keys(&self) -> Result<(), StatusWord> {
        if self.enforces_fips() && !self.is_fips_approved() {
            return Err(StatusWord::ConditionsOfUseNotSatisfied);
        }
        Ok(())
    }

    /// # Errors
    /// [`StatusWord::ConditionsOfUseNotSatisfied`]: PIN or PUK is the owner's, and stays so.
    pub(super) fn check_may_restore_secrets(&self) -> Result<(), StatusWord> {
        if self.enforces_fips() && !(self.pin.is_factory(Reference::Pin) && self.puk.is_factory(Reference::Puk)) {
            return Err(StatusWord::ConditionsOfUseNotSatisfied);
        }
        Ok(())
    }

    /// # Errors
    /// [`StatusWord::IncorrectParameters`]: a policy that somebody asked for is not to be had.
    pub(super) fn check_pin_policy(&self, asked: PinPolicy) -> Result<(), StatusWord> {
        if self.fips && asked == PinPolicy::Never {
            return Err(StatusWord::IncorrectParameters);
        }
        Ok(())
    }

    /// # Errors
    /// - [`StatusWord::IncorrectParameters`]: no PIN or PUK of any device.
    /// - [`StatusWord::ConditionsOfUseNotSatisfied`]: too short or too simple for this one.
    pub(super) fn check_new_secret(&self, value: &[u8]) -> Result<(), StatusWord> {
        if !secret_reference::is_well_formed(value) {
            return Err(StatusWord::IncorrectParameters);
        }
        let same = value.iter().all(|byte| Some(byte) == value.first());
        let too_short = secret_reference::length(value) != Some(secret_reference::LENGTH);
        if self.enforces_fips() && (too_short || same || TOO_SIMPLE.contains(&value)) {
            return Err(StatusWord::ConditionsOfUseNotSatisfied);
        }
        Ok(())
    }

    /// # Errors
    /// [`StatusWord::IncorrectParameters`]: the device has no such management keys.
    pub(super) fn check_management_algorithm(&self, algorithm: ManagementAlgorithm) -> Result<(), StatusWord> {
        if !algorithm.is_of(self.firmware) || self.enforces_fips() && algorithm == ManagementAlgorithm::Tdes {
            return Err(StatusWord::IncorrectParameters);
        }
        Ok(())
    }
}
