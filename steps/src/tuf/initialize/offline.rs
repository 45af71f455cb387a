//! The keys of the roles that are offline.

use crate::{
    files::Place,
    tuf::metadata::{Key, PublicKey, Scheme},
};
use officiant_engine::conduct::{Failure, Stage};
use std::fs;

/// The most bytes that a YubiHSM 2 signs with ed25519, which hashes nothing outside the device (its command `Sign EdDSA`).
const LARGEST_EDDSA: usize = 2_000;

/// The largest file of a public key that is read, in bytes.
const LARGEST: u64 = 64 * 1024;

/// The keys of an offline role, and how many of them must sign.
#[derive(Debug, Clone)]
pub(super) struct Offline {
    pub(super) name: &'static str,
    pub(super) keys: Vec<Key>,
    pub(super) fingerprints: Vec<String>,
    pub(super) threshold: u32,
}

impl Offline {
    /// Reads the public keys of a role: PEM.
    ///
    /// # Errors
    /// `public-key`, `threshold`.
    pub(super) fn read(
        name: &'static str,
        files: &[String],
        threshold: u32,
        stage: &Stage<'_>,
    ) -> Result<Self, Failure> {
        let mut role = Self { name, keys: Vec::new(), fingerprints: Vec::new(), threshold };
        for file in files {
            let place = Place::of(file)?;
            let wrong = |why: String| {
                Failure::new("public-key", format!("the public key `{}` of {name}: {why}", place.name()))
                    .next("see that the file is there, and is the one that the device exported")
            };
            let key = read(&place, stage).map_err(wrong)?;
            let fingerprint = key.fingerprint();
            if role.fingerprints.contains(&fingerprint) {
                return Err(wrong("it is there twice, and would count once".to_string()));
            }
            role.fingerprints.push(fingerprint);
            role.keys.push(Key::named(key.to_tuf()));
        }
        if threshold == 0 || threshold as usize > role.keys.len() {
            let message = format!("the threshold of {name} is {threshold}, of {} keys", role.keys.len());
            return Err(Failure::new("threshold", message).next("correct the threshold or the keys in the runbook"));
        }
        Ok(role)
    }

    /// Makes sure that a device can sign that many bytes with its keys.
    ///
    /// # Errors
    /// `ed25519`.
    pub(super) fn can_sign(&self, size: usize) -> Result<(), Failure> {
        let ed25519 = |key: &Key| key.public.as_ref().is_ok_and(|key| key.scheme() == Scheme::Ed25519);
        let Some(at) = self.keys.iter().position(ed25519).filter(|_| size > LARGEST_EDDSA) else { return Ok(()) };
        let fingerprint = self.fingerprints.get(at).map_or("", String::as_str);
        let message = format!(
            "the ed25519 key {fingerprint} of {} would have to sign {size} bytes, and a YubiHSM 2 signs at most {LARGEST_EDDSA} with \
             ed25519",
            self.name
        );
        Err(Failure::new("ed25519", message).next(
            "give the role keys of P-256 or P-384, whose devices sign a digest; or say `large_ed25519: true` if the key is in no device",
        ))
    }
}

fn read(place: &Place, stage: &Stage<'_>) -> Result<PublicKey, String> {
    let full = place.full(stage).map_err(|failure| failure.message)?;
    let metadata = full.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err("it is no file of a key".to_string());
    }
    let pem = fs::read(&full).map_err(|error| error.to_string())?;
    PublicKey::from_pem(&pem).ok_or_else(|| "it is no PEM of a public key that TUF signs with".to_string())
}
