//! Changes to roles, as tuf-on-ci makes them (its `_signer_repository.py`): the same fields, versions, days and places for
//! signatures, byte for byte.

use super::{
    invitations::Invitations,
    tree::{HISTORY, STATE, TOP_LEVEL, Tree, View},
};
use crate::tuf::metadata::{Document, Key, PublicKey, Signature, date};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// The field with the days in which a version expires.
pub(super) const EXPIRY: &str = "x-tuf-on-ci-expiry-period";
/// The field with the days before that in which signing begins again.
pub(super) const SIGNING: &str = "x-tuf-on-ci-signing-period";

/// The version of the specification that new metadata names, as python-tuf 7 does.
const SPECIFICATION: &str = "1.0.31";

/// How deep the paths of a delegated role go.
const DEPTH: usize = 4;

/// A role that people sign for, or a key that is online: what is to be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Config {
    /// Handles; of a role with a key that is online, its URI.
    pub(super) signers: Vec<String>,
    pub(super) threshold: u64,
    pub(super) expiry: u64,
    pub(super) signing: u64,
}

/// A key that a change brings.
#[derive(Debug, Clone)]
pub(super) enum NewKey {
    /// That of the user.
    Own(PublicKey),
    /// One that is online, at a URI.
    Online(PublicKey, String),
}

/// The roles that an online key signs: what is to be so; each with days until it expires and days of signing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OnlineConfig {
    pub(super) key: Value,
    pub(super) timestamp: [u64; 2],
    pub(super) snapshot: [u64; 2],
}

/// A signing event that changes.
pub(super) struct Editor<'a> {
    published: &'a View,
    event: View,
    user: &'a str,
    at: Timestamp,
}

impl<'a> Editor<'a> {
    /// `at` is when the change is made: periods count from it.
    pub(super) fn new(published: &'a View, event: View, user: &'a str, at: Timestamp) -> Self {
        Self { published, event, user, at }
    }

    pub(super) fn event(&self) -> &View {
        &self.event
    }

    /// What a role is now; nothing when there is none.
    pub(super) fn config(&self, role: &str) -> Option<Config> {
        let delegated = self.event.role(role)?;
        let document = self.event.document(role)?;
        let days = |name: &str| document.signed.get(name).and_then(Value::as_u64).unwrap_or(0);
        let mut signers: Vec<String> = self.event.invitations.to(role).map(str::to_string).collect();
        signers.extend(self.event.keys_of(role).iter().filter_map(|key| holder(key).map(str::to_string)));
        Some(Config { signers, threshold: delegated.threshold, expiry: days(EXPIRY), signing: days(SIGNING) })
    }

    /// What the online roles are now; nothing when they have no key.
    pub(super) fn online(&self) -> Option<OnlineConfig> {
        let [timestamp, snapshot] = [self.event.role("timestamp")?, self.event.role("snapshot")?];
        let key = self.event.keys_of("timestamp").first()?.value.clone();
        let days = |role: &Value| {
            let expiry = role[EXPIRY].as_u64().unwrap_or(0);
            [expiry, role[SIGNING].as_u64().unwrap_or(expiry / 2)]
        };
        Some(OnlineConfig { key, timestamp: days(&timestamp.value), snapshot: days(&snapshot.value) })
    }

    /// Sets a role's signers, threshold and periods: invites whoever has no key in it, and adds the key that is brought.
    ///
    /// # Errors
    /// The metadata cannot be changed so, as a clause.
    pub(super) fn set(&mut self, role: &str, config: &Config, key: Option<&NewKey>) -> Result<(), String> {
        self.event.invitations.remove(role, None);
        let known: Vec<String> =
            self.event.keys_of(role).iter().filter_map(|key| holder(key).map(str::to_string)).collect();
        for signer in &config.signers {
            let online = matches!(key, Some(NewKey::Online(_, uri)) if uri == signer);
            if !online && !known.contains(signer) {
                self.event.invitations.add(signer, role);
            }
        }
        let delegator = if TOP_LEVEL.contains(&role) { "root" } else { "targets" };
        let mut document = self.open(delegator);
        if self.delegate(&mut document, role, config, key)? {
            self.close(delegator, document)?;
        }
        let mut document = self.open(role);
        let days = |document: &Document, name: &str| document.signed.get(name).and_then(Value::as_u64);
        if days(&document, EXPIRY) != Some(config.expiry) || days(&document, SIGNING) != Some(config.signing) {
            document.signed.insert(EXPIRY.to_string(), config.expiry.into());
            document.signed.insert(SIGNING.to_string(), config.signing.into());
            self.close(role, document)?;
        }
        Ok(())
    }

