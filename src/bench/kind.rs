//! The kinds of devices that there are virtual ones of.

use officiant_steps::ports::{YUBIHSM2, YUBIKEY};
use serde::{Deserialize, Serialize};

/// A kind of device that there are virtual ones of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    #[default]
    #[serde(rename = "yubihsm2")]
    YubiHsm,
    #[serde(rename = "yubikey")]
    YubiKey,
}

impl Kind {
    /// The kind that runbooks declare by this name.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            YUBIHSM2 => Some(Self::YubiHsm),
            YUBIKEY => Some(Self::YubiKey),
            _ => None,
        }
    }

    /// The first serial number that is made up for such a device, of as many digits as the vendor prints on it.
    pub fn first_serial(self) -> u32 {
        match self {
            Self::YubiHsm => 9_000_001,
            Self::YubiKey => 90_000_001,
        }
    }
}
