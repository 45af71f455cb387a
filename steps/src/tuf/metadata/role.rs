//! A role: which keys sign for it, and how many of them must.

use serde_json::Value;
use std::collections::BTreeSet;

/// A role as the one that delegates to it has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Role {
    pub(crate) name: String,
    /// In their order.
    pub(crate) keyids: Vec<String>,
    pub(crate) threshold: u64,
    /// The targets that it may speak of; nothing for a top-level role.
    pub(crate) paths: Option<Paths>,
    /// Whether what it does not have is looked for no further.
    pub(crate) terminating: bool,
    /// All of it, unknown fields too.
    pub(crate) value: Value,
}

/// Targets that a role may speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Paths {
    /// Shell patterns in which `*` stands for nothing with a `/`.
    Patterns(Vec<String>),
    /// What the hex SHA-256 of the path begins with.
    HashPrefixes(Vec<String>),
}

impl Role {
    /// Reads a role, at the top level or delegated, which has a name of its own in `value`.
    ///
    /// # Errors
    /// What is wrong, as a clause.
    pub(crate) fn read(name: &str, value: &Value, delegated: bool) -> Result<Self, String> {
        let strings = |value: &Value| -> Option<Vec<String>> {
            value.as_array()?.iter().map(|item| item.as_str().map(str::to_string)).collect()
        };
        let of = |what: &str| format!("the role {name:?} {what}");
        let keyids = strings(&value["keyids"]).ok_or_else(|| of("has no list of key ids"))?;
        if keyids.iter().collect::<BTreeSet<_>>().len() != keyids.len() {
            return Err(of("names a key id twice"));
        }
        let threshold = value["threshold"].as_u64().filter(|threshold| *threshold > 0);
        let threshold = threshold.ok_or_else(|| of("has a threshold that is no whole number of at least 1"))?;
        let paths = match (value.get("paths"), value.get("path_hash_prefixes")) {
            (None, None) if !delegated => None,
            (Some(paths), None) => {
                Some(Paths::Patterns(strings(paths).ok_or_else(|| of("has paths that are no list of text"))?))
            }
            (None, Some(prefixes)) => {
                let prefixes = strings(prefixes).filter(|them| {
                    them.iter().all(|it| it.len() <= 64 && it.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')))
                });
                Some(Paths::HashPrefixes(prefixes.ok_or_else(|| of("has hash prefixes that are not in hex"))?))
            }
            (Some(_), Some(_)) => return Err(of("has both paths and hash prefixes")),
            (None, None) => return Err(of("has neither paths nor hash prefixes")),
        };
        let terminating = match &value["terminating"] {
            Value::Bool(terminating) => *terminating,
            Value::Null if !delegated => false,
            _ => return Err(of("does not say whether it is terminating")),
        };
        Ok(Self { name: name.to_string(), keyids, threshold, paths, terminating, value: value.clone() })
    }
}
