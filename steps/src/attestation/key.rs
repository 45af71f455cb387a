//! What is reported of a device and its keys.

use super::{
    piv::{PinPolicy, PivClaims, TouchPolicy},
    public_key::algorithm,
    yubihsm::HsmClaims,
};
use crate::{
    text::plain,
    yubihsm::{capability_names, domain_numbers, origin_name},
};
use officiant_engine::record::digest_hex;
use schemars::JsonSchema;
use serde::Serialize;
use x509_cert::{Certificate, der::Encode};
use yubihsm::Capability;

/// A file that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Seen {
    /// Its path: from `products/` on in the ceremony folder, absolute elsewhere.
    pub(super) path: String,
    /// SHA-256, hex.
    pub(super) sha256: String,
}

/// A device and its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Device {
    /// Its serial number.
    pub(super) serial: u32,
    /// Its folder.
    pub(super) folder: String,
    /// Whom the certificate is of that attests: F9's of a `YubiKey`.
    pub(super) subject: String,
    /// What is above that certificate, the root last.
    pub(super) chain: Vec<String>,
    /// SHA-256 (hex) of the root's DER.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) root: Option<String>,
    /// Whether it is a virtual device.
    pub(super) rehearsal: bool,
    /// Who holds it, as `README.md` in its folder says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) held_by: Option<String>,
    /// Its keys, in the order of their files.
    pub(super) keys: Vec<Key>,
    /// The files that were looked at.
    pub(super) files: Vec<Seen>,
    /// What does not hold, as clauses; nothing when the step succeeds.
    pub(super) faults: Vec<String>,
}

/// An attested key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Key {
    /// The file with its attestation.
    pub(super) attestation: String,
    /// The files whose public key is the attested one.
    pub(super) public_keys: Vec<String>,
    /// SHA-256 (hex) of its `SubjectPublicKeyInfo`, DER.
    pub(super) fingerprint: String,
    /// What it is for, by the vendor's names: `ecp256`, `ecp384`, `ed25519`, `rsa2048`.
    pub(super) algorithm: String,
    /// The device's serial number.
    pub(super) serial: u32,
    /// The device's firmware version.
    pub(super) firmware: String,
    /// Whether it is of a FIPS device.
    pub(super) fips: bool,
    /// `generated` when it was made in the device.
    pub(super) origin: String,
    /// Of a `YubiKey`: the slot, two hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) slot: Option<String>,
    /// Of a `YubiKey`: when the PIN must have been entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pin_policy: Option<PinPolicy>,
    /// Of a `YubiKey`: when it must be touched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) touch_policy: Option<TouchPolicy>,
    /// Of a `YubiKey`: its form factor, as the device has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) form_factor: Option<u8>,
    /// Of a `YubiHSM` 2: the object ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) object_id: Option<u16>,
    /// Of a `YubiHSM` 2: the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    /// Of a `YubiHSM` 2: the domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) domains: Option<Vec<u8>>,
    /// Of a `YubiHSM` 2: the capabilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) capabilities: Option<Vec<String>>,
    /// Of a `YubiHSM` 2: whether it may be exported under a wrap key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exportable: Option<bool>,
}

impl Key {
    fn of(file: &str, attestation: &Certificate, serial: u32, firmware: String, fips: bool, origin: &str) -> Self {
        let key = &attestation.tbs_certificate.subject_public_key_info;
        Self {
            attestation: file.to_string(),
            public_keys: Vec::new(),
            fingerprint: digest_hex(&key.to_der().unwrap_or_default()),
            algorithm: algorithm(key),
            serial,
            firmware,
            fips,
            origin: origin.to_string(),
            slot: None,
            pin_policy: None,
            touch_policy: None,
            form_factor: None,
            object_id: None,
            label: None,
            domains: None,
            capabilities: None,
            exportable: None,
        }
    }

    /// A key of a `YubiKey`.
    pub(super) fn piv(file: &str, attestation: &Certificate, claims: &PivClaims) -> Self {
        Self {
            slot: Some(claims.slot.clone()),
            pin_policy: Some(claims.pin_policy),
            touch_policy: Some(claims.touch_policy),
            form_factor: claims.form_factor,
            // The device attests no other.
            ..Self::of(file, attestation, claims.serial, claims.firmware.to_string(), claims.fips(), "generated")
        }
    }

    /// A key of a `YubiHSM` 2.
    pub(super) fn yubihsm(file: &str, attestation: &Certificate, claims: &HsmClaims, fips: bool) -> Self {
        let origin = origin_name(claims.origin);
        Self {
            object_id: Some(claims.object_id),
            label: Some(plain(&claims.label)),
            domains: Some(domain_numbers(claims.domains)),
            capabilities: Some(capability_names(claims.capabilities)),
            exportable: Some(claims.capabilities.contains(Capability::EXPORTABLE_UNDER_WRAP)),
            ..Self::of(file, attestation, claims.serial, claims.firmware.to_string(), fips, origin)
        }
    }
}
