//! PIN and PUK.

use rand_core::{OsRng, RngCore};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::status_word::StatusWord;
use crate::key_material::KeyMaterial;

/// Bytes of a PIN or PUK with its padding.
pub(super) const LENGTH: usize = 8;
/// Fills up what is shorter.
const PADDING: u8 = 0xff;
/// The fewest bytes without padding.
const SHORTEST: usize = 6;
/// Tries of a factory-new device.
const FACTORY_TRIES: u8 = 3;

/// Bytes of salt, and of what is kept: the salt, and SHA-256 of it and the value.
const SALT: usize = 16;
const KEPT: usize = SALT + 32;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    Pin,
    Puk,
}

impl Reference {
    /// What a device has when it comes from the factory: `123456` and `12345678`.
    const fn factory(self) -> [u8; LENGTH] {
        match self {
            Self::Pin => *b"123456\xff\xff",
            Self::Puk => *b"12345678",
        }
    }
}

impl TryFrom<u8> for Reference {
    type Error = StatusWord;

    /// From the key reference of a command (NIST SP 800-73-4, part 1, table 4a).
    fn try_from(reference: u8) -> Result<Self, StatusWord> {
        match reference {
            0x80 => Ok(Self::Pin),
            0x81 => Ok(Self::Puk),
            _ => Err(StatusWord::ReferenceNotFound),
        }
    }
}

/// A PIN or PUK, with how often it may be wrong.
///
/// It is kept so that nobody reads in the file what somebody typed; who tries them all finds it, as it is short.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretReference {
    kept: KeyMaterial,
    /// Tries that are left; none, and it is blocked.
    pub(super) tries: u8,
    /// Tries after it was right.
    pub(super) limit: u8,
}

impl SecretReference {
    pub(super) fn factory(reference: Reference) -> Self {
        Self::factory_with(reference, FACTORY_TRIES)
    }

    /// The factory's, with another number of tries.
    pub(super) fn factory_with(reference: Reference, limit: u8) -> Self {
        Self { kept: kept(&reference.factory()), tries: limit, limit }
    }

    /// Whether it is one that everybody knows.
    pub(super) fn is_factory(&self, reference: Reference) -> bool {
        self.is(&reference.factory())
    }

    pub(super) const fn is_blocked(&self) -> bool {
        self.tries == 0
    }

    /// What is wrong with one that was read from a file, as a clause.
    pub(super) fn problem(&self) -> Option<&'static str> {
        if self.kept.expose().len() != KEPT {
            Some("has another length than a salt and a digest")
        } else if self.limit == 0 || self.tries > self.limit {
            Some("has more tries left than it may have")
        } else {
            None
        }
    }

    /// Compares, and counts the try.
    ///
    /// # Errors
    /// - [`StatusWord::AuthenticationMethodBlocked`]: it was blocked before.
    /// - [`StatusWord::VerificationFailed`], also when this was the last try.
    pub(super) fn verify(&mut self, value: &[u8]) -> Result<(), StatusWord> {
        if self.is_blocked() {
            return Err(StatusWord::AuthenticationMethodBlocked);
        }
        if self.is(value) {
            self.tries = self.limit;
            return Ok(());
        }
        self.tries = self.tries.saturating_sub(1);
        Err(StatusWord::VerificationFailed(self.tries))
    }

    /// Takes another value, with all tries.
    pub(super) fn replace(&mut self, value: &[u8]) {
        self.kept = kept(value);
        self.tries = self.limit;
    }

    fn is(&self, value: &[u8]) -> bool {
        let (salt, digest) = self.kept.expose().split_at(SALT.min(self.kept.expose().len()));
        digested(salt, value).ct_eq(digest).into()
    }

    /// What an empty VERIFY answers when it is not verified.
    pub(super) const fn state(&self) -> StatusWord {
        match self.tries {
            0 => StatusWord::AuthenticationMethodBlocked,
            tries => StatusWord::VerificationFailed(tries),
        }
    }
}

/// What is kept of a value.
fn kept(value: &[u8]) -> KeyMaterial {
    let mut salt = [0; SALT];
    OsRng.fill_bytes(&mut salt);
    [salt.as_slice(), &digested(&salt, value)].concat().as_slice().into()
}

fn digested(salt: &[u8], value: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(value).finalize().into()
}

/// Whether bytes may become a PIN or PUK: six to eight, then padding. What the bytes are does not matter (Yubico's *The
/// PIV PIN, PUK, and management key*).
pub(super) fn is_well_formed(value: &[u8]) -> bool {
    length(value).is_some_and(|length| length >= SHORTEST)
}

/// Bytes before the padding; `None` if padding is elsewhere than at the end, or the whole is not eight bytes long.
pub(super) fn length(value: &[u8]) -> Option<usize> {
    let length = value.iter().position(|byte| *byte == PADDING).unwrap_or(value.len());
    let padded = value.iter().skip(length).all(|byte| *byte == PADDING);
    (value.len() == LENGTH && padded).then_some(length)
}
