//! Key pairs: making them, their public half, using them.

use der::Decode;
use p256::elliptic_curve::{point::AffineCoordinates, sec1::ToEncodedPoint};
use rand_core::OsRng;
use rsa::{
    BigUint, RsaPrivateKey,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey},
    traits::PublicKeyParts,
};
use signature::hazmat::RandomizedPrehashSigner;
use spki::SubjectPublicKeyInfoOwned;
use zeroize::Zeroizing;

use super::{algorithm::Algorithm, status_word::StatusWord, tlv};
use crate::key_material::KeyMaterial;

/// Bits of an RSA modulus.
const RSA_BITS: usize = 2048;
/// The public exponent of RSA keys (FIPS 186-5, A.1.1).
const RSA_EXPONENT: u32 = 65_537;

/// A private key, checked and ready. The types inside wipe themselves.
pub(super) enum PrivateKey {
    Rsa2048(Box<RsaPrivateKey>),
    EccP256(p256::SecretKey),
    EccP384(p384::SecretKey),
}

impl PrivateKey {
    /// A new key. One for RSA takes from a tenth of a second to a few.
    ///
    /// # Errors
    /// [`StatusWord::NoPreciseDiagnosis`], if the system gives no randomness.
    pub(super) fn generate(algorithm: Algorithm) -> Result<Self, StatusWord> {
        match algorithm {
            Algorithm::Rsa2048 => RsaPrivateKey::new(&mut OsRng, RSA_BITS)
                .map(|key| Self::Rsa2048(Box::new(key)))
                .map_err(|_| StatusWord::NoPreciseDiagnosis),
            Algorithm::EccP256 => Ok(Self::EccP256(p256::SecretKey::random(&mut OsRng))),
            Algorithm::EccP384 => Ok(Self::EccP384(p384::SecretKey::random(&mut OsRng))),
        }
    }

    /// A key on a curve from its number, big-endian, as long as the order of the curve.
    ///
    /// # Errors
    /// [`StatusWord::IncorrectParameters`]: another length, or zero, or not below the order; or no curve.
    pub(super) fn from_scalar(algorithm: Algorithm, number: &[u8]) -> Result<Self, StatusWord> {
        // `from_slice` would also take numbers that are up to eight bytes short.
        match (algorithm, number.len()) {
            (Algorithm::EccP256, 32) => p256::SecretKey::from_slice(number).map(Self::EccP256).ok(),
            (Algorithm::EccP384, 48) => p384::SecretKey::from_slice(number).map(Self::EccP384).ok(),
            _ => None,
        }
        .ok_or(StatusWord::IncorrectParameters)
    }

    /// An RSA key from its primes, big-endian; its public exponent is 65,537.
    ///
    /// # Errors
    /// [`StatusWord::IncorrectParameters`]: they make no key of 2048 bits.
    pub(super) fn from_primes(p: &[u8], q: &[u8]) -> Result<Self, StatusWord> {
        let [p, q] = [p, q].map(BigUint::from_bytes_be);
        // Zero makes `from_p_q` panic, and what is too long would only take long to refuse.
        if p.bits() != RSA_BITS / 2 || q.bits() != RSA_BITS / 2 {
            return Err(StatusWord::IncorrectParameters);
        }
        RsaPrivateKey::from_p_q(p, q, RSA_EXPONENT.into())
            .ok()
            .filter(|key| key.n().bits() == RSA_BITS)
            .map(|key| Self::Rsa2048(Box::new(key)))
            .ok_or(StatusWord::IncorrectParameters)
    }

    /// A key from what [`to_bytes`](Self::to_bytes) gave; `None` if it was something else.
    pub(super) fn from_bytes(algorithm: Algorithm, bytes: &KeyMaterial) -> Option<Self> {
        match algorithm {
            Algorithm::Rsa2048 => RsaPrivateKey::from_pkcs8_der(bytes.expose())
                .ok()
                .filter(|key| key.n().bits() == RSA_BITS)
                .map(|key| Self::Rsa2048(Box::new(key))),
            Algorithm::EccP256 | Algorithm::EccP384 => Self::from_scalar(algorithm, bytes.expose()).ok(),
        }
    }

    /// The bytes to store: the number of a key on a curve, PKCS #8 DER of an RSA key.
    ///
    /// # Errors
    /// [`StatusWord::NoPreciseDiagnosis`], though no key is such that it cannot be encoded.
    pub(super) fn to_bytes(&self) -> Result<KeyMaterial, StatusWord> {
        match self {
            Self::Rsa2048(key) => {
                let document = key.to_pkcs8_der().map_err(|_| StatusWord::NoPreciseDiagnosis)?;
                Ok(document.as_bytes().into())
            }
            Self::EccP256(key) => Ok(Zeroizing::new(key.to_bytes()).as_slice().into()),
            Self::EccP384(key) => Ok(Zeroizing::new(key.to_bytes()).as_slice().into()),
        }
    }