    /// Changes a role in the metadata of whoever delegates to it; whether anything changed.
    fn delegate(
        &mut self,
        document: &mut Document,
        role: &str,
        config: &Config,
        key: Option<&NewKey>,
    ) -> Result<bool, String> {
        let mut changed = false;
        if role_mut(document, role).is_none() {
            let mut paths = vec![format!("{role}/*")];
            while let (true, Some(last)) = (paths.len() < DEPTH, paths.last()) {
                paths.push(format!("{last}/*"));
            }
            add_delegation(
                document,
                json!({ "name": role, "keyids": [], "threshold": 1, "terminating": true, "paths": paths }),
            )?;
            changed = true;
        }
        let keys = document.keys()?;
        let mut staying = config.signers.clone();
        for id in document.role(role)?.keyids {
            let key = keys.get(&id).ok_or_else(|| format!("the role {role:?} has a key {id} that is not there"))?;
            match staying.iter().position(|signer| Some(signer.as_str()) == holder(key)) {
                Some(at) => drop(staying.remove(at)),
                None => {
                    revoke(document, role, &id);
                    changed = true;
                }
            }
        }
        match key {
            Some(NewKey::Own(public)) if self.event.invitations.to(role).any(|invited| invited == self.user) => {
                add(document, role, &Key::of_owner(public, self.user))?;
                self.event.invitations.remove(role, Some(self.user));
                changed = true;
            }
            Some(NewKey::Online(public, uri)) => add(document, role, &Key::online(public, uri))?,
            _ => {}
        }
        let value = role_mut(document, role).ok_or("the role is not there")?;
        if value["threshold"] != config.threshold {
            value["threshold"] = config.threshold.into();
            changed = true;
        }
        Ok(changed)
    }

    /// Sets the key and the periods of snapshot and timestamp.
    ///
    /// # Errors
    /// The metadata cannot be changed so, as a clause.
    pub(super) fn set_online(&mut self, config: &OnlineConfig, id: &str) -> Result<(), String> {
        let mut document = self.open("root");
        for role in ["timestamp", "snapshot"] {
            for id in document.role(role)?.keyids {
                revoke(&mut document, role, &id);
            }
        }
        let key = Key::new(id, config.key.clone());
        for (role, [expiry, signing]) in [("timestamp", config.timestamp), ("snapshot", config.snapshot)] {
            add(&mut document, role, &key)?;
            let value = role_mut(&mut document, role).ok_or("the role is not there")?;
            value[EXPIRY] = expiry.into();
            value[SIGNING] = signing.into();
        }
        self.close("root", document)
    }

    /// Makes a new version of a role with nothing else changed.
    ///
    /// # Errors
    /// There is no such role, or it cannot be changed, as a clause.
    pub(super) fn renew(&mut self, role: &str) -> Result<(), String> {
        if self.event.document(role).is_none() {
            return Err(format!("there is no role {role:?}"));
        }
        self.close(role, self.open(role))
    }

    fn open(&self, role: &str) -> Document {
        if let Some(document) = self.event.document(role) {
            return document.clone();
        }
        let mut signed = json!({ "spec_version": SPECIFICATION, "version": 1, EXPIRY: 0, SIGNING: 0 });
        if role == "root" {
            let empty = json!({ "keyids": [], "threshold": 1 });
            let roles: Map<String, Value> = TOP_LEVEL.iter().map(|role| ((*role).to_string(), empty.clone())).collect();
            signed["_type"] = "root".into();
            signed["consistent_snapshot"] = true.into();
            signed["keys"] = json!({});
            signed["roles"] = roles.into();
        } else {
            signed["_type"] = "targets".into();
            signed["targets"] = json!({});
        }
        let Value::Object(signed) = signed else { return Document::unsigned(Map::new()) };
        Document::unsigned(signed)
    }

