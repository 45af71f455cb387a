//! Public keys as PIV hands them out.

use super::{argument::KeyAlgorithm, tlv};
use crate::public_key::{Info, der, verifies};
use officiant_engine::conduct::Failure;
use rsa::{
    BigUint, RsaPublicKey,
    pkcs1v15::{Signature, VerifyingKey},
    pkcs8::DecodePublicKey,
};
use sha2::{Digest, Sha256, Sha384};
use x509_cert::{der::Decode, spki::SubjectPublicKeyInfoOwned};

/// A public key of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublicKey {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    Rsa2048(RsaPublicKey),
}

/// What stands in front of a SHA-256 digest in a signature (RFC 8017, 9.2, note 1).
const DIGEST_INFO_SHA256: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

impl PublicKey {
    /// From the vendor's fields: 86 a point, uncompressed; 81 a modulus and 82 an exponent.
    pub(super) fn from_device(algorithm: KeyAlgorithm, bytes: &[u8]) -> Option<Self> {
        let fields = tlv::fields(bytes)?;
        let value = |tag| tlv::value(&fields, tag);
        match algorithm {
            KeyAlgorithm::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(value(0x86)?).ok().map(Self::P256),
            KeyAlgorithm::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(value(0x86)?).ok().map(Self::P384),
            KeyAlgorithm::Rsa2048 => {
                let (modulus, exponent) = (BigUint::from_bytes_be(value(0x81)?), BigUint::from_bytes_be(value(0x82)?));
                (modulus.bits() == 2048).then(|| RsaPublicKey::new(modulus, exponent).ok())?.map(Self::Rsa2048)
            }
        }
    }

    /// From `SubjectPublicKeyInfo`, DER.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        p256::ecdsa::VerifyingKey::from_public_key_der(der)
            .map(Self::P256)
            .or_else(|_| p384::ecdsa::VerifyingKey::from_public_key_der(der).map(Self::P384))
            .or_else(|_| RsaPublicKey::from_public_key_der(der).map(Self::Rsa2048))
            .ok()
    }

    /// From `SubjectPublicKeyInfo`, PEM.
    pub(super) fn from_pem(pem: &[u8]) -> Option<Self> {
        Self::from_der(&der(pem)?)
    }

    pub(super) fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::P256(_) => KeyAlgorithm::P256,
            Self::P384(_) => KeyAlgorithm::P384,
            Self::Rsa2048(_) => KeyAlgorithm::Rsa2048,
        }
    }

    /// The algorithm of its signatures, as `piv.sign` names it.
    pub(super) fn signature_algorithm(&self) -> &'static str {
        match self {
            Self::P256(_) => "ecdsa-sha256",
            Self::P384(_) => "ecdsa-sha384",
            Self::Rsa2048(_) => "rsa-pkcs1-sha256",
        }
    }

    /// What the device is to sign for a message: its digest, and for RSA all that is around it (RFC 8017, 9.2).
    pub(super) fn to_sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(_) => Sha256::digest(message).to_vec(),
            Self::P384(_) => Sha384::digest(message).to_vec(),
            Self::Rsa2048(_) => around(&[&DIGEST_INFO_SHA256[..], &Sha256::digest(message)].concat()),
        }
    }

    /// Whether a signature is of a message, with [`Self::signature_algorithm`]; those of ECDSA in DER.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(key) => verifies::<p256::ecdsa::DerSignature>(key, &Sha256::digest(message), signature),
            Self::P384(key) => verifies::<p384::ecdsa::DerSignature>(key, &Sha384::digest(message), signature),
            Self::Rsa2048(key) => {
                let key = VerifyingKey::<Sha256>::new(key.clone());
                verifies::<Signature>(&key, &Sha256::digest(message), signature)
            }
        }
    }

    /// `SubjectPublicKeyInfo`.
    pub(super) fn info(&self) -> Result<Info, Failure> {
        match self {
            Self::P256(key) => Info::of(key),
            Self::P384(key) => Info::of(key),
            Self::Rsa2048(key) => Info::of(key),
        }
    }

    /// What is in the bit string of its `SubjectPublicKeyInfo`.
    pub(super) fn device_bytes(&self) -> Vec<u8> {
        let der = self.info().map(|info| info.der).unwrap_or_default();
        let info = SubjectPublicKeyInfoOwned::from_der(&der);
        info.map(|info| info.subject_public_key.raw_bytes().to_vec()).unwrap_or_default()
    }
}

/// `00 01 ff … ff 00` and then what is signed, 256 bytes together.
pub(super) fn around(digest_info: &[u8]) -> Vec<u8> {
    let mut block = vec![0xff; 256usize.saturating_sub(digest_info.len() + 1)];
    for (place, byte) in block.iter_mut().zip([0, 1]) {
        *place = byte;
    }
    block.push(0);
    block.extend(digest_info);
    block
}
