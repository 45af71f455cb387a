//! Attestation certificates, as far as they can be judged beside the device that made them
//! (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-core-concepts.html#certificate-extensions>).
//!
//! Whether the device's own certificate goes back to the vendor is told by [`x509::leads_to`](crate::x509::leads_to), with the vendor's root at hand.

use super::argument::{capability_names, domain_numbers};
use crate::{
    attestation::yubihsm::{CAPABILITIES, DOMAINS, FIRMWARE, LABEL, OBJECT_ID, ORIGIN, SERIAL},
    text::plain,
    x509::{self, Unverified},
};
use x509_cert::{
    Certificate,
    der::{Encode, EncodePem, asn1::ObjectIdentifier, pem::LineEnding},
};
use yubihsm::{Capability, Domain, object};

/// A certificate that a device gave out.
pub(super) struct Attestation {
    certificate: Certificate,
    der: Vec<u8>,
}

/// What an attestation must say.
pub(super) struct Expected<'a> {
    /// The attested key: SubjectPublicKeyInfo, DER.
    pub(super) public_key: &'a [u8],
    /// The device's serial number.
    pub(super) serial: u32,
    /// Its firmware version.
    pub(super) firmware: &'a str,
    /// The key as the device describes it.
    pub(super) object: &'a yubihsm::object::Info,
}

/// What an attestation says of the attested key, as the device describes objects.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) object_id: u16,
    pub(super) label: String,
    /// Whether the key was generated in the device.
    pub(super) generated: bool,
    pub(super) domains: Vec<u8>,
    pub(super) capabilities: Vec<String>,
}

impl Attestation {
    /// Reads X.509 DER.
    ///
    /// # Errors
    /// What is wrong with it, as a clause.
    pub(super) fn read(der: Vec<u8>) -> Result<Self, String> {
        Ok(Self { certificate: x509::from_der(&der)?, der })
    }

    /// Reads X.509, PEM or DER.
    ///
    /// # Errors
    /// What is wrong with it, as a clause.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let certificate = x509::certificate(bytes)?;
        Ok(Self { der: x509::der(&certificate), certificate })
    }

    pub(super) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The attested key: SubjectPublicKeyInfo, DER.
    pub(super) fn public_key(&self) -> Option<Vec<u8>> {
        self.certificate.tbs_certificate.subject_public_key_info.to_der().ok()
    }

    /// What it says of the attested key; nothing when it does not say all of it.
    pub(super) fn claims(&self) -> Option<Claims> {
        Some(Claims {
            object_id: u16::try_from(self.number(OBJECT_ID)?).ok()?,
            label: plain(&String::from_utf8(self.text(LABEL)?).ok()?),
            generated: self.bits(ORIGIN)? == u64::from(object::Origin::Generated.to_u8()),
            domains: domain_numbers(Domain::from_bits_retain(u16::try_from(self.bits(DOMAINS)?).ok()?)),
            capabilities: capability_names(Capability::from_bits_retain(self.bits(CAPABILITIES)?)),
        })
    }

    pub(super) fn issuer(&self) -> String {
        plain(&self.certificate.tbs_certificate.issuer.to_string())
    }

    pub(super) fn subject(&self) -> String {
        plain(&self.certificate.tbs_certificate.subject.to_string())
    }

    /// Whether a virtual device is at the root of it.
    pub(super) fn is_rehearsal(&self) -> bool {
        x509::is_rehearsal(&self.certificate)
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    /// PEM, with line feeds.
    pub(super) fn pem(&self) -> Result<String, String> {
        self.certificate.to_pem(LineEnding::LF).map_err(|error| error.to_string())
    }

    /// What of an attestation is not as it must be, as clauses; nothing when all is.
    pub(super) fn faults(&self, device: &Self, expected: &Expected<'_>) -> Vec<String> {
        let mut faults = Vec::new();
        let mut must = |holds: bool, fault: &str| {
            if !holds {
                faults.push(fault.to_string());
            }
        };
        let body = &self.certificate.tbs_certificate;
        let object = expected.object;
        must(
            body.issuer == device.certificate.tbs_certificate.subject,
            "it was issued by another than the device certificate",
        );
        must(
            body.subject_public_key_info.to_der().is_ok_and(|der| der == expected.public_key),
            "it attests another public key than the device gives",
        );
        must(self.serial() == Some(expected.serial), "its serial number is not the device's");
        must(
            x509::octets(&self.certificate, FIRMWARE).ok() == version(expected.firmware),
            "its firmware version is not the device's",
        );
        must(self.number(OBJECT_ID) == Some(u32::from(object.object_id)), "its object ID is not the key's");
        let label: &[u8] = object.label.as_ref();
        let label = label.split(|byte| *byte == 0).next().unwrap_or_default();
        must(self.text(LABEL).as_deref() == Some(label), "its label is not the key's");
        must(self.bits(ORIGIN) == Some(u64::from(object.origin.to_u8())), "its origin is not the key's");
        must(self.bits(DOMAINS) == Some(u64::from(object.domains.bits())), "its domains are not the key's");
        must(self.bits(CAPABILITIES) == Some(object.capabilities.bits()), "its capabilities are not the key's");
        if let Err(fault) = self.signed_by(device) {
            faults.push(fault);
        }
        faults
    }

    /// The serial number of the device that it is of.
    pub(super) fn serial(&self) -> Option<u32> {
        self.number(SERIAL)
    }

    /// Verifies the signature with the public key of `issuer`.
    pub(super) fn signed_by(&self, issuer: &Self) -> Result<(), String> {
        x509::verify(&self.certificate, &issuer.certificate).map_err(|unverified| match unverified {
            Unverified::OtherKey => "the device certificate's key did not sign it".to_string(),
            Unverified::TwoAlgorithms => "it names two signature algorithms".to_string(),
            Unverified::Algorithm(other) => format!("its signature algorithm {other} is not one of a YubiHSM 2"),
        })
    }

    fn number(&self, oid: ObjectIdentifier) -> Option<u32> {
        x509::number(&self.certificate, oid).ok()
    }

    fn bits(&self, oid: ObjectIdentifier) -> Option<u64> {
        x509::bits(&self.certificate, oid).ok()
    }

    fn text(&self, oid: ObjectIdentifier) -> Option<Vec<u8>> {
        x509::text(&self.certificate, oid).ok()
    }
}

