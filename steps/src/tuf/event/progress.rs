//! How far a signing event is.

use super::{
    diff, faults,
    reported::{Progress, State, WORDING},
    tree::{ONLINE, View},
};
use crate::{
    text::plain,
    tuf::metadata::{Count, KEY_OWNER, Key, PublicKey, Signer, count},
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The event at a moment, for `user` where somebody asks.
pub(super) fn state(published: &View, event: &View, user: Option<&str>, at: Timestamp) -> State {
    with_faults(published, event, user, faults::faults(published, event, at))
}

/// A plain folder of metadata at a moment.
pub(super) fn of_folder(folder: &View, at: Timestamp) -> State {
    with_faults(&View::default(), folder, None, faults::of_folder(folder, at))
}

fn with_faults(published: &View, event: &View, user: Option<&str>, faults: Vec<String>) -> State {
    let changed = event.changed_since(published);
    let signable = changed.iter().filter(|role| !ONLINE.contains(&role.as_str()));
    let signatures: Vec<Progress> = signable.filter_map(|role| signed(published, event, role)).collect();
    let invited_to = user.map(|user| event.invitations.of(user).to_vec()).unwrap_or_default();
    let lacking = |role: &&String| user.is_some_and(|user| lacks(published, event, role, user));
    let (mut to_sign, mut to_sign_later) = (Vec::new(), Vec::new());
    for role in changed.iter().filter(lacking) {
        if will_change(event, role) { to_sign_later.push(role.clone()) } else { to_sign.push(role.clone()) }
    }
    let complete = faults.is_empty()
        && event.invitations.0.is_empty()
        && !signatures.is_empty()
        && signatures.iter().all(|role| role.reached);
    State {
        wording: WORDING,
        changes: diff::changes(published, event),
        signatures,
        invitations: event.invitations.0.iter().cloned().collect(),
        invited_to,
        to_sign,
        to_sign_later,
        faults,
        complete,
    }
}

/// Whether a role changes once more when an invitation is accepted, so that signatures made now would be for nothing.
pub(super) fn will_change(event: &View, role: &str) -> bool {
    let Some(document) = event.document(role) else { return false };
    let delegated = document.roles().unwrap_or_default();
    delegated.iter().any(|role| event.invitations.to(&role.name).next().is_some())
}

/// How far the signatures of a role are.
fn signed(published: &View, event: &View, role: &str) -> Option<Progress> {
    let document = event.document(role)?;
    let counted = count(document, &event.role(role)?, &event.keys(role));
    let previous = match (role, published.role("root")) {
        ("root", Some(before)) => Some(count(document, &before, &published.keys("root"))),
        _ => None,
    };
    let names = |signers: &[Signer]| -> Vec<String> { signers.iter().map(|signer| plain(&signer.called)).collect() };
    let of = |count: &Option<Count>, pick: fn(&Count) -> &Vec<Signer>| {
        count.as_ref().map(|count| names(pick(count))).unwrap_or_default()
    };
    Some(Progress {
        role: plain(role),
        version: event.version(role),
        expires: document.text("expires").unwrap_or_default().to_string(),
        threshold: counted.threshold,
        signed_by: names(&counted.signed),
        missing: names(&counted.missing),
        previous_threshold: previous.as_ref().map(|count| count.threshold),
        previous_signed_by: of(&previous, |count| &count.signed),
        previous_missing: of(&previous, |count| &count.missing),
        reached: counted.is_reached() && previous.as_ref().is_none_or(Count::is_reached),
    })
}

/// The keys of somebody that may sign a role: those of the event, of root those of the published version too, and the same key
/// under the id that it had before tuf-on-ci wrote its holder into it.
pub(super) fn keys_of(published: &View, event: &View, role: &str, user: &str) -> Vec<Key> {
    let is_theirs = |key: &Key| key.owner() == Some(user);
    let mut keys: Vec<Key> = event.keys_of(role).into_iter().filter(is_theirs).collect();
    if role == "root" {
        let legacy = keys.iter().filter_map(|key| published.keys("root").remove(&legacy_id(key)));
        keys.extend(legacy.collect::<Vec<_>>());
        keys.extend(published.keys_of("root").into_iter().filter(is_theirs));
    }
    let mut seen = BTreeSet::new();
    keys.retain(|key| seen.insert(key.id.clone()));
    keys
}

/// The id that a key had without its holder in it.
fn legacy_id(key: &Key) -> String {
    let mut value = key.value.clone();
    if let Some(fields) = value.as_object_mut() {
        fields.remove(KEY_OWNER);
    }
    Key::id_of(&value)
}

/// Whether somebody's signature of a role is missing.
fn lacks(published: &View, event: &View, role: &str, user: &str) -> bool {
    if event.invitations.of(user).iter().any(|it| it == role) {
        return false;
    }
    keys_of(published, event, role, user).iter().any(|key| !has_signed(event, role, key))
}

/// Whether a key has signed a role under its id.
pub(super) fn has_signed(event: &View, role: &str, key: &Key) -> bool {
    let Some(document) = event.document(role) else { return false };
    let message = document.canonical();
    let by = |public: &PublicKey| {
        let mut theirs = document.signatures.iter().filter(|signature| signature.keyid == key.id);
        theirs.any(|signature| hex::decode(&signature.sig).is_ok_and(|bytes| public.verifies(&message, &bytes)))
    };
    key.public.as_ref().is_ok_and(by)
}
