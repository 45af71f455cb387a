//! How a key in AWS KMS signs, by the names of AWS and of TUF.

use crate::tuf::metadata::{PublicKey, Scheme};
use schemars::JsonSchema;
use serde::Deserialize;

/// AWS's name of a way to sign that TUF's metadata is signed with here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub(super) enum Signing {
    /// ECDSA on the curve P-256: `ecdsa-sha2-nistp256`.
    #[default]
    #[serde(rename = "ECDSA_SHA_256")]
    EcdsaSha256,
    /// ECDSA on the curve P-384: `ecdsa-sha2-nistp384`.
    #[serde(rename = "ECDSA_SHA_384")]
    EcdsaSha384,
    /// RSA-PSS: `rsassa-pss-sha256`.
    #[serde(rename = "RSASSA_PSS_SHA_256")]
    RsassaPssSha256,
}

impl Signing {
    /// AWS's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::EcdsaSha256 => "ECDSA_SHA_256",
            Self::EcdsaSha384 => "ECDSA_SHA_384",
            Self::RsassaPssSha256 => "RSASSA_PSS_SHA_256",
        }
    }

    /// TUF's, as securesystemslib's `AWSSigner` has it.
    pub(super) fn scheme(self) -> Scheme {
        match self {
            Self::EcdsaSha256 => Scheme::EcdsaP256,
            Self::EcdsaSha384 => Scheme::EcdsaP384,
            Self::RsassaPssSha256 => Scheme::RsaPssSha256,
        }
    }

    /// Whether a public key is of a key that signs so.
    pub(super) fn fits(self, key: &PublicKey) -> bool {
        key.scheme() == self.scheme()
    }
}
