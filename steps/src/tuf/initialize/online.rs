//! The key that signs bins, snapshot and timestamp.

use super::input::in_ceremony;
use crate::{files::Place, tuf::metadata::PublicKey};
use ed25519_dalek::Signer as _;
use officiant_engine::conduct::{Failure, Secret, Stage};
use p256::pkcs8::{DecodePrivateKey, SecretDocument};
use rand_core::OsRng;
use std::{fs, io, os::unix::fs::MetadataExt, path::Path};

/// What stands for a key that a rehearsal makes up.
const REHEARSAL: &str = "REHEARSAL";

/// The largest file of a key that is read, in bytes.
const LARGEST: u64 = 64 * 1024;

/// A private key in memory; overwritten when it is dropped.
pub(super) enum Online {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    P256(Box<p256::ecdsa::SigningKey>),
}

impl Online {
    /// Reads a key: PKCS#8, PEM, that nobody else can read.
    ///
    /// # Errors
    /// `key-file`, with what is wrong with it and never what is in it.
    pub(super) fn of(name: &str, stage: &Stage<'_>) -> Result<Self, Failure> {
        if name == REHEARSAL {
            if !stage.rehearsal() {
                let message = format!("`{REHEARSAL}` stands for a key that is made up, and this is no rehearsal");
                return Err(Failure::new("key-file", message).next("name the file of the online key in the runbook"));
            }
            return Ok(Self::P256(Box::new(p256::ecdsa::SigningKey::random(&mut OsRng))));
        }
        let place = Place::of(name)?;
        let wrong = |why: String, next: &str| {
            Failure::new("key-file", format!("the online key in `{}`: {why}", place.name())).next(next)
        };
        if matches!(place, Place::Product(_)) && in_ceremony(stage) {
            let why = "a product is published, and this is a private key".to_string();
            return Err(wrong(why, "keep it outside the ceremony folder, and name it by its whole path"));
        }
        let pem = read(&place.full(stage)?).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => {
                wrong(format!("{error}"), "let its owner alone read it: chmod 600, and run as that owner")
            }
            _ => wrong(format!("{error}"), "see that the file is there, and that it is the right one"),
        })?;
        Self::from_pem(&pem).map_err(|why| {
            wrong(why, "make one with `openssl genpkey -algorithm ed25519`, or `-algorithm EC -pkeyopt ec_paramgen_curve:P-256`")
        })
    }

    fn from_pem(pem: &Secret) -> Result<Self, String> {
        let Ok((label, document)) = SecretDocument::from_pem(pem.expose()) else {
            return Err("it is no PEM".to_string());
        };
        match label {
            "PRIVATE KEY" => {}
            "ENCRYPTED PRIVATE KEY" => return Err("it is encrypted, which is not read here".to_string()),
            other => return Err(format!("it is a PEM of {other:?}, not of PKCS#8's PRIVATE KEY")),
        }
        let ed25519 = ed25519_dalek::SigningKey::from_pkcs8_der(document.as_bytes());
        let ed25519 = ed25519.map(|key| Self::Ed25519(Box::new(key)));
        let p256 = || p256::ecdsa::SigningKey::from_pkcs8_der(document.as_bytes()).map(|key| Self::P256(Box::new(key)));
        ed25519.or_else(|_| p256()).map_err(|_| "it is no key of ed25519 or P-256".to_string())
    }

    pub(super) fn public(&self) -> PublicKey {
        match self {
            Self::Ed25519(key) => PublicKey::Ed25519(key.verifying_key()),
            Self::P256(key) => PublicKey::P256(*key.verifying_key()),
        }
    }

    /// Signs as TUF has it: 64 bytes of ed25519, DER of ECDSA.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.sign(message).to_vec(),
            Self::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
        }
    }
}

fn read(path: &Path) -> io::Result<Secret> {
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if metadata.mode() & 0o077 != 0 {
        let message = format!("others can read or write it (mode {:03o})", metadata.mode() & 0o777);
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    if metadata.len() > LARGEST {
        return Err(io::Error::other("it is larger than any key"));
    }
    fs::read_to_string(path).map(Secret::new)
}

#[cfg(test)]
mod tests {
    use super::Online;
    use officiant_engine::conduct::Secret;
    use p256::pkcs8::{EncodePrivateKey, LineEnding};

    #[test]
    fn what_it_signs_verifies_with_its_public_key() {
        let mut seed = [7; 32];
        let ed25519 = ed25519_dalek::SigningKey::from_bytes(&seed).to_pkcs8_der().unwrap();
        seed[0] = 8;
        let p256 = p256::ecdsa::SigningKey::from_slice(&seed).unwrap().to_pkcs8_der().unwrap();
        for document in [ed25519, p256] {
            let pem = document.to_pem("PRIVATE KEY", LineEnding::LF).unwrap();
            let online = Online::from_pem(&Secret::new(pem.to_string())).unwrap();
            assert!(online.public().verifies(b"message", &online.sign(b"message")));
        }
    }
}
