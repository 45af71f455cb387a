//! Public keys as they are in files: SubjectPublicKeyInfo (RFC 5280, 4.1) in PEM or DER, a certificate, or the bare point or key.

use crate::x509;
use x509_cert::{
    der::{Decode, Encode, asn1::ObjectIdentifier},
    spki::SubjectPublicKeyInfoOwned,
};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Compares a file with an attested public key.
///
/// # Errors
/// It is another key, or none; as a clause.
pub(super) fn compare(file: &[u8], attested: &SubjectPublicKeyInfoOwned) -> Result<(), String> {
    let der = attested.to_der().unwrap_or_default();
    let same = if x509::is_pem(file) {
        match x509::pem_block(file)? {
            (label, bytes) if label == "PUBLIC KEY" => key(&bytes)? == der,
            (label, bytes) if label == "CERTIFICATE" => of_certificate(&bytes)? == der,
            (label, _) => return Err(format!("it holds a {label}, not a public key")),
        }
    } else if let Ok(key) = key(file) {
        key == der
    } else if matches!(file.len(), 32 | 64 | 65 | 96 | 97) {
        // A point on a curve, with or without the byte that says that it is not compressed.
        let bare = attested.subject_public_key.as_bytes().unwrap_or_default();
        file == bare || bare.strip_prefix(&[4]).is_some_and(|point| file == point)
    } else {
        of_certificate(file).map_err(|_| "it is no public key".to_string())? == der
    };
    if same { Ok(()) } else { Err("it is another public key than the attested one".to_string()) }
}

fn key(der: &[u8]) -> Result<Vec<u8>, String> {
    let key = SubjectPublicKeyInfoOwned::from_der(der).and_then(|key| key.to_der());
    key.map_err(|error| format!("it is no public key ({error})"))
}

fn of_certificate(der: &[u8]) -> Result<Vec<u8>, String> {
    let certificate = x509::from_der(der)?;
    certificate.tbs_certificate.subject_public_key_info.to_der().map_err(|error| error.to_string())
}

/// What a public key is for, by the vendor's names; its object identifier when it is none of these.
pub(super) fn algorithm(key: &SubjectPublicKeyInfoOwned) -> String {
    let curve = || key.algorithm.parameters.as_ref().and_then(|it| it.decode_as::<ObjectIdentifier>().ok());
    match key.algorithm.oid {
        EC if curve() == Some(P256) => "ecp256".to_string(),
        EC if curve() == Some(P384) => "ecp384".to_string(),
        ED25519 => "ed25519".to_string(),
        RSA => match modulus_bits(key) {
            Some(bits) => format!("rsa{bits}"),
            None => "rsa".to_string(),
        },
        other => other.to_string(),
    }
}

fn modulus_bits(key: &SubjectPublicKeyInfoOwned) -> Option<usize> {
    use rsa::{pkcs1::DecodeRsaPublicKey, traits::PublicKeyParts};
    let key = rsa::RsaPublicKey::from_pkcs1_der(key.subject_public_key.as_bytes()?).ok()?;
    Some(key.n().bits())
}
