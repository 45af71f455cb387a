//! A key in a file, for tests and rehearsals: in a ceremony devices hold the keys.

use super::{SigningKey, untrue};
use crate::{
    files::{self, Place},
    tuf::metadata::PublicKey,
};
use ed25519_dalek::Signer as _;
use officiant_engine::conduct::{Failure, Notice, Stage};
use p256::pkcs8::DecodePrivateKey;
use std::io::Read;
use zeroize::Zeroizing;

/// Most bytes of the file.
const LARGEST: u64 = 64 * 1024;

pub(super) struct InFile {
    path: String,
    key: Private,
    public: PublicKey,
}

enum Private {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

impl Private {
    fn read(pem: &str) -> Option<Self> {
        let ed25519 = || ed25519_dalek::SigningKey::from_pkcs8_pem(pem).map(Self::Ed25519);
        let p256 = || p256::SecretKey::from_pkcs8_pem(pem).map(|key| Self::P256(key.into()));
        let p384 = || p384::SecretKey::from_pkcs8_pem(pem).map(|key| Self::P384(key.into()));
        ed25519().or_else(|_| p256()).or_else(|_| p384()).ok()
    }

    fn public(&self) -> PublicKey {
        match self {
            Self::Ed25519(key) => PublicKey::Ed25519(key.verifying_key()),
            Self::P256(key) => PublicKey::P256(*key.verifying_key()),
            Self::P384(key) => PublicKey::P384(*key.verifying_key()),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Self::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
        }
    }
}

impl InFile {
    /// Reads the key.
    ///
    /// # Errors
    /// `path`; `file` when it cannot be read, `no-key` when it is none.
    pub(super) fn open(stage: &mut Stage<'_>, path: &str) -> Result<Self, Failure> {
        let full = Place::of(path)?.full(stage)?;
        // Of one piece from the beginning: a text that grows leaves parts of itself behind.
        let mut pem = Zeroizing::new(String::with_capacity(usize::try_from(LARGEST).unwrap_or_default()));
        let read = files::open(&full, LARGEST).and_then(|file| file.take(LARGEST).read_to_string(&mut pem));
        read.map_err(|error| {
            Failure::new("file", format!("the key in `{path}` cannot be read: {error}"))
                .next("see that the file is there, and that the path in the runbook says where")
        })?;
        let Some(key) = Private::read(&pem) else {
            let message =
                format!("`{path}` holds no key for ed25519, P-256 or P-384 in PKCS #8, PEM, without a passphrase");
            return Err(Failure::new("no-key", message).next("convert it with `openssl pkcs8 -topk8 -nocrypt`"));
        };
        if !stage.rehearsal() {
            stage.show(Notice::Information(format!(
                "The key in `{path}` is in a file, which can be copied: no device protects it."
            )));
        }
        Ok(Self { path: path.to_string(), public: key.public(), key })
    }
}

impl SigningKey for InFile {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn place(&self) -> String {
        format!("the file `{}`", self.path)
    }

    fn serial(&self) -> Option<u32> {
        None
    }

    fn sign(&mut self, _: &mut Stage<'_>, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let signature = self.key.sign(message);
        if self.public.verifies(message, &signature) { Ok(signature) } else { Err(untrue(&self.place())) }
    }
}
