//! A key as metadata has it: under an id, with whom it is of.

use super::{PublicKey, canonical};
use officiant_engine::record::digest_hex;
use serde_json::Value;

/// The field that tuf-on-ci names a person in who holds the key: `@` and a handle.
pub(crate) const KEY_OWNER: &str = "x-tuf-on-ci-keyowner";
/// The field that tuf-on-ci says in where an online key is, as a URI.
pub(crate) const ONLINE_URI: &str = "x-tuf-on-ci-online-uri";

/// A key under an id.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// The id that metadata has it under.
    pub(crate) id: String,
    /// All of it, unknown fields too.
    pub(crate) value: Value,
    /// What verifies with it, or why nothing does, as a clause.
    pub(crate) public: Result<PublicKey, String>,
}

impl Key {
    /// A key under the id that metadata has it under.
    pub(crate) fn new(id: &str, value: Value) -> Self {
        let public = PublicKey::from_tuf(&value);
        Self { id: id.to_string(), value, public }
    }

    /// A key under the id that it must have: SHA-256 of its canonical form, with every unknown field in it, hex
    /// (specification, 4.2).
    pub(crate) fn named(value: Value) -> Self {
        Self::new(&Self::id_of(&value), value)
    }

    /// The key of a person, as tuf-on-ci has it.
    pub(crate) fn of_owner(public: &PublicKey, owner: &str) -> Self {
        Self::tagged(public, KEY_OWNER, owner)
    }

    /// A key that is online, as tuf-on-ci has it.
    pub(crate) fn online(public: &PublicKey, uri: &str) -> Self {
        Self::tagged(public, ONLINE_URI, uri)
    }

    fn tagged(public: &PublicKey, tag: &str, value: &str) -> Self {
        let mut key = public.to_tuf();
        key[tag] = value.into();
        Self::named(key)
    }

    /// The id that a key must have.
    pub(crate) fn id_of(value: &Value) -> String {
        digest_hex(&canonical(value))
    }

    /// Whether its id is the one that it must have.
    pub(crate) fn is_compliant(&self) -> bool {
        self.id == Self::id_of(&self.value)
    }

    /// Whose it is, where tuf-on-ci says so: `@` and a handle.
    pub(crate) fn owner(&self) -> Option<&str> {
        self.value[KEY_OWNER].as_str()
    }

    /// Where it is, where it is online: a URI, which is nobody's handle.
    pub(crate) fn online_uri(&self) -> Option<&str> {
        let is_uri = |text: &&str| {
            let scheme = |it: u8| it.is_ascii_alphanumeric() || b"+-.".contains(&it);
            let known = text.split_once(':').is_some_and(|(head, _)| !head.is_empty() && head.bytes().all(scheme));
            known && text.bytes().all(|it| it.is_ascii_graphic())
        };
        self.value[ONLINE_URI].as_str().filter(is_uri)
    }

    /// Whether it says that it is online, and not where.
    pub(crate) fn is_nowhere(&self) -> bool {
        self.value.get(ONLINE_URI).is_some() && self.online_uri().is_none()
    }

    /// What people call it: its owner, where it is online, or the beginning of its id.
    pub(crate) fn called(&self) -> String {
        match self.owner().or(self.online_uri()) {
            Some(name) => name.to_string(),
            None => format!("key {}", self.id.chars().take(8).collect::<String>()),
        }
    }
}
