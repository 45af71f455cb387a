//! Domains of objects and sessions.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A set of the sixteen domains (*Core Concepts*, *Domains*): two bytes, big-endian; domain 1 is the lowest bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Domains(pub(super) u16);

impl Domains {
    /// All sixteen.
    pub(super) const ALL: Self = Self(0xffff);

    /// Whether the two sets have a domain in common: what makes an object visible to a session.
    pub(super) const fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether every domain of `wanted` is among these.
    pub(super) const fn cover(self, wanted: Self) -> bool {
        wanted.0 & !self.0 == 0
    }

    /// Whether there is none.
    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Serialize for Domains {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{:04x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Domains {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u16::from_str_radix(&text, 16).map(Self).map_err(D::Error::custom)
    }
}
