//! The key that a device certifies its keys with.

use std::sync::Arc;

use der::Decode;
use rand_core::OsRng;
use rsa::{
    RsaPrivateKey,
    pkcs1v15::SigningKey,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey},
};
use sha2::Sha256;
use signature::{SignatureEncoding, Signer};
use spki::SubjectPublicKeyInfoOwned;

use crate::{Error, key_material::KeyMaterial};

/// Bits of the modulus, as on the real device.
const BITS: usize = 2048;

/// An RSA key for attestation, wiped from memory when the last copy is dropped. Copies are cheap.
#[derive(Clone)]
pub struct AttestationKey(Arc<SigningKey<Sha256>>);

impl AttestationKey {
    /// A new key of 2048 bits. It takes from a tenth of a second to a few.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the system gives no randomness.
    pub fn generate() -> Result<Self, Error> {
        let key = RsaPrivateKey::new(&mut OsRng, BITS).map_err(Error::crypto("make its attestation key"))?;
        Ok(Self(Arc::new(SigningKey::new(key))))
    }

    /// From PKCS #8 DER, in words for [`Error::Damaged`] if it is none.
    pub(crate) fn from_pkcs8(bytes: &KeyMaterial) -> Result<Self, String> {
        RsaPrivateKey::from_pkcs8_der(bytes.expose())
            .map(|key| Self(Arc::new(SigningKey::new(key))))
            .map_err(|error| format!("its attestation key: {error}"))
    }

    /// As PKCS #8 DER.
    pub(crate) fn to_pkcs8(&self) -> Result<KeyMaterial, Error> {
        let document = self.0.as_ref().as_ref().to_pkcs8_der().map_err(Error::crypto("store its attestation key"))?;
        Ok(document.as_bytes().into())
    }

    /// The public key, as certificates hold it.
    pub(crate) fn public_key(&self) -> Result<SubjectPublicKeyInfoOwned, spki::Error> {
        let document = self.0.as_ref().as_ref().to_public_key().to_public_key_der()?;
        Ok(SubjectPublicKeyInfoOwned::from_der(document.as_bytes())?)
    }

    /// sha256WithRSAEncryption (RFC 8017, 8.2).
    pub(crate) fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.try_sign(bytes)?.to_vec())
    }
}

impl std::fmt::Debug for AttestationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttestationKey").finish_non_exhaustive()
    }
}
