//! Algorithms of keys (<https://docs.yubico.com/yesdk/users-manual/application-piv/apdu/generate-pair.html>).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use yubikey::piv::AlgorithmId;

/// The algorithm of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum KeyAlgorithm {
    #[serde(rename = "ECCP256")]
    P256,
    #[serde(rename = "ECCP384")]
    P384,
    #[serde(rename = "RSA2048")]
    Rsa2048,
}

impl KeyAlgorithm {
    pub(crate) fn to_device(self) -> AlgorithmId {
        match self {
            Self::P256 => AlgorithmId::EccP256,
            Self::P384 => AlgorithmId::EccP384,
            Self::Rsa2048 => AlgorithmId::Rsa2048,
        }
    }

    /// By the vendor's number; nothing for the others.
    pub(crate) fn from_device(number: u8) -> Option<Self> {
        [Self::P256, Self::P384, Self::Rsa2048].into_iter().find(|it| u8::from(it.to_device()) == number)
    }

    /// The vendor's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P256 => "ECCP256",
            Self::P384 => "ECCP384",
            Self::Rsa2048 => "RSA2048",
        }
    }
}
