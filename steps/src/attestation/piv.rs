//! What a `YubiKey`'s PIV application says of a key (<https://docs.yubico.com/hardware/oid/oid-piv-arc.html>).
//!
//! The device attests only keys that it generated, so that there is an attestation says so.

use super::version::Version;
use crate::x509::{self, REHEARSAL, Unsaid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use x509_cert::{Certificate, der::asn1::ObjectIdentifier};

/// The bytes are the extension's value itself.
const FIRMWARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.3");
const SERIAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.7");
const POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.8");
const FORM_FACTOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.9");

/// The bit of a form factor that a FIPS device has.
const FIPS: u8 = 0x80;

/// What a subject has before the slot.
const SUBJECT: &str = "YubiKey PIV Attestation ";

/// When the PIN must have been entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PinPolicy {
    Never,
    Once,
    Always,
    MatchOnce,
    MatchAlways,
}

/// When the device must be touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TouchPolicy {
    Never,
    Always,
    /// Once for 15 seconds.
    Cached,
}

/// What an attestation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PivClaims {
    /// Two hexadecimal digits, lower case.
    pub(crate) slot: String,
    pub(crate) serial: u32,
    pub(crate) firmware: Version,
    pub(crate) pin_policy: PinPolicy,
    pub(crate) touch_policy: TouchPolicy,
    /// As the device has it; firmware before 5 does not say it.
    pub(crate) form_factor: Option<u8>,
}

impl PivClaims {
    /// Whether it is a FIPS device.
    pub(crate) fn fips(&self) -> bool {
        self.form_factor.is_some_and(|form_factor| form_factor & FIPS != 0)
    }

    /// Reads them.
    ///
    /// # Errors
    /// All that is wrong with them, as clauses.
    pub(crate) fn read(certificate: &Certificate) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut said = |what: &str, unsaid: Unsaid| faults.push(format!("its extension for the {what} {unsaid}"));
        let bytes = |oid| x509::only(certificate, oid);
        let firmware = bytes(FIRMWARE)
            .and_then(|bytes| <[u8; 3]>::try_from(bytes).map_err(|_| Unsaid::Malformed))
            .map(Version)
            .map_err(|unsaid| said("firmware version", unsaid));
        let serial = x509::number(certificate, SERIAL).map_err(|unsaid| said("serial number", unsaid));
        let policies = bytes(POLICIES).and_then(|bytes| policies(&bytes).ok_or(Unsaid::Malformed));
        let policies = policies.map_err(|unsaid| said("PIN and touch policy", unsaid));
        let form_factor = match bytes(FORM_FACTOR) {
            Err(Unsaid::Absent) => Ok(None),
            found => found.and_then(|bytes| match bytes.as_slice() {
                [one] => Ok(Some(*one)),
                _ => Err(Unsaid::Malformed),
            }),
        };
        let form_factor = form_factor.map_err(|unsaid| said("form factor", unsaid));
        let slot = slot(certificate);
        if slot.is_none() {
            faults.push(format!("its subject `{}` names no slot", certificate.tbs_certificate.subject));
        }
        match (slot, serial, firmware, policies, form_factor) {
            (Some(slot), Ok(serial), Ok(firmware), Ok((pin_policy, touch_policy)), Ok(form_factor)) => {
                Ok(Self { slot, serial, firmware, pin_policy, touch_policy, form_factor })
            }
            _ => Err(faults),
        }
    }
}

fn policies(bytes: &[u8]) -> Option<(PinPolicy, TouchPolicy)> {
    let &[pin, touch] = bytes else { return None };
    let pin = match pin {
        1 => PinPolicy::Never,
        2 => PinPolicy::Once,
        3 => PinPolicy::Always,
        4 => PinPolicy::MatchOnce,
        5 => PinPolicy::MatchAlways,
        _ => return None,
    };
    let touch = match touch {
        1 => TouchPolicy::Never,
        2 => TouchPolicy::Always,
        3 => TouchPolicy::Cached,
        _ => return None,
    };
    Some((pin, touch))
}

/// The slot that a subject names, two hexadecimal digits; a virtual device has a word more before it.
fn slot(certificate: &Certificate) -> Option<String> {
    let name = x509::common_name(certificate)?;
    let name = name.strip_prefix(REHEARSAL).map_or(name.as_str(), str::trim_start);
    let slot = name.strip_prefix(SUBJECT)?;
    let digits = slot.len() == 2 && slot.bytes().all(|digit| digit.is_ascii_hexdigit() && !digit.is_ascii_uppercase());
    digits.then(|| slot.to_string())
}
