//! Attestation certificates: the device's own, and those it makes of its keys.
//!
//! The vendor's *Attestation* page names the extensions; their encoding is that of the certificates of the Python
//! Software Foundation's key ceremony of 2020-10-30. What differs on purpose is the word `REHEARSAL` in every name.

use der::{
    Any, Decode, Encode, Tag,
    asn1::{BitString, ObjectIdentifier, OctetString},
};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{Certificate, ext::Extension};

use super::{object::Object, rehearsal_pki::validity};
use crate::{
    AttestationKey, Firmware,
    x509::{
        CertificateError, Unsigned, authority_key_identifier, certificate_authority, common_name, extension,
        random_serial, sign_ecdsa, sign_rsa, subject_key_identifier,
    },
};

/// The vendor's extensions (*Attestation*, *Certificate Extensions*).
const FIRMWARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.1");
const SERIAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.2");
const ORIGIN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.3");
const DOMAINS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.4");
const CAPABILITIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.5");
const OBJECT_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.6");
const LABEL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.9");

/// The certificate of a device, object 0: DER.
pub(super) fn device_certificate(
    serial: u32,
    key: &AttestationKey,
    issuer: &Certificate,
    issuer_key: &p256::ecdsa::SigningKey,
) -> Result<Vec<u8>, CertificateError> {
    let public_key = key.public_key()?;
    let extensions = vec![
        extension(SERIAL, &serial)?,
        subject_key_identifier(&public_key)?,
        authority_key_identifier(&issuer.tbs_certificate.subject_public_key_info)?,
        certificate_authority(0)?,
    ];
    let unsigned = Unsigned {
        serial: random_serial::<8>()?,
        issuer: issuer.tbs_certificate.subject.clone(),
        subject: common_name(&format!("REHEARSAL YubiHSM Attestation ({serial})"))?,
        validity: validity()?,
        public_key,
        extensions,
    };
    Ok(sign_ecdsa(unsigned, issuer_key)?.to_der()?)
}

/// Whether bytes are the certificate of this attestation key; if not, why, in words for
/// [`Error::Damaged`](super::Error).
pub(super) fn check(certificate: &[u8], key: &AttestationKey) -> Result<(), String> {
    let certificate =
        Certificate::from_der(certificate).map_err(|error| format!("its attestation certificate: {error}"))?;
    let public_key = key.public_key().map_err(|error| format!("its attestation key: {error}"))?;
    if certificate.tbs_certificate.subject_public_key_info == public_key {
        Ok(())
    } else {
        Err("its attestation certificate is of another key".to_owned())
    }
}

/// The attestation of a key by its device: DER.
///
/// "Public key will be copied from the attested key; serial will be a random 16 byte integer; issuer will be the
/// subject of the attesting certificate; dates will be copied from the attesting certificate; subject will be the
/// string `YubiHSM Attestation id 0x` with the attested ID appended" (*Attestation*; the real subject has a colon after
/// `id`).
pub(super) fn key_attestation(
    object: &Object,
    public_key: SubjectPublicKeyInfoOwned,
    firmware: Firmware,
    serial: u32,
    attesting: &[u8],
    key: &AttestationKey,
) -> Result<Vec<u8>, CertificateError> {
    let attesting = Certificate::from_der(attesting)?.tbs_certificate;
    let unsigned = Unsigned {
        serial: random_serial::<16>()?,
        issuer: attesting.subject,
        subject: common_name(&format!("REHEARSAL YubiHSM Attestation id:{:#06x}", object.id))?,
        validity: attesting.validity,
        public_key,
        extensions: key_extensions(object, firmware, serial)?,
    };
    Ok(sign_rsa(unsigned, key)?.to_der()?)
}

fn key_extensions(object: &Object, firmware: Firmware, serial: u32) -> Result<Vec<Extension>, der::Error> {
    Ok(vec![
        extension(FIRMWARE, &OctetString::new(firmware.to_bytes())?)?,
        extension(SERIAL, &serial)?,
        extension(ORIGIN, &BitString::from_bytes(&[object.origin.code()])?)?,
        extension(DOMAINS, &BitString::from_bytes(&object.domains.0.to_be_bytes())?)?,
        extension(CAPABILITIES, &BitString::from_bytes(&object.capabilities.bits().to_be_bytes())?)?,
        extension(OBJECT_ID, &object.id)?,
        // A label is any bytes to the device, so no check that it is UTF-8.
        extension(LABEL, &Any::new(Tag::Utf8String, object.label.before_zero())?)?,
    ])
}
