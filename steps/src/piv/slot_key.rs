//! A key in a slot that signs outside any ceremony, for a seal.

use super::{
    argument::{PinPolicy, Slot, TouchPolicy},
    card::{Card, Key, Moment},
    public_key::PublicKey,
    reference::{Reference, padded},
    signing::signature,
    trouble::{Trouble, status},
};
use crate::ports::{Ports, Present, YUBIKEY};
use officiant_engine::conduct::{Bindings, Failure, Secret};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use rsa::traits::PublicKeyParts;

/// A key in a slot of a YubiKey that is plugged in.
pub struct SlotKey {
    card: Card,
    slot: Slot,
    key: Key,
}

/// A public key, by its algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfSlot {
    /// An uncompressed point (SEC 1, 2.3.3); signatures are ECDSA with SHA-256 in DER (RFC 3279, 2.2.3).
    P256(Vec<u8>),
    /// The same on P-384, with SHA-384.
    P384(Vec<u8>),
    /// Big-endian numbers; signatures are PKCS #1 v1.5 (RFC 8017, 8.2) with SHA-256.
    Rsa2048 {
        /// The public exponent.
        exponent: Vec<u8>,
        /// The modulus.
        modulus: Vec<u8>,
    },
}

/// What a person is asked before a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// For the PIN.
    Pin {
        /// How many tries are left, where the device tells.
        tries: Option<u8>,
        /// Whether one was wrong before.
        again: bool,
    },
    /// To touch the device when it blinks; nothing is answered.
    Touch,
}

impl SlotKey {
    /// Finds the device, by its serial number where there is more than one, and reads the public key.
    ///
    /// # Errors
    /// `no-device`, `which-device`, `not-found`, `unsupported-algorithm`, `firmware-too-old` and others of a card.
    pub fn open(ports: &dyn Ports, bindings: &Bindings, slot: Slot, serial: Option<u32>) -> Result<Self, Failure> {
        let present = ports.present(YUBIKEY, bindings)?;
        let plugged = only(&present, slot, serial)?;
        let mut card = Card::open(format!("the YubiKey {}", plugged.serial), plugged)?;
        let key = card.held(slot)?;
        Ok(Self { card, slot, key })
    }

    /// The serial number of the device.
    #[must_use]
    pub fn serial(&self) -> u32 {
        self.card.serial()
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> OfSlot {
        match &self.key.public {
            PublicKey::P256(key) => OfSlot::P256(key.to_encoded_point(false).as_bytes().to_vec()),
            PublicKey::P384(key) => OfSlot::P384(key.to_encoded_point(false).as_bytes().to_vec()),
            PublicKey::Rsa2048(key) => {
                OfSlot::Rsa2048 { exponent: key.e().to_bytes_be(), modulus: key.n().to_bytes_be() }
            }
        }
    }

    /// Signs, and verifies the signature. `ask` answers with the PIN, or nothing when a person does not want to go on.
    ///
    /// # Errors
    /// `pin-blocked`, `last-try`, `touch-missed`, `untrue-signature` and others of a card.
    pub fn sign(
        &mut self,
        message: &[u8],
        mut ask: impl FnMut(&Asked) -> Result<Option<Secret>, String>,
    ) -> Result<Vec<u8>, Failure> {
        let unasked = |why: String| Failure::new("unanswered", why);
        if self.key.pin_policy != PinPolicy::Never {
            self.verify(|asked| ask(asked).map_err(unasked))?;
        }
        if self.key.touch_policy != TouchPolicy::Never {
            ask(&Asked::Touch).map_err(unasked)?;
        }
        signature(&mut self.card, self.slot, &self.key, message)
    }

    fn verify(&mut self, mut ask: impl FnMut(&Asked) -> Result<Option<Secret>, Failure>) -> Result<(), Failure> {
        let mut tries = self.card.state(Reference::Pin)?.tries;
        let mut again = false;
        loop {
            if tries == Some(0) {
                return Err(Failure::new("pin-blocked", format!("the PIN of {} is blocked", self.card.name()))
                    .next("set a new one with the PUK: `ykman piv access unblock-pin`"));
            }
            let Some(pin) = ask(&Asked::Pin { tries, again })? else {
                return Err(Failure::new("last-try", "the PIN was not entered, and nothing was signed"));
            };
            if !(6..=8).contains(&pin.expose().len()) {
                // No PIN, so no try is used for it.
                again = true;
                continue;
            }
            let answer = self.card.send(0x20, 0, Reference::Pin.number(), &*padded(&pin));
            let answer = answer.map_err(|trouble| self.card.failure("verify", Moment::Before, &trouble))?;
            match status::tries(answer.status) {
                None if answer.status == status::OK => return Ok(()),
                None => return Err(self.card.failure("verify", Moment::Before, &Trouble::Refused(answer.status))),
                left => (tries, again) = (left, true),
            }
        }
    }
}

fn only(present: &Present, slot: Slot, serial: Option<u32>) -> Result<&crate::ports::Plugged, Failure> {
    let found: Vec<_> =
        present.devices.iter().filter(|plugged| serial.is_none_or(|serial| plugged.serial == serial)).collect();
    match found.as_slice() {
        [only] => Ok(*only),
        [] => {
            let which = serial
                .map_or_else(|| "no YubiKey is inserted".to_string(), |it| format!("the YubiKey {it} is not inserted"));
            let why = if present.devices.is_empty() { format!(": {}", present.nothing()) } else { String::new() };
            Err(Failure::new("no-device", format!("{which}{why}")).next("insert the one with the key"))
        }
        several => {
            let serials: Vec<String> = several.iter().map(|plugged| plugged.serial.to_string()).collect();
            Err(Failure::new("which-device", format!("several YubiKeys are inserted: {}", serials.join(", ")))
                .next(format!("name the one with the key: piv:{slot}@{}", serials[0])))
        }
    }
}
