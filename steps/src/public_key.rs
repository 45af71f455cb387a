//! Public keys as everybody else reads them, SubjectPublicKeyInfo (RFC 5280, 4.1), and the signatures that they verify. Each family
//! of steps has the kinds of keys that it knows; this is what they have in common.

use officiant_engine::{conduct::Failure, record::digest_hex};
use signature::hazmat::PrehashVerifier;
use spki::{
    EncodePublicKey, SubjectPublicKeyInfoOwned,
    der::{DecodePem, Encode, pem::LineEnding},
};

/// A public key, encoded.
pub(crate) struct Info {
    /// DER.
    pub(crate) der: Vec<u8>,
    /// PEM, with line feeds.
    pub(crate) pem: String,
    /// SHA-256 of the DER, hex.
    pub(crate) fingerprint: String,
}

impl Info {
    /// Encodes a key.
    ///
    /// # Errors
    /// `encoding`
    pub(crate) fn of(key: &impl EncodePublicKey) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new("encoding", format!("the public key cannot be written: {error}"))
        };
        let pem = key.to_public_key_pem(LineEnding::LF).map_err(|error| failed(&error))?;
        let der = key.to_public_key_der().map_err(|error| failed(&error))?.into_vec();
        Ok(Self { fingerprint: digest_hex(&der), der, pem })
    }
}

/// The DER of a key in PEM; nothing when it is none.
pub(crate) fn der(pem: &[u8]) -> Option<Vec<u8>> {
    SubjectPublicKeyInfoOwned::from_pem(pem).ok()?.to_der().ok()
}

/// Whether a signature, in the form of `S`, is of a digest.
pub(crate) fn verifies<S>(key: &impl PrehashVerifier<S>, digest: &[u8], signature: &[u8]) -> bool
where
    S: for<'a> TryFrom<&'a [u8]>,
{
    S::try_from(signature).is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok())
}

/// Whether a signature of Ed25519 (RFC 8032, 5.1.7) is of a message; one that verifies for some and not for others is none.
pub(crate) fn ed25519_verifies(key: &ed25519_dalek::VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    ed25519_dalek::Signature::from_slice(signature)
        .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
}