/// `2.4.0` as three bytes.
fn version(firmware: &str) -> Option<Vec<u8>> {
    firmware.split('.').map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use spki::der::referenced::OwnedToRef;
    use std::path::{Path, PathBuf};

    /// Device 13200460 of the Python Software Foundation's ceremony of 2020-10-30, and its attestation of the root key.
    /// Nothing when it is not here.
    ///
    /// # Panics
    /// If it is not here and `CI` is set.
    fn published() -> Option<(Attestation, Attestation)> {
        let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
        let folder = std::env::var_os("OFFICIANT_REAL_DATA").map_or_else(default, PathBuf::from);
        let folder = folder.join("psf-2020-10-30/0013200460");
        if !folder.is_dir() {
            let reason = format!("{} is not there; set OFFICIANT_REAL_DATA", folder.display());
            assert!(std::env::var_os("CI").is_none(), "{reason}");
            eprintln!("skipped: {reason}");
            return None;
        }
        let read = |name: &str| Attestation::read(std::fs::read(folder.join(name)).unwrap()).unwrap();
        Some((read("0013200460_cert.der"), read("0013200460_root_attestation.der")))
    }

    fn root_key() -> object::Info {
        object::Info {
            capabilities: Capability::SIGN_ECDSA,
            object_id: 3,
            length: 144,
            domains: Domain::DOM1,
            object_type: object::Type::AsymmetricKey,
            algorithm: yubihsm::asymmetric::Algorithm::EcP384.into(),
            sequence: 0,
            origin: object::Origin::Generated,
            label: object::Label::from_bytes(b"tuf-root").unwrap(),
            delegated_capabilities: Capability::empty(),
        }
    }

    fn public_key(leaf: &Attestation) -> Vec<u8> {
        leaf.certificate.tbs_certificate.subject_public_key_info.owned_to_ref().to_der().unwrap()
    }

    #[test]
    fn the_attestation_of_a_real_device_holds() {
        let Some((device, leaf)) = published() else { return };
        let (object, key) = (root_key(), public_key(&leaf));
        let expected = Expected { public_key: &key, serial: 13_200_460, firmware: "2.1.2", object: &object };
        assert_eq!(leaf.faults(&device, &expected), Vec::<String>::new());
        assert_eq!(device.serial(), Some(13_200_460));
        assert_eq!(device.issuer(), "CN=Yubico YubiHSM 6742036 Sub-CA");
        assert!(!device.is_rehearsal() && !leaf.is_rehearsal());
    }

    #[test]
    fn whatever_differs_from_the_device_is_a_fault() {
        let Some((device, leaf)) = published() else { return };
        let key = public_key(&leaf);
        let faults = |change: fn(&mut object::Info)| {
            let mut object = root_key();
            change(&mut object);
            let expected = Expected { public_key: &key, serial: 13_200_460, firmware: "2.1.2", object: &object };
            leaf.faults(&device, &expected)
        };
        assert_eq!(faults(|object| object.object_id = 4), ["its object ID is not the key's"]);
        assert_eq!(faults(|object| object.origin = object::Origin::Imported), ["its origin is not the key's"]);
        assert_eq!(faults(|object| object.domains = Domain::all()), ["its domains are not the key's"]);
        assert_eq!(
            faults(|object| object.capabilities = Capability::SIGN_EDDSA),
            ["its capabilities are not the key's"]
        );
        let other = |object: &mut object::Info| object.label = object::Label::from_bytes(b"tuf-root2").unwrap();
        assert_eq!(faults(other), ["its label is not the key's"]);

        let object = root_key();
        let expected = Expected { public_key: b"another", serial: 1, firmware: "2.4.0", object: &object };
        assert_eq!(
            leaf.faults(&device, &expected),
            [
                "it attests another public key than the device gives",
                "its serial number is not the device's",
                "its firmware version is not the device's"
            ]
        );
    }

    #[test]
    fn a_signature_by_another_key_is_a_fault() {
        let Some((device, leaf)) = published() else { return };
        let (object, key) = (root_key(), public_key(&leaf));
        let expected = Expected { public_key: &key, serial: 13_200_460, firmware: "2.1.2", object: &object };
        let mut der = leaf.der().to_vec();
        *der.last_mut().unwrap() ^= 1;
        let forged = Attestation::read(der).unwrap();
        assert_eq!(forged.faults(&device, &expected), ["the device certificate's key did not sign it"]);
        // By the device that it names, with what it signs, but not its certificate.
        assert!(
            leaf.faults(&forged, &expected).contains(&"it was issued by another than the device certificate".into())
        );
    }

    #[test]
    fn what_is_no_certificate_is_not_read() {
        assert!(Attestation::read(b"no certificate".to_vec()).is_err());
        let Some((_, leaf)) = published() else { return };
        let mut longer = leaf.der().to_vec();
        longer.push(0);
        assert!(Attestation::read(longer).is_err());
    }
}