    /// The public key as GENERATE ASYMMETRIC KEY PAIR and GET METADATA answer it (NIST SP 800-73-4, part 2, 3.3.2):
    /// modulus and exponent, or the uncompressed point.
    pub(super) fn public_objects(&self) -> Vec<u8> {
        match self {
            Self::Rsa2048(key) => rsa_public_objects(key.as_ref()),
            Self::EccP256(key) => tlv::object(0x86, key.public_key().to_encoded_point(false).as_bytes()),
            Self::EccP384(key) => tlv::object(0x86, key.public_key().to_encoded_point(false).as_bytes()),
        }
    }

    /// The public key as certificates hold it (RFC 5480, RFC 3279).
    ///
    /// # Errors
    /// [`StatusWord::NoPreciseDiagnosis`], though no key is such that it cannot be encoded.
    pub(super) fn public_key_info(&self) -> Result<SubjectPublicKeyInfoOwned, StatusWord> {
        let document = match self {
            Self::Rsa2048(key) => key.to_public_key().to_public_key_der(),
            Self::EccP256(key) => key.public_key().to_public_key_der(),
            Self::EccP384(key) => key.public_key().to_public_key_der(),
        };
        document
            .ok()
            .and_then(|document| SubjectPublicKeyInfoOwned::from_der(document.as_bytes()).ok())
            .ok_or(StatusWord::NoPreciseDiagnosis)
    }

    /// Signs: RSA as it is, without padding, over a number as long as the modulus; ECDSA over a digest that is no longer
    /// than the order of the curve, DER, another signature each time.
    ///
    /// # Errors
    /// [`StatusWord::IncorrectParameters`]: what is to be signed has another length, or is no number below the modulus.
    pub(super) fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, StatusWord> {
        let wrong = StatusWord::IncorrectParameters;
        match self {
            Self::Rsa2048(key) => raw_rsa(key, digest),
            Self::EccP256(key) => p256::ecdsa::SigningKey::from(key)
                .sign_prehash_with_rng(&mut OsRng, &left_padded::<32>(digest)?)
                .map(|signature: p256::ecdsa::DerSignature| signature.as_bytes().to_vec())
                .map_err(|_| wrong),
            Self::EccP384(key) => p384::ecdsa::SigningKey::from(key)
                .sign_prehash_with_rng(&mut OsRng, &left_padded::<48>(digest)?)
                .map(|signature: p384::ecdsa::DerSignature| signature.as_bytes().to_vec())
                .map_err(|_| wrong),
        }
    }

    /// The secret that is shared with the holder of a public key, an uncompressed point: the x coordinate of the product
    /// (NIST SP 800-56A, 5.7.1.2).
    ///
    /// # Errors
    /// [`StatusWord::IncorrectParameters`]: no point on the curve, or an RSA key.
    pub(super) fn agree(&self, point: &[u8]) -> Result<Vec<u8>, StatusWord> {
        if point.first() != Some(&0x04) {
            return Err(StatusWord::IncorrectParameters);
        }
        match self {
            Self::EccP256(key) => p256::PublicKey::from_sec1_bytes(point).ok().map(|other| {
                let product = other.to_projective() * *key.to_nonzero_scalar();
                product.to_affine().x().to_vec()
            }),
            Self::EccP384(key) => p384::PublicKey::from_sec1_bytes(point).ok().map(|other| {
                let product = other.to_projective() * *key.to_nonzero_scalar();
                product.to_affine().x().to_vec()
            }),
            Self::Rsa2048(_) => None,
        }
        .ok_or(StatusWord::IncorrectParameters)
    }
}

/// The public half of an RSA key, as [`PrivateKey::public_objects`] has it.
pub(super) fn rsa_public_objects(key: &impl PublicKeyParts) -> Vec<u8> {
    [tlv::object(0x81, &key.n().to_bytes_be()), tlv::object(0x82, &key.e().to_bytes_be())].concat()
}

/// The RSA operation itself, blinded.
fn raw_rsa(key: &RsaPrivateKey, number: &[u8]) -> Result<Vec<u8>, StatusWord> {
    let length = key.size();
    if number.len() != length {
        return Err(StatusWord::IncorrectParameters);
    }
    let number = BigUint::from_bytes_be(number);
    let result = rsa::hazmat::rsa_decrypt_and_check(key, Some(&mut OsRng), &number)
        .map_err(|_| StatusWord::IncorrectParameters)?
        .to_bytes_be();
    let mut padded = vec![0; length.saturating_sub(result.len())];
    padded.extend(result);
    Ok(padded)
}

/// A digest with zeros before it, which leave the number what it is.
fn left_padded<const N: usize>(digest: &[u8]) -> Result<[u8; N], StatusWord> {
    let mut padded = [0; N];
    let start = N.checked_sub(digest.len()).ok_or(StatusWord::IncorrectParameters)?;
    padded.iter_mut().skip(start).zip(digest).for_each(|(to, from)| *to = *from);
    Ok(padded)
}
