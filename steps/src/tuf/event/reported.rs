//! What the steps of a signing event report.

use officiant_engine::record::FileRecord;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A clone with the event, as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Found {
    /// The clone's folder; `REHEARSAL` for a practice repository.
    pub(crate) clone: String,
    /// The branch that is checked out; nothing where HEAD is on none, and in a practice repository.
    pub(crate) branch: Option<String>,
    /// The commit that is checked out; nothing in a practice repository.
    pub(crate) head: Option<String>,
    /// The commit where the event leaves what is published; nothing in a practice repository.
    pub(crate) base: Option<String>,
}

/// What changed in a role against what is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Change {
    pub(crate) role: String,
    /// The version that is published; nothing for a new role.
    pub(crate) from: Option<u64>,
    /// The version in the event.
    pub(crate) to: u64,
    /// What changed, in words, as it was shown.
    pub(crate) lines: Vec<String>,
}

/// How far the signatures of a role are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Progress {
    pub(crate) role: String,
    pub(crate) version: u64,
    /// When it expires, RFC 3339.
    pub(crate) expires: String,
    /// How many keys must sign.
    pub(crate) threshold: u64,
    /// Whose keys have signed.
    pub(crate) signed_by: Vec<String>,
    /// Whose keys have not.
    pub(crate) missing: Vec<String>,
    /// Of `root`, by the keys of the published version, which must agree to the next: how many must sign.
    pub(crate) previous_threshold: Option<u64>,
    /// Whose keys of the published version have signed.
    pub(crate) previous_signed_by: Vec<String>,
    /// Whose keys of the published version have not.
    pub(crate) previous_missing: Vec<String>,
    /// Whether enough have signed.
    pub(crate) reached: bool,
}

/// A signing event at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct State {
    /// What changed against what is published, role by role.
    pub(crate) changes: Vec<Change>,
    /// How far the signatures are, role by role.
    pub(crate) signatures: Vec<Progress>,
    /// Who is invited and has not accepted, by handle: to which roles.
    pub(crate) invitations: BTreeMap<String, Vec<String>>,
    /// The roles that the user is invited to.
    pub(crate) invited_to: Vec<String>,
    /// The roles that the user can sign now.
    pub(crate) to_sign: Vec<String>,
    /// The roles that the user signs when the last invitation is accepted, which changes them once more.
    pub(crate) to_sign_later: Vec<String>,
    /// What is against signing, each as a sentence.
    pub(crate) faults: Vec<String>,
    /// Whether enough have signed every role that changed, nobody is invited any more, and nothing is against it.
    pub(crate) complete: bool,
}

impl State {
    /// Whose signatures of a role are still to come: those with a key, of root also by the published keys while too few of these
    /// have signed, then those who are invited and have no key in it yet.
    pub(crate) fn awaited(&self, role: &Progress) -> Vec<String> {
        let signed_before = u64::try_from(role.previous_signed_by.len()).unwrap_or(u64::MAX);
        let lacks_before = role.previous_threshold.is_some_and(|threshold| signed_before < threshold);
        let before = role.previous_missing.iter().filter(|it| lacks_before && !role.missing.contains(*it));
        let invited = self.invitations.iter().filter(|(_, roles)| roles.contains(&role.role));
        let invited = invited.map(|(handle, _)| format!("{handle} (invited)"));
        role.missing.iter().chain(before).cloned().chain(invited).collect()
    }
}

/// The files of a moment, by their paths in `metadata/`.
pub(crate) type Kept = BTreeMap<String, FileRecord>;

/// The files that a step compared and made, so that the record can be judged from the ceremony folder alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Files {
    /// What is published.
    pub(crate) published: Kept,
    /// What was in the event before the step.
    pub(crate) before: Kept,
    /// What is in it afterwards.
    pub(crate) after: Kept,
}
