//! The kinds of devices that attest keys, and how their files are called.

use super::pattern::Pattern;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What attests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A `YubiKey`'s PIV application.
    Piv,
    /// A YubiHSM 2.
    Yubihsm,
}

impl Kind {
    /// The file with the device's certificate.
    pub(super) fn certificate(self) -> Pattern {
        Pattern::fixed(match self {
            Self::Piv => "SlotF9Intermediate.pem",
            Self::Yubihsm => "{serial}_cert.der",
        })
    }

    /// The files with attestations.
    pub(super) fn attestation(self) -> Pattern {
        Pattern::fixed(match self {
            Self::Piv => "Slot{slot}Attestation.pem",
            Self::Yubihsm => "{serial}_{key}_attestation.der",
        })
    }

    /// The files that may have the attested public keys.
    pub(super) fn public_keys(self) -> Vec<Pattern> {
        let names: &[&'static str] = match self {
            Self::Piv => &["Slot{slot}PublicKey.pem", "Slot{slot}Certificate.pem"],
            Self::Yubihsm => {
                &["{serial}_{key}_pubkey.pem", "{serial}_{key}_pubkey.pub.pem", "{serial}_{key}_pubkey.pub"]
            }
        };
        names.iter().map(|name| Pattern::fixed(name)).collect()
    }
}
