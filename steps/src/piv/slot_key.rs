//! A key in a slot that signs outside any ceremony, for a seal.

use super::{
    argument::{PinPolicy, Slot, TouchPolicy},
    card::{Card, Key, Moment},
    public_key::PublicKey,
    reference::{Reference, blocked, padded},
    signing::signature,
    trouble::{Trouble, status},
};
use crate::ports::{Ports, Present, YUBIKEY};
use officiant_engine::conduct::{Bindings, Failure, Secret};
use rsa::traits::PublicKeyParts;

/// A key in a slot of a YubiKey that is plugged in.
pub struct SlotKey {
    card: Card,
    slot: Slot,
    key: Key,
    pin: Option<Secret>,
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

/// What became of a PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// It is the device's, and signs from now on.
    Right,
    /// It is not; this many tries are left.
    Wrong(u8),
    /// It has not 6 to 8 characters, and no try was used.
    Malformed,
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
        Ok(Self { card, slot, key, pin: None })
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

    /// Whether the key wants the PIN.
    #[must_use]
    pub fn wants_pin(&self) -> bool {
        self.key.pin_policy != PinPolicy::Never
    }

    /// Whether the key wants a touch when it signs.
    #[must_use]
    pub fn wants_touch(&self) -> bool {
        self.key.touch_policy != TouchPolicy::Never
    }

    /// How many tries are left for the PIN, where the device tells.
    ///
    /// # Errors
    /// `pin-blocked` when there are none, and those of a card.
    pub fn tries(&mut self) -> Result<Option<u8>, Failure> {
        match self.card.state(Reference::Pin)?.tries {
            Some(0) => Err(blocked(&self.card, Reference::Pin)),
            tries => Ok(tries),
        }
    }

    /// Verifies a PIN, and keeps the right one: a key may want it again right before it signs.
    ///
    /// # Errors
    /// `pin-blocked`, and those of a card.
    pub fn enter(&mut self, pin: Secret) -> Result<Entered, Failure> {
        if !(6..=8).contains(&pin.expose().len()) {
            return Ok(Entered::Malformed);
        }
        match self.verify(&pin)? {
            None => {
                self.pin = Some(pin);
                Ok(Entered::Right)
            }
            Some(0) => Err(blocked(&self.card, Reference::Pin)),
            Some(left) => Ok(Entered::Wrong(left)),
        }
    }

    /// Signs, and verifies the signature.
    ///
    /// # Errors
    /// `wrong-pin`, `touch-missed`, `untrue-signature` and others of a card.
    pub fn sign(&mut self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        if let Some(pin) = self.pin.clone()
            && self.verify(&pin)?.is_some()
        {
            let message = format!("the PIN of {} was changed meanwhile", self.card.name());
            return Err(Failure::new("wrong-pin", message).next("seal once more"));
        }
        signature(&mut self.card, self.slot, &self.key, message)
    }

    /// How many tries are left after a wrong one.
    fn verify(&mut self, pin: &Secret) -> Result<Option<u8>, Failure> {
        let answer = self.card.send(0x20, 0, Reference::Pin.number(), &*padded(pin));
        let answer = answer.map_err(|trouble| self.card.failure("verify", Moment::Before, &trouble))?;
        match status::tries(answer.status) {
            None if answer.status == status::OK => Ok(None),
            None => Err(self.card.failure("verify", Moment::Before, &Trouble::Refused(answer.status))),
            left => Ok(left),
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