    /// Takes a changed document over: its version is the next after the published one however often it changes, its days count from
    /// now, and a place is kept for each signature.
    fn close(&mut self, role: &str, mut document: Document) -> Result<(), String> {
        let days = document.signed.get(EXPIRY).and_then(Value::as_u64);
        let days = days.ok_or_else(|| format!("{role} does not say in how many days it expires"))?;
        let hours = i64::try_from(days).ok().and_then(|days| days.checked_mul(24));
        let expires = hours.and_then(|hours| self.at.checked_add(SignedDuration::from_hours(hours)).ok());
        let expires = expires.ok_or_else(|| format!("{role} would expire in {days} days, which is no day any more"))?;
        let version = self.published.version(role).checked_add(1);
        let version = version.ok_or_else(|| format!("{role} has the last version that there can be"))?;
        document.signed.insert("version".to_string(), version.into());
        document.signed.insert("expires".to_string(), date(expires));
        let mut ids = Vec::new();
        if role == "root" {
            // The keys of the published version agree to the next.
            ids.extend(
                self.published.keys_of("root").into_iter().filter(|key| holder(key).is_some()).map(|key| key.id),
            );
            let new = document.role("root")?.keyids;
            ids.extend(new.into_iter().filter(|id| !ids.contains(id)).collect::<Vec<_>>());
        } else {
            ids.extend(self.event.keys_of(role).into_iter().map(|key| key.id));
        }
        document.signatures = ids.iter().map(|id| Signature::new(id, &[])).collect();
        let bytes = document.to_bytes();
        if role == "root" {
            self.event.tree.insert(format!("{HISTORY}{}.root.json", document.version()?), bytes.clone());
        }
        let path = format!("{role}.json");
        self.event.tree.insert(path.clone(), bytes);
        self.event.files.insert(role.to_string(), path);
        self.event.documents.insert(role.to_string(), document);
        Ok(())
    }

    /// The files afterwards.
    pub(super) fn finish(mut self) -> Tree {
        set_state(&mut self.event.tree, &self.event.invitations);
        self.event.tree
    }
}

fn set_state(tree: &mut Tree, invitations: &Invitations) {
    match invitations.to_bytes() {
        Some(bytes) => drop(tree.insert(STATE.to_string(), bytes)),
        None => drop(tree.remove(STATE)),
    }
}

/// Whose a key is: a handle, or where it is online.
pub(super) fn holder(key: &Key) -> Option<&str> {
    key.owner().or(key.online_uri())
}

fn delegations(document: &mut Document) -> Option<&mut Map<String, Value>> {
    document.signed.get_mut("delegations").and_then(Value::as_object_mut)
}

fn role_mut<'a>(document: &'a mut Document, role: &str) -> Option<&'a mut Value> {
    if document.kind() == "root" {
        return document.signed.get_mut("roles")?.get_mut(role);
    }
    let roles = delegations(document)?.get_mut("roles")?.as_array_mut()?;
    roles.iter_mut().find(|it| it["name"] == role)
}

fn keys_mut(document: &mut Document) -> Option<&mut Map<String, Value>> {
    let keys = if document.kind() == "root" {
        document.signed.get_mut("keys")
    } else {
        delegations(document)?.get_mut("keys")
    };
    keys.and_then(Value::as_object_mut)
}

fn add_delegation(document: &mut Document, role: Value) -> Result<(), String> {
    if document.kind() != "targets" {
        return Err(format!("there is no role {}", role["name"]));
    }
    let delegations = document.signed.entry("delegations").or_insert_with(|| json!({ "keys": {}, "roles": [] }));
    let roles = delegations["roles"].as_array_mut().ok_or("targets delegates in a way that cannot be changed here")?;
    roles.push(role);
    Ok(())
}

/// Lets a key sign for a role.
fn add(document: &mut Document, role: &str, key: &Key) -> Result<(), String> {
    let value = role_mut(document, role).ok_or("the role is not there")?;
    let ids = value["keyids"].as_array_mut().ok_or("the role has no list of key ids")?;
    if !ids.iter().any(|id| id == key.id.as_str()) {
        ids.push(key.id.clone().into());
    }
    let keys = keys_mut(document).ok_or("there is no place for keys")?;
    keys.insert(key.id.clone(), key.value.clone());
    Ok(())
}

/// Lets a key sign for a role no more; it goes when it signs for no other.
fn revoke(document: &mut Document, role: &str, id: &str) {
    if let Some(ids) = role_mut(document, role).and_then(|role| role["keyids"].as_array_mut()) {
        ids.retain(|it| it != id);
    }
    let used = document.roles().is_ok_and(|roles| roles.iter().any(|role| role.keyids.iter().any(|it| it == id)));
    if !used && let Some(keys) = keys_mut(document) {
        keys.remove(id);
    }
}
