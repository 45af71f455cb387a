//! Attestation certificates: the device's own, and those it makes of its keys.
//!
//! The vendor's *Attestation* page names the extensions; their encoding is that of the certificates of the Python
//! Software Foundation's key ceremony of 2020-10-30. What differs on purpose is the word `REHEARSAL` in every name.

use der::{
    Any, DateTime, Decode, Encode, Tag,
    asn1::{BitString, GeneralizedTime, Null, ObjectIdentifier, OctetString, SetOfVec, UtcTime},
};
use p256::ecdsa::DerSignature;
use rand_core::{OsRng, RngCore};
use sha2::{Digest, Sha256};
use signature::Signer;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::{
    Certificate, TbsCertificate, Version,
    attr::AttributeTypeAndValue,
    ext::{
        Extension,
        pkix::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage, KeyUsages, SubjectKeyIdentifier},
    },
    name::{Name, RdnSequence, RelativeDistinguishedName},
    serial_number::SerialNumber,
    time::{Time, Validity},
};

use super::{attestation_key::AttestationKey, firmware::Firmware, object::Object};

const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// The vendor's extensions (*Attestation*, *Certificate Extensions*).
const FIRMWARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.1");
const SERIAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.2");
const ORIGIN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.3");
const DOMAINS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.4");
const CAPABILITIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.5");
const OBJECT_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.6");
const LABEL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.9");

/// Why a certificate could not be made. None of it depends on what a client sends.
#[derive(Debug, thiserror::Error)]
pub(super) enum CertificateError {
    #[error(transparent)]
    Encoding(#[from] der::Error),
    #[error(transparent)]
    Key(#[from] spki::Error),
    #[error("{0}")]
    Signature(#[from] signature::Error),
}

/// A certificate before it is signed.
pub(super) struct Unsigned {
    pub(super) serial: SerialNumber,
    pub(super) issuer: Name,
    pub(super) subject: Name,
    pub(super) validity: Validity,
    pub(super) public_key: SubjectPublicKeyInfoOwned,
    pub(super) extensions: Vec<Extension>,
}

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
    let algorithm = AlgorithmIdentifierOwned { oid: SHA256_WITH_RSA, parameters: Some(Null.into()) };
    let certificate = sign(unsigned, algorithm, |bytes| key.sign(bytes))?;
    Ok(certificate.to_der()?)
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

/// Signs with ECDSA on P-256 and SHA-256, deterministically (RFC 6979).
pub(super) fn sign_ecdsa(unsigned: Unsigned, key: &p256::ecdsa::SigningKey) -> Result<Certificate, CertificateError> {
    let algorithm = AlgorithmIdentifierOwned { oid: ECDSA_WITH_SHA256, parameters: None };
    sign(unsigned, algorithm, |bytes| {
        let signature: DerSignature = key.try_sign(bytes)?;
        Ok(signature.as_bytes().to_vec())
    })
}

fn sign(
    unsigned: Unsigned,
    algorithm: AlgorithmIdentifierOwned,
    signer: impl FnOnce(&[u8]) -> Result<Vec<u8>, signature::Error>,
) -> Result<Certificate, CertificateError> {
    let tbs_certificate = TbsCertificate {
        version: Version::V3,
        serial_number: unsigned.serial,
        signature: algorithm.clone(),
        issuer: unsigned.issuer,
        validity: unsigned.validity,
        subject: unsigned.subject,
        subject_public_key_info: unsigned.public_key,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(unsigned.extensions),
    };
    let signature = BitString::from_bytes(&signer(&tbs_certificate.to_der()?)?)?;
    Ok(Certificate { tbs_certificate, signature_algorithm: algorithm, signature })
}

/// 2017-01-01 to 2071-10-05, as in all of the vendor's certificates.
pub(super) fn validity() -> Result<Validity, der::Error> {
    let date = |year, month, day| DateTime::new(year, month, day, 0, 0, 0);
    Ok(Validity {
        not_before: Time::UtcTime(UtcTime::from_date_time(date(2017, 1, 1)?)?),
        not_after: Time::GeneralTime(GeneralizedTime::from_date_time(date(2071, 10, 5)?)),
    })
}

/// A name of nothing but a common name, UTF-8.
pub(super) fn common_name(text: &str) -> Result<Name, der::Error> {
    let attribute = AttributeTypeAndValue { oid: COMMON_NAME, value: Any::new(Tag::Utf8String, text.as_bytes())? };
    let name = RelativeDistinguishedName(SetOfVec::try_from(vec![attribute])?);
    Ok(RdnSequence(vec![name]))
}

/// Critical basic constraints of a CA that may have `below` CAs below it.
pub(super) fn certificate_authority(below: u8) -> Result<Extension, der::Error> {
    let constraints = BasicConstraints { ca: true, path_len_constraint: Some(below) };
    Ok(Extension { critical: true, ..extension(der::oid::db::rfc5280::ID_CE_BASIC_CONSTRAINTS, &constraints)? })
}

/// Critical key usage of a CA that signs certificates and revocation lists.
pub(super) fn certificate_signing() -> Result<Extension, der::Error> {
    let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
    Ok(Extension { critical: true, ..extension(der::oid::db::rfc5280::ID_CE_KEY_USAGE, &usage)? })
}

pub(super) fn subject_key_identifier(key: &SubjectPublicKeyInfoOwned) -> Result<Extension, der::Error> {
    extension(der::oid::db::rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, &SubjectKeyIdentifier(key_identifier(key)?))
}

pub(super) fn authority_key_identifier(key: &SubjectPublicKeyInfoOwned) -> Result<Extension, der::Error> {
    let identifier = AuthorityKeyIdentifier { key_identifier: Some(key_identifier(key)?), ..Default::default() };
    extension(der::oid::db::rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, &identifier)
}

/// RFC 7093, method 1: the first 160 bits of the SHA-256 of the public key.
fn key_identifier(key: &SubjectPublicKeyInfoOwned) -> Result<OctetString, der::Error> {
    let digest = Sha256::digest(key.subject_public_key.raw_bytes());
    OctetString::new(digest.get(..20).unwrap_or_default())
}

fn extension(extn_id: ObjectIdentifier, value: &impl Encode) -> Result<Extension, der::Error> {
    Ok(Extension { extn_id, critical: false, extn_value: OctetString::new(value.to_der()?)? })
}

fn random_serial<const N: usize>() -> Result<SerialNumber, der::Error> {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    SerialNumber::new(&bytes)
}
