//! Slots for key pairs.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{algorithm::PinPolicy, status_word::StatusWord};

/// A slot for a key pair: 9a, 9c, 9d, 9e, or a retired one, 82 to 95 (NIST SP 800-73-4, part 1, table 4b). The one of the
/// attestation key, f9, is no such slot: its key is not used by clients.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(u8);

/// The slot of the attestation key.
pub(super) const ATTESTATION: u8 = 0xf9;

impl Slot {
    pub(super) const fn number(self) -> u8 {
        self.0
    }

    /// The policy of a key for which none was asked: 9c wants the PIN always, 9e never, the others once (Yubico's *PIV
    /// Slots*).
    pub(super) const fn default_pin_policy(self) -> PinPolicy {
        match self.0 {
            0x9c => PinPolicy::Always,
            0x9e => PinPolicy::Never,
            _ => PinPolicy::Once,
        }
    }
}

impl TryFrom<u8> for Slot {
    type Error = StatusWord;

    /// # Errors
    /// [`StatusWord::WrongP1P2`], which Yubico's tools take for a wrong slot.
    fn try_from(number: u8) -> Result<Self, StatusWord> {
        match number {
            0x9a | 0x9c..=0x9e | 0x82..=0x95 => Ok(Self(number)),
            _ => Err(StatusWord::WrongP1P2),
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Slot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u8::from_str_radix(&text, 16)
            .ok()
            .and_then(|number| Self::try_from(number).ok())
            .ok_or_else(|| D::Error::custom(format!("{text:?} is no slot")))
    }
}
