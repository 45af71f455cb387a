//! What a YubiKey's attestation of a key says (<https://developers.yubico.com/PIV/Introduction/PIV_attestation.html>).

use super::{
    argument::{PinPolicy, TouchPolicy},
    card::{Card, Key},
    certificate::Held,
};
use crate::x509::{self, Unverified, verify};
use x509_cert::der::{Decode, asn1::ObjectIdentifier};

/// The vendor's extensions: three bytes; an INTEGER in DER; two bytes.
const FIRMWARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.3");
const SERIAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.7");
const POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.8");

/// What an attestation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claims {
    /// The device's serial number.
    pub(super) serial: u32,
    /// The device's firmware version, for example `5.4.3`.
    pub(super) firmware: String,
    pub(super) pin_policy: PinPolicy,
    pub(super) touch_policy: TouchPolicy,
    /// The slot, as the subject names it: two hex digits.
    pub(super) slot: String,
}

impl Claims {
    /// Nothing when it does not say all of it.
    pub(super) fn of(attestation: &Held) -> Option<Self> {
        let firmware = <[u8; 3]>::try_from(attestation.extension(FIRMWARE)?).ok()?;
        let [pin_policy, touch_policy] = attestation.extension(POLICIES)? else { return None };
        let subject = attestation.subject();
        let subject = subject.strip_prefix("CN=")?;
        let subject = subject.strip_prefix("REHEARSAL ").unwrap_or(subject);
        Some(Self {
            serial: u32::from_der(attestation.extension(SERIAL)?).ok()?,
            firmware: firmware.map(|number| number.to_string()).join("."),
            pin_policy: PinPolicy::from_device(*pin_policy)?,
            touch_policy: TouchPolicy::from_device(*touch_policy)?,
            slot: subject.strip_prefix("YubiKey PIV Attestation ")?.to_lowercase(),
        })
    }
}

/// What of an attestation is not as it must be, as clauses; nothing when all is.
pub(super) fn faults(attestation: &Held, device: &Held, card: &Card, slot: &str, key: &Key) -> Vec<String> {
    let mut faults = Vec::new();
    let mut must = |holds: bool, fault: &str| {
        if !holds {
            faults.push(fault.to_string());
        }
    };
    must(
        key.public.info().is_ok_and(|info| info.der == attestation.public_key()),
        "it attests another public key than the device gives",
    );
    must(attestation.issuer() == device.subject(), "it was issued by another than the certificate in slot f9");
    match Claims::of(attestation) {
        None => must(false, "it does not say all that a YubiKey says of a key"),
        Some(claims) => {
            must(claims.serial == card.serial(), "its serial number is not the device's");
            must(claims.firmware == card.firmware().to_string(), "its firmware version is not the device's");
            must(claims.slot == slot, "its slot is not the key's");
            must(claims.pin_policy == key.pin_policy, "its PIN policy is not the key's");
            must(claims.touch_policy == key.touch_policy, "its touch policy is not the key's");
        }
    }
    faults.extend(of_certificates(attestation, device));
    faults
}

/// What of the certificates themselves is not as it must be, as clauses: each is read strictly, F9's signed the attestation, and
/// the attestation is of a key and of no authority.
pub(super) fn of_certificates(attestation: &Held, device: &Held) -> Vec<String> {
    let mut faults: Vec<String> = signed_by(attestation, device).err().into_iter().collect();
    faults.extend(x509::from_der(attestation.der()).err());
    faults.extend(x509::critical_extensions(attestation.certificate()).err());
    if x509::is_authority(attestation.certificate()) {
        faults.push("it is the certificate of an authority, not of a key".to_string());
    }
    faults.extend(x509::from_der(device.der()).err().map(|fault| format!("the certificate of slot f9: {fault}")));
    faults
}

/// Verifies the signature with the public key of `issuer`.
fn signed_by(attestation: &Held, issuer: &Held) -> Result<(), String> {
    verify(attestation.certificate(), issuer.certificate()).map_err(|unverified| match unverified {
        Unverified::OtherKey => "the key of slot f9 did not sign it".to_string(),
        Unverified::TwoAlgorithms => "it names two signature algorithms".to_string(),
        Unverified::Algorithm(other) => format!("its signature algorithm {other} is not one of a YubiKey"),
    })
}
