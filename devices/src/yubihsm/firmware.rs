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

    /// The three bytes of DEVICE INFO and of the attestation extension.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 3] {
        [self.major, self.minor, self.build]
    }

    /// Whether this is the given version or a later one.
    #[must_use]
    pub const fn at_least(self, major: u8, minor: u8, build: u8) -> bool {
        u32::from_be_bytes([0, self.major, self.minor, self.build]) >= u32::from_be_bytes([0, major, minor, build])
    }

    /// The highest algorithm identifier that DEVICE INFO lists; it lists all from 1 on. The vendor's list of algorithms
    /// grew by `rsa-pkcs1-decrypt` (48) with 2.2, by asymmetric authentication and AES (to 54) with 2.3, by `aes-kwp`
    /// (55) with 2.4. A real device lists what it can do; this one, what the real one can.
    pub(super) const fn highest_algorithm(self) -> u8 {
        if self.at_least(2, 4, 0) {
            55
        } else if self.at_least(2, 3, 0) {
            54
        } else if self.at_least(2, 2, 0) {
            48
        } else {
            47
        }
    }

    /// The longest message the device handles, with its three bytes of header. `python-yubihsm` and `libyubihsm` know
    /// 2048 bytes before 2.4.0 and 3136 from there on, and keep one byte below.
    pub(super) const fn longest_message(self) -> usize {
        if self.at_least(2, 4, 0) { 3136 - 1 } else { 2048 - 1 }
    }

    /// The most data that the answer to an encrypted command can have, so that padded, and with header, session ID and
    /// MAC around it, it is no longer than the longest message.
    pub(super) const fn longest_encrypted_data(self) -> usize {
        let padded = (self.longest_message() - 3 - 1 - 8) / 16 * 16;
        padded - 1 - 3
    }
}

impl Default for Firmware {
    fn default() -> Self {
        Self::new(2, 4, 0)
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
