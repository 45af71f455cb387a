//! What is against signing an event, looked at before anyone signs.

use super::{
    edit::{EXPIRY, SIGNING, holder},
    handle::Handle,
    tree::{HISTORY, ONLINE, STATE, TOP_LEVEL, View},
};
use crate::{
    text::plain,
    tuf::metadata::{Document, Key, Role},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How far the clock of who made a change may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// All that is against it, each as a sentence.
pub(super) fn faults(published: &View, event: &View, at: Timestamp) -> Vec<String> {
    let mut faults = Vec::new();
    files(published, event, &mut faults);
    for role in event.changed_since(published) {
        if ONLINE.contains(&role.as_str()) {
            faults.push(format!("metadata/{role}.json changed, which is signed online and never in a signing event"));
        } else if let Some(document) = event.document(&role) {
            of_role(published, event, &role, document, at, &mut faults);
        }
    }
    invitations(event, &mut faults);
    faults.into_iter().map(|fault| plain(&fault)).collect()
}

/// All that is against signing a plain folder of metadata, each as a sentence.
pub(super) fn of_folder(folder: &View, at: Timestamp) -> Vec<String> {
    let mut faults = Vec::new();
    for (role, document) in folder.documents.iter().filter(|(role, _)| !ONLINE.contains(&role.as_str())) {
        if folder.role(role).is_none() {
            faults.push(format!("{role} is a role that nothing in the folder delegates to"));
        }
        if document.expires().is_ok_and(|expires| expires <= at) {
            faults.push(format!("{role} has expired already"));
        }
        keys(None, document, role, folder, &mut faults);
        signatures(&View::default(), folder, role, document, &mut faults);
    }
    faults.into_iter().map(|fault| plain(&fault)).collect()
}

/// Files that are gone, are no role's, or are not the same in the history.
fn files(published: &View, event: &View, faults: &mut Vec<String>) {
    for path in published.tree.keys().filter(|path| *path != STATE && !event.tree.contains_key(*path)) {
        faults.push(format!("metadata/{path} is gone"));
    }
    let known: BTreeSet<String> =
        event.documents.values().flat_map(|document| document.roles().unwrap_or_default()).map(|it| it.name).collect();
    let is_role = |role: &str| TOP_LEVEL.contains(&role) || known.contains(role);
    for role in event.files.keys().filter(|role| !is_role(role) && !published.files.contains_key(*role)) {
        faults.push(format!("metadata/{role}.json is the metadata of a role that nobody delegates to"));
    }
    if let (None, Some(_)) = (event.document("root"), event.files.keys().next()) {
        faults.push("there is no metadata/root.json".to_string());
    }
    let newest =
        event.document("root").and_then(|root| root.version().ok()).map(|it| format!("{HISTORY}{it}.root.json"));
    if let (Some(newest), Some(path)) = (&newest, event.files.get("root"))
        && path == "root.json"
        && event.tree.get(newest) != event.tree.get("root.json")
    {
        faults.push(format!("metadata/root.json and metadata/{newest} are not the same"));
    }
    for (path, bytes) in &event.tree {
        let before = published.tree.get(path);
        if path.starts_with(HISTORY) && newest.as_ref() != Some(path) && before != Some(bytes) {
            let what = if before.is_some() { "changed" } else { "is new" };
            faults.push(format!("metadata/{path} {what}, and is not the version of root that the event makes"));
        } else if path.contains('/') && !path.starts_with(HISTORY) && before != Some(bytes) {
            faults.push(format!("metadata/{path} is in a folder where no role is looked for"));
        }
    }
}

fn of_role(published: &View, event: &View, role: &str, document: &Document, at: Timestamp, faults: &mut Vec<String>) {
    let mut fault = |message: String| faults.push(message);
    let kind = if role == "root" { "root" } else { "targets" };
    if document.kind() != kind {
        fault(format!("metadata/{role}.json says that it is of the type {:?}, not {kind}", document.kind()));
    }
    let (before, now) = (published.version(role), event.version(role));
    let same = published.document(role).is_some_and(|published| published.signed == document.signed);
    let next = before.saturating_add(1);
    if !same && (now != next || now == before) {
        fault(format!("{role} has version {now}; after version {before}, which is published, comes {next}"));
    }
    let days = |value: &Value, name: &str| value.get(name).and_then(Value::as_u64);
    let signed = Value::Object(document.signed.clone());
    match (days(&signed, EXPIRY), days(&signed, SIGNING)) {
        (Some(expiry), signing) => {
            if signing.is_some_and(|signing| signing < 1 || signing >= expiry) {
                fault(format!(
                    "{role}: signing begins again {} days before it expires after {expiry}",
                    signing.unwrap_or(0)
                ));
            }
            let latest = i64::try_from(expiry).ok().and_then(|days| days.checked_mul(24));
            let latest = latest.and_then(|hours| at.checked_add(SignedDuration::from_hours(hours)).ok());
            let latest = latest.and_then(|latest| latest.checked_add(AHEAD).ok());
            if let (Ok(expires), Some(latest)) = (document.expires(), latest)
                && expires > latest
                && !same
            {
                fault(format!("{role} expires at {expires}, which is further away than its {expiry} days"));
            }
        }
        (None, _) if event.document("root").is_some_and(|root| root.signed.contains_key(EXPIRY)) => {
            fault(format!("{role} does not say in how many days it expires"));
        }
        (None, _) => {}
    }
    if document.expires().is_ok_and(|expires| expires <= at) {
        fault(format!("{role} has expired already"));
    }
    if role == "root" {
        root(document, fault);
    }
    keys(published.document(role), document, role, event, faults);
    signatures(published, event, role, document, faults);
}

/// What tuf-on-ci asks of root besides.
fn root(document: &Document, mut fault: impl FnMut(String)) {
    let roles = document.roles().unwrap_or_default();
    let names: BTreeSet<&str> = roles.iter().map(|role| role.name.as_str()).collect();
    if names != TOP_LEVEL.into_iter().collect() {
        fault("root has other roles than root, targets, snapshot and timestamp".to_string());
    }
    if document.signed.get("consistent_snapshot") != Some(&Value::Bool(true)) {
        fault("root does not say `consistent_snapshot`".to_string());
    }
    if !document.signed.contains_key(EXPIRY) {
        return;
    }
    let role = |name: &str| roles.iter().find(|role| role.name == name);
    if let (Some(timestamp), Some(snapshot)) = (role("timestamp"), role("snapshot")) {
        if timestamp.keyids != snapshot.keyids || timestamp.threshold != snapshot.threshold {
            fault("timestamp and snapshot are not signed by the same keys".to_string());
        }
        for role in [timestamp, snapshot] {
            match (role.value[EXPIRY].as_u64(), role.value[SIGNING].as_u64()) {
                (Some(expiry), Some(signing)) if (1..expiry).contains(&signing) => {}
                _ => fault(format!("the days of {} do not go together", role.name)),
            }
        }
    }
}

/// What is wrong with the keys and thresholds that a document has, unless it is published so.
fn keys(published: Option<&Document>, document: &Document, role: &str, event: &View, faults: &mut Vec<String>) {
    let keys = document.keys().unwrap_or_default();
    let before = published.and_then(|published| published.keys().ok()).unwrap_or_default();
    let is_new = |key: &Key| before.get(&key.id).is_none_or(|held| held.value != key.value);
    for key in keys.values().filter(|key| is_new(key)) {
        if !key.is_compliant() {
            faults.push(format!("{role}: the id of the key of {}, {}, is not its digest", key.called(), key.id));
        }
        if let Err(why) = &key.public {
            faults.push(format!("{role}: the key of {} cannot be used: {why}", key.called()));
        }
        if key
            .owner()
            .is_some_and(|owner| Handle::try_from(owner.to_string()).map(String::from).as_deref() != Ok(owner))
        {
            faults.push(format!("{role}: {:?} is no handle of who holds a key", key.called()));
        }
        if key.is_nowhere() {
            faults.push(format!("{role}: the key {} is online, and what says where is no URI", key.id));
        }
    }
    let old_roles: Vec<Role> = published.and_then(|published| published.roles().ok()).unwrap_or_default();
    for delegated in document.roles().unwrap_or_default() {
        let name = &delegated.name;
        if old_roles.contains(&delegated) && delegated.keyids.iter().all(|id| keys.get(id).is_none_or(|it| !is_new(it)))
        {
            continue;
        }
        if !TOP_LEVEL.contains(&name.as_str()) && !is_role_name(name) {
            faults.push(format!("{role} delegates to {name:?}, which is no name that a role's file can have"));
        }
        let mut people: BTreeMap<&str, usize> = BTreeMap::new();
        let mut publics: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for id in &delegated.keyids {
            let Some(key) = keys.get(id) else {
                faults.push(format!("the role {name} has a key {id} that is not there"));
                continue;
            };
            *people.entry(holder(key).unwrap_or(id)).or_default() += 1;
            if let Ok(public) = &key.public {
                publics.entry(public.fingerprint()).or_default().push(holder(key).unwrap_or(id));
            }
        }
        for (person, count) in people.iter().filter(|(_, count)| **count > 1) {
            faults.push(format!("{person} has {count} keys in the role {name}"));
        }
        for (fingerprint, holders) in publics.iter().filter(|(_, holders)| holders.len() > 1) {
            faults.push(format!(
                "one key, SHA-256 {fingerprint}, stands for {} in the role {name}",
                holders.join(" and ")
            ));
        }
        let invited = event.invitations.to(name).count();
        let signers = publics.len() + invited;
        if usize::try_from(delegated.threshold).is_ok_and(|threshold| threshold > signers) {
            faults.push(format!("the role {name} wants {} signatures, and has {signers} signers", delegated.threshold));
        }
    }
}

/// Whether a delegated role's file can have that name, and be no other's.
pub(super) fn is_role_name(name: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let history = name.strip_suffix(".root").is_some_and(|version| version.bytes().all(|it| it.is_ascii_digit()));
    (1..=100).contains(&name.len()) && name.bytes().all(fine) && !name.starts_with('.') && !history
}

/// Signatures that are there and do not count.
fn signatures(published: &View, event: &View, role: &str, document: &Document, faults: &mut Vec<String>) {
    let mut keys = event.keys(role);
    let mut may: BTreeSet<String> = event.role(role).map(|role| role.keyids.into_iter().collect()).unwrap_or_default();
    if role == "root" {
        may.extend(published.role("root").map(|role| role.keyids).unwrap_or_default());
        for (id, key) in published.keys("root") {
            keys.entry(id).or_insert(key);
        }
    }
    let message = document.canonical();
    let mut seen = BTreeSet::new();
    for signature in document.signatures.iter().filter(|signature| !signature.sig.is_empty()) {
        let Some(key) = keys.get(&signature.keyid) else {
            faults.push(format!("{role} has a signature of a key that nobody knows, {}", signature.keyid));
            continue;
        };
        let whose = key.called();
        if !seen.insert(&signature.keyid) {
            faults.push(format!("{role} has two signatures of {whose}"));
        } else if !may.contains(&signature.keyid) {
            faults.push(format!("{role} has a signature of {whose}, who does not sign for it"));
        } else if !key
            .public
            .as_ref()
            .is_ok_and(|public| hex::decode(&signature.sig).is_ok_and(|bytes| public.verifies(&message, &bytes)))
        {
            faults.push(format!("the signature of {whose} under {role} does not verify"));
        }
    }
}

/// Invitations that nobody could accept.
fn invitations(event: &View, faults: &mut Vec<String>) {
    for (handle, roles) in &event.invitations.0 {
        if Handle::try_from(handle.clone()).map(String::from).as_deref() != Ok(handle) {
            faults.push(format!("{handle:?} is invited, which is no handle"));
        }
        for role in roles.iter().filter(|role| ONLINE.contains(&role.as_str()) || event.role(role).is_none()) {
            faults.push(format!("{handle} is invited to {role:?}, which is no role that people sign for"));
        }
    }
}
