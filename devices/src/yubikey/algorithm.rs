//! Algorithms, and the keys' policies.

use serde::{Deserialize, Serialize};

use super::status_word::StatusWord;

/// The algorithm of a key pair (NIST SP 800-78-4, table 6-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub(super) enum Algorithm {
    Rsa2048 = 0x07,
    EccP256 = 0x11,
    EccP384 = 0x14,
}

impl Algorithm {
    pub(super) const fn code(self) -> u8 {
        self as u8
    }
}

impl TryFrom<u8> for Algorithm {
    type Error = StatusWord;

    fn try_from(code: u8) -> Result<Self, StatusWord> {
        [Self::Rsa2048, Self::EccP256, Self::EccP384]
            .into_iter()
            .find(|algorithm| algorithm.code() == code)
            .ok_or(StatusWord::IncorrectParameters)
    }
}

/// When a key needs the PIN. The numbers are those of commands, metadata and attestations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub(super) enum PinPolicy {
    Never = 1,
    /// Once since the card was selected or reset.
    Once = 2,
    /// Before every use.
    Always = 3,
}

/// When a key needs a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub(super) enum TouchPolicy {
    Never = 1,
    Always = 2,
    /// Unless there was a touch within the last 15 seconds.
    Cached = 3,
}

impl PinPolicy {
    pub(super) const fn code(self) -> u8 {
        self as u8
    }

    pub(super) fn from_code(code: u8) -> Option<Self> {
        [Self::Never, Self::Once, Self::Always].into_iter().find(|policy| policy.code() == code)
    }
}

impl TouchPolicy {
    pub(super) const fn code(self) -> u8 {
        self as u8
    }

    pub(super) fn from_code(code: u8) -> Option<Self> {
        [Self::Never, Self::Always, Self::Cached].into_iter().find(|policy| policy.code() == code)
    }
}
