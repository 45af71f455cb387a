//! Signatures of certificates (RFC 5280, 4.1.1.3), with the algorithms that these devices and their vendor use.

use crate::public_key::verifies;
use rsa::{
    RsaPublicKey,
    pkcs1v15::{Signature, VerifyingKey},
    sha2::{Digest, Sha256, Sha384, Sha512},
    signature::Verifier,
};
use std::fmt;
use x509_cert::{
    Certificate,
    der::{Encode, asn1::ObjectIdentifier},
    spki::DecodePublicKey,
};

const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const SHA384_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const SHA512_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// Algorithms that are met, and that nothing is vouched for with.
const REFUSED: [(ObjectIdentifier, &str); 4] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.4"), "MD5 with RSA"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"), "SHA-1 with RSA"),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"), "ECDSA with SHA-1"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10"), "RSASSA-PSS"),
];

/// Why a signature does not verify.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unverified {
    /// The issuer's key did not make it.
    OtherKey,
    /// What is signed names another algorithm than the signature does.
    TwoAlgorithms,
    /// The algorithm is not one of those here.
    Algorithm(ObjectIdentifier),
}

/// As a clause.
impl fmt::Display for Unverified {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherKey => formatter.write_str("the issuer's key did not sign it"),
            Self::TwoAlgorithms => formatter.write_str("it names two signature algorithms"),
            Self::Algorithm(oid) => match REFUSED.iter().find(|(refused, _)| refused == oid) {
                Some((_, name)) => write!(formatter, "it is signed by {name}, which is not accepted"),
                None => write!(formatter, "its signature algorithm {oid} is not accepted"),
            },
        }
    }
}

/// Verifies the signature of a certificate with the public key of another.
pub(crate) fn verify(certificate: &Certificate, issuer: &Certificate) -> Result<(), Unverified> {
    if certificate.signature_algorithm != certificate.tbs_certificate.signature {
        return Err(Unverified::TwoAlgorithms);
    }
    let algorithm = certificate.signature_algorithm.oid;
    let verified = || -> Option<bool> {
        let body = certificate.tbs_certificate.to_der().ok()?;
        let signature = certificate.signature.as_bytes()?;
        let key = issuer.tbs_certificate.subject_public_key_info.to_der().ok()?;
        let rsa = || Some((RsaPublicKey::from_public_key_der(&key).ok()?, Signature::try_from(signature).ok()?));
        Some(match algorithm {
            SHA256_WITH_RSA => {
                rsa().is_some_and(|(key, made)| VerifyingKey::<Sha256>::new(key).verify(&body, &made).is_ok())
            }
            SHA384_WITH_RSA => {
                rsa().is_some_and(|(key, made)| VerifyingKey::<Sha384>::new(key).verify(&body, &made).is_ok())
            }
            SHA512_WITH_RSA => {
                rsa().is_some_and(|(key, made)| VerifyingKey::<Sha512>::new(key).verify(&body, &made).is_ok())
            }
            ECDSA_WITH_SHA256 => ecdsa(&key, &Sha256::digest(&body), signature),
            ECDSA_WITH_SHA384 => ecdsa(&key, &Sha384::digest(&body), signature),
            _ => return None,
        })
    };
    match algorithm {
        SHA256_WITH_RSA | SHA384_WITH_RSA | SHA512_WITH_RSA | ECDSA_WITH_SHA256 | ECDSA_WITH_SHA384 => {
            if verified() == Some(true) { Ok(()) } else { Err(Unverified::OtherKey) }
        }
        other => Err(Unverified::Algorithm(other)),
    }
}

/// Verifies a signature on P-256 or P-384; a device signs with SHA-256 on either.
fn ecdsa(key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    if let Ok(key) = p256::ecdsa::VerifyingKey::from_public_key_der(key) {
        return verifies::<p256::ecdsa::DerSignature>(&key, digest, signature);
    }
    if let Ok(key) = p384::ecdsa::VerifyingKey::from_public_key_der(key) {
        return verifies::<p384::ecdsa::DerSignature>(&key, digest, signature);
    }
    false
}
