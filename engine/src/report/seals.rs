//! Who vouches for the record.

use super::{
    ledger::sentence,
    sentence::{Span, capitalized, message},
    shown::{BRIEF, clip},
};
use crate::audit::{Covers, Replayed};
use serde::Serialize;

/// Most seals that are listed.
const MOST: usize = 100;

/// The part of the page about seals.
#[derive(Debug, Serialize)]
pub(super) struct Seals {
    /// One row for each seal.
    rows: Vec<Seal>,
    /// How many there are, whether they are trusted, and how many are required, in one line.
    short: String,
    /// What the replay found about seals.
    said: Vec<Vec<Span>>,
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
    pub(super) fn of(replayed: &Replayed, required: Option<&[String]>) -> Self {
        let about = replayed.findings.iter().filter(|finding| finding.code.contains("seal"));
        let rows = replayed.seals.iter().take(MOST).map(|seal| Seal {
            role: clip(&seal.role, BRIEF),
            key: clip(&seal.key_type, BRIEF),
            fingerprint: clip(&seal.fingerprint, BRIEF),
            principals: clip(&seal.principals.join(", "), BRIEF),
            vouched: seal.vouched,
            covers: seal.covers.to_string(),
        });
        Self {
            short: short(replayed, required),
            rows: rows.collect(),
            said: about.map(|finding| message(&sentence(&capitalized(&finding.message)))).collect(),
        }
    }
}

fn short(replayed: &Replayed, required: Option<&[String]>) -> String {
    let whole: Vec<_> = replayed.seals.iter().filter(|seal| seal.covers == Covers::Whole).collect();
    let trusted = whole.iter().filter(|seal| seal.vouched).count();
    let seals = match whole.len() {
        0 => "No seal over the whole record".to_string(),
        1 => format!(
            "1 seal over the whole record, {} by a key that you trust",
            if trusted > 0 { "made" } else { "not" }
        ),
        many => format!("{many} seals over the whole record, {trusted} of them by keys that you trust"),
    };
    match required {
        None => seals,
        Some([]) => format!("{seals}; the runbook requires none"),
        Some(roles) => {
            let there = roles.iter().filter(|role| whole.iter().any(|seal| seal.role == **role)).count();
            format!("{seals}; {there} of the {} that the runbook requires", roles.len())
        }
    }
}
