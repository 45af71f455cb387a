//! Certificates (RFC 5280), as far as virtual devices make them.

use der::{
    Any, DateTime, Decode, Encode, Tag,
    asn1::{BitString, GeneralizedTime, Null, ObjectIdentifier, OctetString, SetOfVec, UtcTime},
};
use p256::{
    ecdsa::{DerSignature, SigningKey},
    pkcs8::EncodePublicKey,
};
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

use crate::attestation_key::AttestationKey;

const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Why a certificate could not be made. None of it depends on what a client sends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    #[error(transparent)]
    Encoding(#[from] der::Error),
    #[error(transparent)]
    Key(#[from] spki::Error),
    #[error("{0}")]
    Signature(#[from] signature::Error),
}

/// A certificate before it is signed.
pub(crate) struct Unsigned {
    pub(crate) serial: SerialNumber,
    pub(crate) issuer: Name,
    pub(crate) subject: Name,
    pub(crate) validity: Validity,
    pub(crate) public_key: SubjectPublicKeyInfoOwned,
    pub(crate) extensions: Vec<Extension>,
}

/// Signs with ECDSA on P-256 and SHA-256, deterministically (RFC 6979).
pub(crate) fn sign_ecdsa(unsigned: Unsigned, key: &p256::ecdsa::SigningKey) -> Result<Certificate, CertificateError> {
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

/// Signs with RSASSA-PKCS1-v1_5 and SHA-256, as devices sign their attestations.
pub(crate) fn sign_rsa(unsigned: Unsigned, key: &AttestationKey) -> Result<Certificate, CertificateError> {
    let algorithm = AlgorithmIdentifierOwned { oid: SHA256_WITH_RSA, parameters: Some(Null.into()) };
    sign(unsigned, algorithm, |bytes| key.sign(bytes))
}

/// From one midnight (UTC) to another: year, month, day. From 2050 on it is written as a `GeneralizedTime` (RFC 5280,
/// 4.1.2.5).
pub(crate) fn validity(from: (u16, u8, u8), to: (u16, u8, u8)) -> Result<Validity, der::Error> {
    Ok(Validity { not_before: midnight(from)?, not_after: midnight(to)? })
}

fn midnight((year, month, day): (u16, u8, u8)) -> Result<Time, der::Error> {
    let date = DateTime::new(year, month, day, 0, 0, 0)?;
    Ok(if year < 2050 {
        Time::UtcTime(UtcTime::from_date_time(date)?)
    } else {
        Time::GeneralTime(GeneralizedTime::from_date_time(date))
    })
}

/// A name of nothing but a common name, UTF-8.
pub(crate) fn common_name(text: &str) -> Result<Name, der::Error> {
    let attribute = AttributeTypeAndValue { oid: COMMON_NAME, value: Any::new(Tag::Utf8String, text.as_bytes())? };
    let name = RelativeDistinguishedName(SetOfVec::try_from(vec![attribute])?);
    Ok(RdnSequence(vec![name]))
}

/// Critical basic constraints of a CA that may have `below` CAs below it.
pub(crate) fn certificate_authority(below: u8) -> Result<Extension, der::Error> {
    let constraints = BasicConstraints { ca: true, path_len_constraint: Some(below) };
    Ok(Extension { critical: true, ..extension(der::oid::db::rfc5280::ID_CE_BASIC_CONSTRAINTS, &constraints)? })
}

/// Critical key usage of a CA that signs certificates and revocation lists.
pub(crate) fn certificate_signing() -> Result<Extension, der::Error> {
    let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
    Ok(Extension { critical: true, ..extension(der::oid::db::rfc5280::ID_CE_KEY_USAGE, &usage)? })
}

pub(crate) fn subject_key_identifier(key: &SubjectPublicKeyInfoOwned) -> Result<Extension, der::Error> {
    extension(der::oid::db::rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, &SubjectKeyIdentifier(key_identifier(key)?))
}

pub(crate) fn authority_key_identifier(key: &SubjectPublicKeyInfoOwned) -> Result<Extension, der::Error> {
    let identifier = AuthorityKeyIdentifier { key_identifier: Some(key_identifier(key)?), ..Default::default() };
    extension(der::oid::db::rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, &identifier)
}

/// RFC 7093, method 1: the first 160 bits of the SHA-256 of the public key.
fn key_identifier(key: &SubjectPublicKeyInfoOwned) -> Result<OctetString, der::Error> {
    let digest = Sha256::digest(key.subject_public_key.raw_bytes());
    OctetString::new(digest.get(..20).unwrap_or_default())
}

/// An extension that is not critical, with a DER value.
pub(crate) fn extension(extn_id: ObjectIdentifier, value: &impl Encode) -> Result<Extension, der::Error> {
    Ok(Extension { extn_id, critical: false, extn_value: OctetString::new(value.to_der()?)? })
}

/// A random serial number of `N` bytes.
pub(crate) fn random_serial<const N: usize>() -> Result<SerialNumber, der::Error> {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    SerialNumber::new(&bytes)
}

/// The key of a phrase, for authorities that certify nothing: the phrase's SHA-256 is its private key. It is a number below
/// the order of P-256, as all but one in 2³² are.
pub(crate) fn key_of(phrase: &str) -> Result<SigningKey, signature::Error> {
    SigningKey::from_bytes(&Sha256::digest(phrase))
}

/// The public key of a key on P-256, as certificates hold it.
pub(crate) fn public_key(key: &SigningKey) -> Result<SubjectPublicKeyInfoOwned, spki::Error> {
    Ok(SubjectPublicKeyInfoOwned::from_der(key.verifying_key().to_public_key_der()?.as_bytes())?)
}
