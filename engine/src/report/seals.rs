//! Who vouches for the record.

use crate::audit::Replayed;
use serde::Serialize;

/// The part of the page about seals.
///
/// Until the replay verifies seals there is no row: the page says what the replay says of them, and nothing more.
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
        Self { rows: Vec::new(), said: about.map(|finding| finding.message.clone()).collect() }
    }
}
