//! Slots for keys (NIST SP 800-73-4, part 1, table 4b; <https://developers.yubico.com/PIV/Introduction/Certificate_slots.html>).

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt, str::FromStr};
use yubikey::{ObjectId, piv::SlotId};

/// A slot that holds a key and a certificate: `9a`, `9c`, `9d`, `9e`, or `82` to `95`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slot(u8);

impl Slot {
    /// 9c, for digital signatures.
    pub(crate) const SIGNATURE: Self = Self(0x9c);

    /// The vendor's number, which is that of NIST.
    #[must_use]
    pub(crate) fn number(self) -> u8 {
        self.0
    }

    /// As the `yubikey` crate names it.
    pub(crate) fn to_device(self) -> Option<SlotId> {
        SlotId::try_from(self.0).ok()
    }

    /// The object that its certificate is in.
    pub(crate) fn certificate(self) -> ObjectId {
        match self.0 {
            0x9a => 0x005f_c105,
            0x9c => 0x005f_c10a,
            0x9d => 0x005f_c10b,
            0x9e => 0x005f_c101,
            retired => 0x005f_c10d + ObjectId::from(retired - 0x82),
        }
    }

    /// Every slot.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [0x9a, 0x9c, 0x9d, 0x9e].into_iter().chain(0x82..=0x95).map(Self)
    }
}

impl FromStr for Slot {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::all()
            .find(|slot| slot.to_string().eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("`{text}` is no slot for a key: those are 9a, 9c, 9d, 9e, and 82 to 95"))
    }
}

impl TryFrom<String> for Slot {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Slot> for String {
    fn from(slot: Slot) -> Self {
        slot.to_string()
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02x}", self.0)
    }
}

impl JsonSchema for Slot {
    fn schema_name() -> Cow<'static, str> {
        "Slot".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A slot: 9a, 9c (signatures), 9d, 9e, or 82 to 95",
            "pattern": "^(9[acdeACDE]|8[2-9a-fA-F]|9[0-5])$"
        })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_named_in_hex_and_has_an_object_for_its_certificate() {
        for (text, object) in [("9a", 0x5f_c105), ("9C", 0x5f_c10a), ("82", 0x5f_c10d), ("95", 0x5f_c120)] {
            let slot: Slot = text.parse().unwrap();
            assert_eq!((slot.certificate(), slot.to_string()), (object, text.to_lowercase()));
            assert!(slot.to_device().is_some());
        }
        for text in ["", "9b", "f9", "96", "81", "0x9c", "9c "] {
            assert!(text.parse::<Slot>().is_err(), "{text}");
        }
    }
}
