//! What the steps of a signing event report.

use officiant_engine::{conduct::Objection, record::FileRecord};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The words that changes and faults are told in, by number. Whoever changes any of them raises it: a replay holds what was shown in
/// other words against what they are about, and not word by word.
pub(crate) const WORDING: u32 = 1;

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
    /// Which words it is told in.
    pub(crate) wording: u32,
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
    /// What is wrong with a recorded state, which must be this one.
    pub(crate) fn objection(&self, recorded: &Self) -> Option<Objection> {
        let is_same = if recorded.wording == self.wording {
            recorded == self
        } else {
            self.knows_wording(recorded.wording) && recorded.without_words() == self.without_words()
        };
        if !is_same {
            return Some(Objection::wrong("state", "the event is not as the record says that it was"));
        }
        (recorded.wording != self.wording).then(|| {
            let message = "what changed was told in other words than this version of the program has: that they were the right ones is \
                           for people to read";
            Objection::unproven("wording", message)
        })
    }

    /// Whether these are words that were once used.
    pub(crate) fn knows_wording(&self, wording: u32) -> bool {
        (1..=self.wording).contains(&wording)
    }

    fn without_words(&self) -> Self {
        let changes = without_lines(&self.changes);
        let faults = vec![String::new(); self.faults.len()];
        Self { wording: 0, changes, faults, ..self.clone() }
    }

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

/// Changes by their roles and versions alone.
pub(crate) fn without_lines(changes: &[Change]) -> Vec<Change> {
    changes.iter().map(|change| Change { lines: Vec::new(), ..change.clone() }).collect()
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

#[cfg(test)]
mod tests {
    use super::{Change, State, WORDING};
    use std::collections::BTreeMap;

    #[test]
    fn other_words_are_held_against_what_they_are_about() {
        let change = Change { role: "root".to_string(), from: None, to: 1, lines: vec!["1 digit".to_string()] };
        let state = State {
            wording: WORDING + 1,
            changes: vec![change],
            signatures: Vec::new(),
            invitations: BTreeMap::new(),
            invited_to: Vec::new(),
            to_sign: vec!["root".to_string()],
            to_sign_later: Vec::new(),
            faults: Vec::new(),
            complete: false,
        };
        let mut recorded = state.clone();
        assert_eq!(state.objection(&recorded), None);
        recorded.changes[0].lines = vec!["1 digits".to_string()];
        assert!(state.objection(&recorded).is_some_and(|it| it.grave), "the same words are compared");
        for unknown in [0, WORDING + 2] {
            recorded.wording = unknown;
            assert!(state.objection(&recorded).is_some_and(|it| it.grave), "words that nobody has used");
        }
        recorded.wording = WORDING;
        let objection = state.objection(&recorded).unwrap();
        assert_eq!((objection.code, objection.grave), ("wording", false));
        recorded.changes[0].to = 2;
        assert!(state.objection(&recorded).is_some_and(|it| it.grave), "another version is no other word");
    }
}
