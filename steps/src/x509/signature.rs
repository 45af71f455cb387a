//! Signatures of certificates (RFC 5280, 4.1.1.3), with the algorithms that these devices and their vendor use.

use rsa::{
    RsaPublicKey,
    pkcs1v15::{Signature, VerifyingKey},
    sha2::{Sha256, Sha384, Sha512},
    signature::Verifier,
};
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
            ECDSA_WITH_SHA256 => {
                let key = p256::ecdsa::VerifyingKey::from_public_key_der(&key).ok()?;
                key.verify(&body, &p256::ecdsa::DerSignature::from_bytes(signature).ok()?).is_ok()
            }
            ECDSA_WITH_SHA384 => {
                let key = p384::ecdsa::VerifyingKey::from_public_key_der(&key).ok()?;
                key.verify(&body, &p384::ecdsa::DerSignature::from_bytes(signature).ok()?).is_ok()
            }
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
