//! Who vouches for the record.

use super::shown::{BRIEF, clip};
use crate::audit::Replayed;
use serde::Serialize;

/// Most seals that are listed.
const MOST: usize = 100;

/// The part of the page about seals.
#[derive(Debug, Serialize)]
pub(super) struct Seals {
    /// One row for each seal.
    rows: Vec<Seal>,
    /// What the replay found about seals.
    said: Vec<String>,
}

/// A seal and what is known of it.
#[derive(Debug, Serialize)]
struct Seal {
    /// Whose it is.
    role: String,
    /// The sort of key.
    key: String,
    /// The key's fingerprint, as ssh-keygen prints it.
    fingerprint: String,
    /// Whose key it is, as the auditor's `allowed_signers` say.
    principals: String,
    /// Whether the auditor's own `allowed_signers` know the key.
    vouched: bool,
    /// What it covers.
    covers: String,
}

impl Seals {
    pub(super) fn of(replayed: &Replayed) -> Self {
        let about = replayed.findings.iter().filter(|finding| finding.code.contains("seal"));
        let rows = replayed.seals.iter().take(MOST).map(|seal| Seal {
            role: clip(&seal.role, BRIEF),
            key: clip(&seal.key_type, BRIEF),
            fingerprint: clip(&seal.fingerprint, BRIEF),
            principals: clip(&seal.principals.join(", "), BRIEF),
            vouched: seal.vouched,
            covers: seal.covers.to_string(),
        });
        Self { rows: rows.collect(), said: about.map(|finding| finding.message.clone()).collect() }
    }
}
