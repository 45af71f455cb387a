//! What a role says of its targets, one by one.

use super::{
    super::metadata::{Entry, HASHES, LARGEST_NUMBER, is_hash},
    files::quoted,
    names::target_fault,
    report::Finding,
};
use officiant_engine::notation::is_hostile;
use serde_json::Value;

/// The most that is said of the targets of one role.
const MOST: usize = 5;

/// What was found among the targets of a role.
#[derive(Debug, Default)]
pub(super) struct Targets {
    pub(super) count: u64,
    /// What is wrong, as clauses.
    pub(super) faults: Vec<String>,
    /// What is odd: a code and a clause.
    odd: Vec<(&'static str, String)>,
}

impl Targets {
    /// Looks at a target; that it is within the role's reach is looked at elsewhere.
    pub(super) fn look_at(&mut self, name: &str, entry: Entry<'_>) {
        self.count += 1;
        if let Some(fault) = target_fault(name) {
            self.fault(format!("the name of the target {} {fault}", quoted(name)));
        }
        if !name.is_ascii() && name.chars().any(is_hostile) {
            self.odd(
                "hostile-name",
                format!("the name of the target {} has characters that cannot be seen", quoted(name)),
            );
        }
        if let Entry::Value(value) = entry {
            self.look_into(name, value);
        }
    }

    fn look_into(&mut self, name: &str, value: &Value) {
        let of = |what: &str| format!("the target {} {what}", quoted(name));
        let Some(entries) = value.as_object() else { return self.fault(of("is no object")) };
        if value["length"].as_u64().is_none_or(|length| length > LARGEST_NUMBER) {
            self.fault(of("has a length that is no whole number from 0 to 2^53"));
        }
        let Some(hashes) = value["hashes"].as_object().filter(|hashes| !hashes.is_empty()) else {
            return self.fault(of("has no hashes"));
        };
        let mut strong = false;
        for (kind, hash) in hashes {
            let known = HASHES.iter().any(|(known, _)| known == kind);
            match hash.as_str() {
                Some(hash) if known && is_hash(kind, hash) => strong |= kind != HASHES[0].0,
                Some(hash) if !known && !hash.is_empty() && hash.bytes().all(|it| it.is_ascii_hexdigit()) => {
                    self.odd("hash", of(&format!("has a hash by {}, which is not known here", quoted(kind))));
                }
                _ => self.fault(of(&format!("has a hash by {} that is not in small hex of its length", quoted(kind)))),
            }
        }
        if !strong {
            self.odd("hash", of("has neither a SHA-256 nor a SHA-512"));
        }
        for field in entries.keys().filter(|field| !["length", "hashes", "custom"].contains(&field.as_str())) {
            self.odd("unknown-field", of(&format!("has a field that is not known, {}", quoted(field))));
        }
    }

    /// Notes a fault.
    pub(super) fn fault(&mut self, clause: String) {
        match self.faults.len() {
            MOST => self.faults.push("there is more of the kind".to_string()),
            more if more > MOST => {}
            _ => self.faults.push(clause),
        }
    }

    fn odd(&mut self, code: &'static str, clause: String) {
        if self.odd.len() < MOST {
            self.odd.push((code, clause));
        }
    }

    /// What is odd in the file `place`.
    pub(super) fn findings(&self, place: &str) -> Vec<Finding> {
        self.odd.iter().map(|(code, clause)| Finding::new(code, place, clause.clone())).collect()
    }
}
