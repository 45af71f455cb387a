//! Public keys as everybody else reads them: SubjectPublicKeyInfo (RFC 5280, 4.1), DER and PEM.

use super::{
    argument::{ObjectType, algorithm_name},
    session::{Command, Moment, Session},
};
use crate::public_key::{Info, der, ed25519_verifies, verifies};
use officiant_engine::conduct::Failure;
use p256::pkcs8::DecodePublicKey;
use sha2::{Digest, Sha256, Sha384};
use yubihsm::asymmetric::Algorithm;

/// The public key of an asymmetric key on a device.
pub(crate) enum PublicKey {
    Ed25519(ed25519_dalek::VerifyingKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
}

impl PublicKey {
    /// Reads it from the device
    /// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html#get-public-key-command>).
    ///
    /// # Errors
    /// `not-found`; `unsupported-algorithm`; `garbled` when the device's answer is no point of its curve.
    pub(crate) fn read(session: &Session<'_>, id: u16) -> Result<Self, Failure> {
        Self::read_at(session, id, Moment::Before)
    }

    pub(crate) fn read_at(session: &Session<'_>, id: u16, moment: Moment) -> Result<Self, Failure> {
        let command = Command::looks("get-public-key").about(ObjectType::AsymmetricKey, id).at(moment);
        let key = session.run(command, |client| client.get_public_key(id))?;
        let parsed = match key.algorithm {
            Algorithm::Ed25519 => key
                .bytes
                .as_slice()
                .try_into()
                .ok()
                .and_then(|bytes| ed25519_dalek::VerifyingKey::from_bytes(bytes).ok())
                .map(Self::Ed25519),
            Algorithm::EcP256 => {
                p256::ecdsa::VerifyingKey::from_sec1_bytes(&uncompressed(&key.bytes)).ok().map(Self::P256)
            }
            Algorithm::EcP384 => {
                p384::ecdsa::VerifyingKey::from_sec1_bytes(&uncompressed(&key.bytes)).ok().map(Self::P384)
            }
            other => {
                return Err(Failure::new(
                    "unsupported-algorithm",
                    format!("asymmetric-key {id} is a key for {}", algorithm_name(other.to_u8())),
                )
                .next("keys for ed25519, ecp256 and ecp384 can be used here"));
            }
        };
        parsed.ok_or_else(|| {
            Failure::new("garbled", format!("the public key of asymmetric-key {id} is not on its curve"))
        })
    }

    /// Reads SubjectPublicKeyInfo, DER; nothing when it is none, or of another kind of key.
    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let ed25519 = || ed25519_dalek::VerifyingKey::from_public_key_der(der).map(Self::Ed25519);
        let p256 = || p256::ecdsa::VerifyingKey::from_public_key_der(der).map(Self::P256);
        let p384 = || p384::ecdsa::VerifyingKey::from_public_key_der(der).map(Self::P384);
        ed25519().or_else(|_| p256()).or_else(|_| p384()).ok()
    }

    /// Reads SubjectPublicKeyInfo, PEM.
    pub(crate) fn from_pem(pem: &[u8]) -> Option<Self> {
        Self::from_der(&der(pem)?)
    }

    /// Whether it verifies a signature as `yubihsm.sign` makes them: of the whole message with `ed25519`, DER of its SHA-256 on
    /// P-256 and of its SHA-384 on P-384.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => ed25519_verifies(key, message, signature),
            Self::P256(key) => verifies::<p256::ecdsa::DerSignature>(key, &Sha256::digest(message), signature),
            Self::P384(key) => verifies::<p384::ecdsa::DerSignature>(key, &Sha384::digest(message), signature),
        }
    }

    /// The algorithm of its signatures, as `yubihsm.sign` names it.
    pub(crate) fn signature_algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "ed25519",
            Self::P256(_) => "ecdsa-sha256",
            Self::P384(_) => "ecdsa-sha384",
        }
    }

    /// The algorithm, by the vendor's name.
    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "ed25519",
            Self::P256(_) => "ecp256",
            Self::P384(_) => "ecp384",
        }
    }

    /// `SubjectPublicKeyInfo`.
    pub(crate) fn info(&self) -> Result<Info, Failure> {
        match self {
            Self::Ed25519(key) => Info::of(key),
            Self::P256(key) => Info::of(key),
            Self::P384(key) => Info::of(key),
        }
    }
}

/// The device leaves the tag of an uncompressed point out (SEC 1, 2.3.3).
fn uncompressed(coordinates: &[u8]) -> Vec<u8> {
    let mut point = vec![0x04];
    point.extend(coordinates);
    point
}
