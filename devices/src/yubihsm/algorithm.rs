//! Algorithms of objects.

use serde::{Deserialize, Serialize};

use super::error_code::ErrorCode;

/// The algorithm of an object (*Core Concepts*, *Algorithms*), as far as this device has objects of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub(super) enum Algorithm {
    /// `ecp256`: a key on NIST P-256.
    Ecp256 = 12,
    /// `ecp384`: a key on NIST P-384.
    Ecp384 = 13,
    /// `aes128-yubico-authentication`: an authentication key, two AES-128 keys.
    Aes128YubicoAuthentication = 38,
    /// `ed25519`: a key for Ed25519 (RFC 8032).
    Ed25519 = 46,
}

impl Algorithm {
    /// The identifier in messages.
    pub(super) const fn code(self) -> u8 {
        self as u8
    }

    /// Bytes of a private key of this algorithm in PUT ASYMMETRIC KEY; `None` if it is no asymmetric algorithm.
    pub(super) const fn private_key_length(self) -> Option<usize> {
        match self {
            Self::Ecp256 | Self::Ed25519 => Some(32),
            Self::Ecp384 => Some(48),
            Self::Aes128YubicoAuthentication => None,
        }
    }

    /// The *length* that GET OBJECT INFO reports, in bytes.
    ///
    /// Authentication keys: 40, as the vendor's own test asserts of the factory key. Keys on a curve: the private
    /// integer and both coordinates, by analogy with the vendor's example of an RSA key (896 bytes: five half-size
    /// values and the modulus). Ed25519 is not documented; three values of 32 bytes are assumed.
    pub(super) const fn object_length(self) -> u16 {
        match self {
            Self::Ecp256 | Self::Ed25519 => 96,
            Self::Ecp384 => 144,
            Self::Aes128YubicoAuthentication => 40,
        }
    }
}

impl TryFrom<u8> for Algorithm {
    type Error = ErrorCode;

    /// # Errors
    /// [`ErrorCode::InvalidData`] for an algorithm this device has no objects of.
    fn try_from(code: u8) -> Result<Self, ErrorCode> {
        [Self::Ecp256, Self::Ecp384, Self::Aes128YubicoAuthentication, Self::Ed25519]
            .into_iter()
            .find(|algorithm| algorithm.code() == code)
            .ok_or(ErrorCode::InvalidData)
    }
}
