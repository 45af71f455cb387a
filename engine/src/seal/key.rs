//! The keys that can seal.

use ed25519_dalek::VerifyingKey;
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, PublicKey, public::KeyData};
use std::fmt;

/// Sizes of RSA moduli in bits: what OpenSSH makes, and what takes no long time to check.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;

/// A public key that can seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(KeyData);

/// Why a key cannot seal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnfitKey {
    /// RSA of another size.
    #[error("an RSA key has 2048 to 4096 bits here, this one has {0}")]
    RsaSize(usize),
    /// A key for which everybody can sign.
    #[error("its Ed25519 key is a weak one, for which anybody can make signatures")]
    Weak,
    /// Another type, by its name in OpenSSH.
    #[error(
        "keys of the type `{0}` cannot be used here; use ssh-ed25519, ecdsa-sha2-nistp256 or -nistp384, or ssh-rsa"
    )]
    Type(String),
}

impl Key {
    /// Takes a key that OpenSSH has: Ed25519, ECDSA on P-256, P-384 or P-521, RSA of 2048 to 4096 bits, or a FIDO key.
    ///
    /// # Errors
    /// It is none of these.
    pub fn new(key: KeyData) -> Result<Self, UnfitKey> {
        match &key {
            KeyData::Ed25519(ed25519) => strong(&ed25519.0)?,
            KeyData::SkEd25519(fido) => strong(&fido.public_key().0)?,
            KeyData::Ecdsa(_) | KeyData::SkEcdsaSha2NistP256(_) => {}
            KeyData::Rsa(rsa) => {
                let modulus = rsa.n.as_positive_bytes().unwrap_or_default();
                let unused = modulus.first().map_or(0, |first| first.leading_zeros() as usize);
                let bits = modulus.len() * 8 - unused;
                if !RSA_BITS.contains(&bits) {
                    return Err(UnfitKey::RsaSize(bits));
                }
            }
            other => return Err(UnfitKey::Type(other.algorithm().to_string())),
        }
        Ok(Self(key))
    }

    /// The key as the `ssh-key` crate has it.
    #[must_use]
    pub fn data(&self) -> &KeyData {
        &self.0
    }

    /// Its type as OpenSSH names it in files, for example `ssh-ed25519`.
    #[must_use]
    pub fn key_type(&self) -> String {
        self.0.algorithm().to_string()
    }

    /// Its fingerprint as `ssh-keygen -l` prints it: `SHA256:` and Base64 without padding.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The key as in a `.pub` file: its type and Base64, no comment.
    #[must_use]
    pub fn openssh(&self) -> String {
        PublicKey::from(self.0.clone()).to_openssh().unwrap_or_default()
    }

    /// The 32 bytes of an Ed25519 key.
    #[must_use]
    pub fn ed25519(&self) -> Option<[u8; 32]> {
        self.0.ed25519().map(|key| key.0)
    }

    /// Whether a signature by this key can have that algorithm: RSA with SHA-256 or SHA-512 and not with SHA-1.
    pub(super) fn signs_with(&self, algorithm: &Algorithm) -> bool {
        match (self.0.algorithm(), algorithm) {
            (Algorithm::Rsa { .. }, Algorithm::Rsa { hash }) => hash.is_some(),
            (own, other) => own == *other,
        }
    }

    /// Whether a person is asked at the device for each signature (FIDO).
    pub(super) fn is_fido(&self) -> bool {
        self.0.is_sk_ed25519() || self.0.is_sk_ecdsa_p256()
    }

    /// The curve of an ECDSA key.
    #[must_use]
    pub fn curve(&self) -> Option<EcdsaCurve> {
        self.0.ecdsa().map(ssh_key::public::EcdsaPublicKey::curve)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.key_type(), self.fingerprint())
    }
}

fn strong(key: &[u8; 32]) -> Result<(), UnfitKey> {
    match VerifyingKey::from_bytes(key) {
        Ok(key) if !key.is_weak() => Ok(()),
        _ => Err(UnfitKey::Weak),
    }
}
