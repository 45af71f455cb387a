//! What each role says in its first version.

use super::{bins::Bins, offline::Offline};
use crate::tuf::metadata::{Key, canonical, date};
use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// The version of the specification that the metadata follows.
const SPEC_VERSION: &str = "1.0.31";

/// The role that `targets` delegates everything to.
pub(super) const BINS: &str = "bins";

/// When something expires that is made now.
pub(super) fn expires(now: Timestamp, days: u32) -> Value {
    let hours = i64::from(days) * 24;
    date(now.checked_add(hours.hours()).unwrap_or(Timestamp::MAX))
}

fn signed(kind: &str, expires: &Value) -> Map<String, Value> {
    let mut signed = Map::new();
    signed.insert("_type".to_string(), kind.into());
    signed.insert("expires".to_string(), expires.clone());
    signed.insert("spec_version".to_string(), SPEC_VERSION.into());
    signed.insert("version".to_string(), 1.into());
    signed
}

fn ids(keys: &[Key]) -> Value {
    keys.iter().map(|key| Value::from(key.id.as_str())).collect()
}

fn by_id<'a>(keys: impl IntoIterator<Item = &'a Key>) -> Value {
    Value::Object(keys.into_iter().map(|key| (key.id.clone(), key.value.clone())).collect())
}

/// `root`.
pub(super) fn root(root: &Offline, targets: &Offline, online: &Key, expires: &Value) -> Map<String, Value> {
    let offline = |role: &Offline| json!({ "keyids": ids(&role.keys), "threshold": role.threshold });
    let online_role = json!({ "keyids": [online.id], "threshold": 1 });
    let mut signed = signed("root", expires);
    signed.insert("consistent_snapshot".to_string(), true.into());
    let keys = root.keys.iter().chain(&targets.keys).chain([online]);
    signed.insert("keys".to_string(), by_id(keys));
    let roles = json!({
        "root": offline(root), "targets": offline(targets), "snapshot": online_role, "timestamp": online_role,
    });
    signed.insert("roles".to_string(), roles);
    signed
}

/// `targets`, which has none and delegates all to `bins`.
pub(super) fn targets(bins: &Offline, expires: &Value) -> Map<String, Value> {
    let prefixes: Vec<String> = (0..16).map(|digit| format!("{digit:x}")).collect();
    let role = json!({
        "name": BINS, "keyids": ids(&bins.keys), "threshold": bins.threshold,
        // So that roles can be added after it.
        "terminating": false, "path_hash_prefixes": prefixes,
    });
    let mut signed = signed("targets", expires);
    signed.insert("targets".to_string(), json!({}));
    signed.insert("delegations".to_string(), json!({ "keys": by_id(&bins.keys), "roles": [role] }));
    signed
}

/// `bins`, which delegates each bin by its hash prefixes.
pub(super) fn delegating(bins: Bins, online: &Key, expires: &Value) -> Map<String, Value> {
    let role = |bin| {
        json!({
            "name": bins.name(bin), "keyids": [online.id], "threshold": 1, "terminating": true,
            "path_hash_prefixes": bins.prefixes(bin).collect::<Vec<_>>(),
        })
    };
    let roles: Vec<Value> = (0..bins.count()).map(role).collect();
    let mut signed = signed("targets", expires);
    signed.insert("targets".to_string(), json!({}));
    signed.insert("delegations".to_string(), json!({ "keys": by_id([online]), "roles": roles }));
    signed
}

/// `snapshot`: versions and no hashes, which would change with every signature that is added to an offline role.
pub(super) fn snapshot(bins: Bins, expires: &Value) -> Map<String, Value> {
    let names = ["targets", BINS].into_iter().map(str::to_string).chain((0..bins.count()).map(|bin| bins.name(bin)));
    let meta: Map<String, Value> = names.map(|name| (format!("{name}.json"), json!({ "version": 1 }))).collect();
    let mut signed = signed("snapshot", expires);
    signed.insert("meta".to_string(), meta.into());
    signed
}

/// `timestamp`.
pub(super) fn timestamp(expires: &Value) -> Map<String, Value> {
    let mut signed = signed("timestamp", expires);
    signed.insert("meta".to_string(), json!({ "snapshot.json": { "version": 1 } }));
    signed
}

/// What stands before and after the targets in a bin, in canonical form.
pub(super) fn around_targets(expires: &Value) -> Option<[String; 2]> {
    let mut signed = signed("targets", expires);
    signed.insert("targets".to_string(), json!({}));
    let text = String::from_utf8(canonical(&signed.into())).ok()?;
    let (before, after) = text.split_once("\"targets\":{}")?;
    Some([format!("{before}\"targets\":{{"), format!("}}{after}")])
}

/// A file of metadata with one signature, of the bytes that were signed.
pub(super) fn file(signed: &[u8], keyid: &str, signature: &[u8]) -> Vec<u8> {
    let mut head = String::from("{\"signatures\":[{\"keyid\":\"");
    let _ = write!(head, "{keyid}\",\"sig\":\"{}\"}}],\"signed\":", hex::encode(signature));
    let mut file = Vec::with_capacity(head.len() + signed.len() + 1);
    file.extend_from_slice(head.as_bytes());
    file.extend_from_slice(signed);
    file.push(b'}');
    file
}
