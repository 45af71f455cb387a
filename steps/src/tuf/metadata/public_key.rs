//! Public keys by TUF's schemes (<https://theupdateframework.github.io/specification/latest/#role-root>, keys).

use crate::public_key::{der, ed25519_verifies, verifies};
use officiant_engine::record::digest_hex;
use p256::pkcs8::{DecodePublicKey, EncodePublicKey};
use rsa::{Pss, RsaPublicKey, traits::PublicKeyParts};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha384};
use spki::der::pem::LineEnding;

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Ed25519,
    EcdsaP256,
    EcdsaP384,
    RsaPssSha256,
}

impl Scheme {
    const ALL: [Self; 4] = [Self::Ed25519, Self::EcdsaP256, Self::EcdsaP384, Self::RsaPssSha256];

    /// TUF's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256 => "ecdsa-sha2-nistp256",
            Self::EcdsaP384 => "ecdsa-sha2-nistp384",
            Self::RsaPssSha256 => "rsassa-pss-sha256",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == name)
    }

    /// The type of key that python-tuf writes with it.
    pub(crate) fn keytype(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256 | Self::EcdsaP384 => "ecdsa",
            Self::RsaPssSha256 => "rsa",
        }
    }
}

/// A public key that can verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Ed25519(ed25519_dalek::VerifyingKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    Rsa(RsaPublicKey),
}

/// The fewest bits of an RSA key that is taken; fewer can be broken.
const FEWEST_RSA_BITS: usize = 2048;

impl PublicKey {
    /// From `SubjectPublicKeyInfo`, DER; nothing when it is of no kind that TUF signs with here.
    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let ed25519 = || ed25519_dalek::VerifyingKey::from_public_key_der(der).map(Self::Ed25519);
        let p256 = || p256::ecdsa::VerifyingKey::from_public_key_der(der).map(Self::P256);
        let p384 = || p384::ecdsa::VerifyingKey::from_public_key_der(der).map(Self::P384);
        let rsa = || RsaPublicKey::from_public_key_der(der).map(Self::Rsa);
        let key = ed25519().or_else(|_| p256()).or_else(|_| p384()).or_else(|_| rsa()).ok()?;
        match &key {
            Self::Rsa(rsa) if rsa.n().bits() < FEWEST_RSA_BITS => None,
            Self::Ed25519(key) if key.is_weak() => None,
            _ => Some(key),
        }
    }

    /// From `SubjectPublicKeyInfo`, PEM.
    pub(crate) fn from_pem(pem: &[u8]) -> Option<Self> {
        Self::from_der(&der(pem)?)
    }

    /// From a key as metadata has it: PEM, or hex of the 32 bytes of `ed25519` and of the point (SEC 1, 2.3.3) of ECDSA.
    ///
    /// # Errors
    /// Why it cannot verify, as a clause.
    pub(crate) fn from_tuf(key: &Value) -> Result<Self, String> {
        let scheme = key["scheme"].as_str().ok_or("it names no scheme")?;
        let known =
            Scheme::from_name(scheme).ok_or_else(|| format!("its scheme, {scheme:?}, is none that is known here"))?;
        let text = key["keyval"]["public"].as_str().ok_or("it has no public key")?;
        let read = if text.trim_start().starts_with("-----BEGIN") {
            Self::from_pem(text.trim().as_bytes())
        } else {
            hex::decode(text).ok().and_then(|bytes| Self::from_bytes(known, &bytes))
        };
        let read = read.ok_or("its public key cannot be read")?;
        if read.scheme() != known {
            return Err(format!("its scheme is {scheme}, its public key is for {}", read.scheme().name()));
        }
        Ok(read)
    }

    fn from_bytes(scheme: Scheme, bytes: &[u8]) -> Option<Self> {
        match scheme {
            Scheme::Ed25519 => {
                let key = ed25519_dalek::VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
                (!key.is_weak()).then_some(Self::Ed25519(key))
            }
            Scheme::EcdsaP256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes).ok().map(Self::P256),
            Scheme::EcdsaP384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(bytes).ok().map(Self::P384),
            Scheme::RsaPssSha256 => None,
        }
    }

    /// How it signs.
    pub(crate) fn scheme(&self) -> Scheme {
        match self {
            Self::Ed25519(_) => Scheme::Ed25519,
            Self::P256(_) => Scheme::EcdsaP256,
            Self::P384(_) => Scheme::EcdsaP384,
            Self::Rsa(_) => Scheme::RsaPssSha256,
        }
    }

    /// Whether a signature is of a message: 64 bytes for `ed25519`, DER (RFC 3279, 2.2.3) for ECDSA, RSA-PSS (RFC 8017, 8.1) with
    /// a salt of 32 bytes, as securesystemslib and `tough` have it.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => ed25519_verifies(key, message, signature),
            Self::P256(key) => verifies::<p256::ecdsa::DerSignature>(key, &Sha256::digest(message), signature),
            Self::P384(key) => verifies::<p384::ecdsa::DerSignature>(key, &Sha384::digest(message), signature),
            Self::Rsa(key) => key.verify(Pss::new::<Sha256>(), &Sha256::digest(message), signature).is_ok(),
        }
    }

    /// `SubjectPublicKeyInfo`, DER.
    pub(crate) fn der(&self) -> Vec<u8> {
        let document = match self {
            Self::Ed25519(key) => key.to_public_key_der(),
            Self::P256(key) => key.to_public_key_der(),
            Self::P384(key) => key.to_public_key_der(),
            Self::Rsa(key) => key.to_public_key_der(),
        };
        // A key that was read can be written.
        document.map(spki::Document::into_vec).unwrap_or_default()
    }

    /// `SubjectPublicKeyInfo`, PEM with line feeds.
    pub(crate) fn pem(&self) -> String {
        let document = spki::Document::try_from(self.der());
        document.ok().and_then(|document| document.to_pem("PUBLIC KEY", LineEnding::LF).ok()).unwrap_or_default()
    }

    /// SHA-256 of the `SubjectPublicKeyInfo`'s DER, hex: the same key is the same here, whatever it is called.
    pub(crate) fn fingerprint(&self) -> String {
        digest_hex(&self.der())
    }

    /// As metadata has it: hex for `ed25519`, PEM for the others, as securesystemslib writes them.
    pub(crate) fn to_tuf(&self) -> Value {
        let public = match self {
            Self::Ed25519(key) => hex::encode(key.as_bytes()),
            _ => self.pem(),
        };
        let scheme = self.scheme();
        json!({ "keytype": scheme.keytype(), "scheme": scheme.name(), "keyval": { "public": public } })
    }
}
