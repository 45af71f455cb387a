//! Firmware versions.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A firmware version, such as 2.4.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Firmware {
    /// Major version.
    pub major: u8,
    /// Minor version.
    pub minor: u8,
    /// Build version.
    pub build: u8,
}

impl Firmware {
    /// A version from its three numbers.
    #[must_use]
    pub const fn new(major: u8, minor: u8, build: u8) -> Self {
        Self { major, minor, build }
    }

    /// The three bytes, as devices and their attestations give them.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 3] {
        [self.major, self.minor, self.build]
    }

    /// Whether this is the given version or a later one.
    #[must_use]
    pub const fn at_least(self, major: u8, minor: u8, build: u8) -> bool {
        u32::from_be_bytes([0, self.major, self.minor, self.build]) >= u32::from_be_bytes([0, major, minor, build])
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.build)
    }
}

impl FromStr for Firmware {
    type Err = String;

    /// # Errors
    /// A sentence for the user, if `text` is not three numbers from 0 to 255 with dots between them.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut numbers = text.split('.').map(str::parse);
        match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor)), Some(Ok(build)), None) => Ok(Self { major, minor, build }),
            _ => Err(format!("{text:?} is not a firmware version; write three numbers, such as 2.4.0")),
        }
    }
}

impl Serialize for Firmware {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Firmware {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
