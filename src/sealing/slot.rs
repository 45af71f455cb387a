//! A key in a slot of a YubiKey.

use super::{Access, Signer, in_words};
use officiant_engine::{conduct::Failure, seal::Key};
use officiant_steps::{Entered, OfSlot, Slot, SlotKey, ports::SystemPorts};
use ssh_key::{
    Algorithm, Error, HashAlg, Mpint, Signature,
    public::{EcdsaPublicKey, KeyData, RsaPublicKey},
};

/// A key in a device that is plugged in.
pub struct PivKey {
    held: SlotKey,
    slot: Slot,
    key: Key,
}

impl PivKey {
    /// Reads the public key, and asks for the PIN, again while it is wrong; the last try is used only when the person says so.
    pub fn open(slot: Slot, serial: Option<u32>, access: &mut Access) -> Result<Self, String> {
        let said = |failure: Failure| in_words(&failure);
        let mut held = SlotKey::open(&SystemPorts::new(), &access.bindings, slot, serial).map_err(said)?;
        let key = public(held.public()).map_err(|error| format!("the public key of slot {slot}: {error}"))?;
        let key = Key::new(key).map_err(|why| why.to_string())?;
        if held.wants_pin() {
            enter(&mut held, access)?;
        }
        Ok(Self { held, slot, key })
    }
}

fn enter(held: &mut SlotKey, access: &mut Access) -> Result<(), String> {
    let device = format!("the YubiKey {}", held.serial());
    let mut tries = held.tries().map_err(|failure| in_words(&failure))?;
    loop {
        let left = match tries {
            Some(1) => ", 1 try is left".to_string(),
            Some(tries) => format!(", {tries} tries are left"),
            None => String::new(),
        };
        let pin = access.secret(&format!("PIN of {device}{left}"))?;
        if tries == Some(1)
            && !access
                .decides(&format!("One try is left: if this is wrong, the PIN of {device} is blocked. Use it now?"))?
        {
            return Err(format!("one try is left for the PIN of {device}, and was not used; nothing was sealed"));
        }
        match held.enter(pin).map_err(|failure| in_words(&failure))? {
            Entered::Right => return Ok(()),
            Entered::Wrong(left) => {
                eprintln!("That was not the PIN of {device}.");
                tries = Some(left);
            }
            Entered::Malformed => eprintln!("A PIN has 6 to 8 characters; no try was used."),
        }
    }
}

fn public(key: OfSlot) -> Result<KeyData, Error> {
    match key {
        OfSlot::P256(point) | OfSlot::P384(point) => EcdsaPublicKey::from_sec1_bytes(&point).map(KeyData::Ecdsa),
        OfSlot::Rsa2048 { exponent, modulus } => Ok(KeyData::Rsa(RsaPublicKey {
            e: Mpint::from_positive_bytes(&exponent)?,
            n: Mpint::from_positive_bytes(&modulus)?,
        })),
    }
}

impl Signer for PivKey {
    fn key(&self) -> &Key {
        &self.key
    }

    fn place(&self) -> String {
        format!("YubiKey {}, slot {}", self.held.serial(), self.slot)
    }

    /// A signature of the device's as OpenSSH has it (RFC 5656, RFC 8332).
    fn sign(&mut self, message: &[u8]) -> Result<Signature, String> {
        if self.held.wants_touch() {
            eprintln!("Touch the YubiKey {} when it blinks, within 15 seconds.", self.held.serial());
        }
        let signed = self.held.sign(message).map_err(|failure| in_words(&failure))?;
        let failed = |error: &dyn std::fmt::Display| format!("the device's signature is none: {error}");
        match self.held.public() {
            OfSlot::P256(_) => {
                let signature = p256::ecdsa::Signature::from_der(&signed).map_err(|error| failed(&error))?;
                Signature::try_from(signature).map_err(|error| failed(&error))
            }
            OfSlot::P384(_) => {
                let signature = p384::ecdsa::Signature::from_der(&signed).map_err(|error| failed(&error))?;
                Signature::try_from(signature).map_err(|error| failed(&error))
            }
            OfSlot::Rsa2048 { .. } => {
                Signature::new(Algorithm::Rsa { hash: Some(HashAlg::Sha256) }, signed).map_err(|error| failed(&error))
            }
        }
    }
}
