//! Key pairs: making them, their public half, signing.

use der::Decode;
use ed25519_dalek::{SigningKey as Ed25519Key, pkcs8::EncodePublicKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use rand_core::OsRng;
use signature::{Signer, hazmat::RandomizedPrehashSigner};
use spki::SubjectPublicKeyInfoOwned;
use zeroize::Zeroizing;

use super::{algorithm::Algorithm, error_code::ErrorCode};
use crate::key_material::KeyMaterial;

/// A private key, checked and ready. The types inside wipe themselves.
pub(super) enum AsymmetricKey {
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    Ed25519(Ed25519Key),
}

impl AsymmetricKey {
    /// A new key.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidData`] for an algorithm that makes no key pair.
    pub(super) fn generate(algorithm: Algorithm) -> Result<Self, ErrorCode> {
        match algorithm {
            Algorithm::Ecp256 => Ok(Self::P256(p256::SecretKey::random(&mut OsRng))),
            Algorithm::Ecp384 => Ok(Self::P384(p384::SecretKey::random(&mut OsRng))),
            Algorithm::Ed25519 => Ok(Self::Ed25519(Ed25519Key::generate(&mut OsRng))),
            Algorithm::Aes128YubicoAuthentication => Err(ErrorCode::InvalidData),
        }
    }

    /// A key from its bytes, as PUT ASYMMETRIC KEY has them.
    ///
    /// # Errors
    /// - [`ErrorCode::WrongLength`]
    /// - [`ErrorCode::InvalidData`]: no key pair has this algorithm, or the number is zero or not below the order of
    ///   the curve.
    pub(super) fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, ErrorCode> {
        if algorithm.private_key_length().ok_or(ErrorCode::InvalidData)? != bytes.len() {
            return Err(ErrorCode::WrongLength);
        }
        match algorithm {
            Algorithm::Ecp256 => p256::SecretKey::from_slice(bytes).map(Self::P256).map_err(|_| ErrorCode::InvalidData),
            Algorithm::Ecp384 => p384::SecretKey::from_slice(bytes).map(Self::P384).map_err(|_| ErrorCode::InvalidData),
            Algorithm::Ed25519 => Ed25519Key::try_from(bytes).map(Self::Ed25519).map_err(|_| ErrorCode::InvalidData),
            Algorithm::Aes128YubicoAuthentication => Err(ErrorCode::InvalidData),
        }
    }

    /// The bytes to store.
    pub(super) fn to_bytes(&self) -> KeyMaterial {
        match self {
            Self::P256(key) => Zeroizing::new(key.to_bytes()).as_slice().into(),
            Self::P384(key) => Zeroizing::new(key.to_bytes()).as_slice().into(),
            Self::Ed25519(key) => Zeroizing::new(key.to_bytes()).as_slice().into(),
        }
    }

    /// The public key as GET PUBLIC KEY answers it: both coordinates of the point, for Ed25519 the compressed point.
    pub(super) fn public_bytes(&self) -> Vec<u8> {
        let coordinates = |point: &[u8]| point.get(1..).unwrap_or_default().to_vec();
        match self {
            Self::P256(key) => coordinates(key.public_key().to_encoded_point(false).as_bytes()),
            Self::P384(key) => coordinates(key.public_key().to_encoded_point(false).as_bytes()),
            Self::Ed25519(key) => key.verifying_key().as_bytes().to_vec(),
        }
    }

    /// The public key as certificates hold it (RFC 5480, RFC 8410).
    pub(super) fn public_key_info(&self) -> Result<SubjectPublicKeyInfoOwned, spki::Error> {
        let document = match self {
            Self::P256(key) => key.public_key().to_public_key_der()?,
            Self::P384(key) => key.public_key().to_public_key_der()?,
            Self::Ed25519(key) => key.verifying_key().to_public_key_der()?,
        };
        Ok(SubjectPublicKeyInfoOwned::from_der(document.as_bytes())?)
    }

    /// ECDSA over a digest: DER, another signature each time, as on the real device. A digest longer than the curve's
    /// order is cut off after its length, a shorter one is a number like any other (FIPS 186-5, 6.4.1).
    ///
    /// # Errors
    /// [`ErrorCode::InvalidData`]: an Ed25519 key.
    pub(super) fn sign_ecdsa(&self, digest: &[u8]) -> Result<Vec<u8>, ErrorCode> {
        // The signer takes nothing shorter than half the order; zeros on the left leave the number what it is.
        let zeros = self.order_length().saturating_sub(digest.len());
        let digest = &[vec![0; zeros].as_slice(), digest].concat();
        match self {
            Self::P256(key) => p256::ecdsa::SigningKey::from(key)
                .sign_prehash_with_rng(&mut OsRng, digest)
                .map(|signature: p256::ecdsa::DerSignature| signature.as_bytes().to_vec())
                .map_err(|_| ErrorCode::InvalidData),
            Self::P384(key) => p384::ecdsa::SigningKey::from(key)
                .sign_prehash_with_rng(&mut OsRng, digest)
                .map(|signature: p384::ecdsa::DerSignature| signature.as_bytes().to_vec())
                .map_err(|_| ErrorCode::InvalidData),
            Self::Ed25519(_) => Err(ErrorCode::InvalidData),
        }
    }

    /// Bytes of the order of the curve.
    const fn order_length(&self) -> usize {
        match self {
            Self::P256(_) | Self::Ed25519(_) => 32,
            Self::P384(_) => 48,
        }
    }

    /// Ed25519 over the message itself: 64 bytes (RFC 8032).
    ///
    /// # Errors
    /// [`ErrorCode::InvalidData`]: not an Ed25519 key.
    pub(super) fn sign_eddsa(&self, message: &[u8]) -> Result<Vec<u8>, ErrorCode> {
        match self {
            Self::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
            Self::P256(_) | Self::P384(_) => Err(ErrorCode::InvalidData),
        }
    }
}
