//! When a key wants the PIN, and when a touch
//! (<https://docs.yubico.com/yesdk/users-manual/application-piv/pin-touch-policies.html>).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When a key wants the PIN.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum PinPolicy {
    /// As the slot has it: always in 9c, never in 9e, once in the others.
    #[default]
    Default,
    Never,
    /// Once in a session.
    Once,
    /// Right before each use.
    Always,
}

/// When a key wants a touch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum TouchPolicy {
    /// Never.
    #[default]
    Default,
    Never,
    /// At each use.
    Always,
    /// At a use, and for 15 seconds after it no more.
    Cached,
}

impl PinPolicy {
    pub(crate) fn to_device(self) -> yubikey::PinPolicy {
        match self {
            Self::Default => yubikey::PinPolicy::Default,
            Self::Never => yubikey::PinPolicy::Never,
            Self::Once => yubikey::PinPolicy::Once,
            Self::Always => yubikey::PinPolicy::Always,
        }
    }

    /// By the vendor's number.
    pub(crate) fn from_device(number: u8) -> Option<Self> {
        [Self::Default, Self::Never, Self::Once, Self::Always].get(usize::from(number)).copied()
    }

    /// What a key in this slot has that was generated so.
    pub(crate) fn of(self, slot: u8) -> Self {
        match (self, slot) {
            (Self::Default, 0x9c) => Self::Always,
            (Self::Default, 0x9e) => Self::Never,
            (Self::Default, _) => Self::Once,
            (said, _) => said,
        }
    }
}

impl TouchPolicy {
    pub(crate) fn to_device(self) -> yubikey::TouchPolicy {
        match self {
            Self::Default => yubikey::TouchPolicy::Default,
            Self::Never => yubikey::TouchPolicy::Never,
            Self::Always => yubikey::TouchPolicy::Always,
            Self::Cached => yubikey::TouchPolicy::Cached,
        }
    }

    /// By the vendor's number.
    pub(crate) fn from_device(number: u8) -> Option<Self> {
        [Self::Default, Self::Never, Self::Always, Self::Cached].get(usize::from(number)).copied()
    }

    /// What a key has that was generated so.
    pub(crate) fn settled(self) -> Self {
        if self == Self::Default { Self::Never } else { self }
    }
}
