//! Where a key is to sign, and metadata with its signatures.

use super::{
    progress::{has_signed, keys_of},
    reported::State,
    tree::{HISTORY, ONLINE, Tree, View},
};
use crate::{
    text::plain,
    tuf::metadata::{Key, PublicKey, Signature},
};
use officiant_engine::{conduct::Failure, record::digest_hex};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A signature that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    /// The role that was signed.
    pub(super) role: String,
    /// Its version.
    pub(super) version: u64,
    /// The id that metadata has the key under.
    pub(super) keyid: String,
    /// SHA-256 of what was signed, the canonical form, hex.
    pub(super) signed_sha256: String,
    /// The signature, hex.
    pub(super) signature: String,
}

/// A place for a signature.
#[derive(Debug, Clone)]
pub(super) struct SigningPlace {
    pub(super) role: String,
    /// The key as metadata has it.
    pub(super) key: Key,
}

/// Why there is nothing for a key to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The person has not accepted yet.
    Invited(Vec<String>),
    /// These change once more when the invited have accepted.
    Later(Vec<String>, Vec<String>),
    /// Nothing changed.
    NothingChanged,
    /// The person signs for nothing that changed.
    NoSigner(Vec<String>),
    /// The person has signed.
    Signed(Vec<String>),
    /// The key is another: those that the metadata has for the person, and whose it is there.
    WrongKey(Vec<String>, Option<String>, String),
    /// A role was named that is not among those to sign.
    NotThis(String),
}

impl Refusal {
    /// The words for it.
    pub(super) fn failure(self, user: &str, place: &str) -> Failure {
        let nothing = |message: String| Failure::new("nothing-to-sign", plain(&message));
        match self {
            Self::Invited(roles) => {
                nothing(format!("{user} is invited to {}, and has not given a key yet", roles.join(", ")))
                    .next("give the key with tuf.accept first")
            }
            Self::Later(roles, invited) => nothing(format!(
                "{} changes once more when {} has accepted, which would make a signature worthless",
                roles.join(", "),
                invited.join(", ")
            ))
            .next("wait until everybody has accepted, get the newest commit (`git pull`), and sign then"),
            Self::NothingChanged => nothing("nothing changed against what is published".to_string())
                .next("see that the event's newest commit is checked out (`git pull`)"),
            Self::NoSigner(roles) => nothing(format!("{user} does not sign for {}", roles.join(", ")))
                .next("see that the handle is yours, and ask whoever leads the event"),
            Self::Signed(roles) => {
                nothing(format!("{user} has signed {} already", roles.join(", "))).next("go on without this step")
            }
            Self::WrongKey(expected, whose, found) => {
                let whose = whose.map(|whose| format!(" there it is the key of {whose},")).unwrap_or_default();
                let message = format!(
                    "{place} holds another key than {user} has in the metadata:{whose} its SHA-256 is {found}, not {}; no PIN \
                     was used and nothing was signed",
                    expected.join(" or ")
                );
                Failure::new("wrong-key", plain(&message))
                    .next(format!("insert the device of {user}, or name the slot that has the key"))
            }
            Self::NotThis(role) => nothing(format!("{role} is no role that {user} can sign now"))
                .next("look with tuf.status at what is to be signed, and correct `roles` in the runbook"),
        }
    }
}

/// Where the user's key is to sign in an event.
pub(super) fn places(
    published: &View,
    event: &View,
    user: &str,
    state: &State,
    roles: &[String],
    public: &PublicKey,
) -> Result<Vec<SigningPlace>, Refusal> {
    if let Some(role) = roles.iter().find(|role| !state.to_sign.contains(role)) {
        if state.to_sign_later.contains(role) {
            return Err(Refusal::Later(vec![role.clone()], state.invitations.keys().cloned().collect()));
        }
        return Err(Refusal::NotThis(role.clone()));
    }
    let wanted: Vec<&String> = state.to_sign.iter().filter(|role| roles.is_empty() || roles.contains(role)).collect();
    if wanted.is_empty() {
        return Err(nothing(published, event, user, state));
    }
    let keys = wanted.iter().flat_map(|role| {
        keys_of(published, event, role, user).into_iter().map(|key| SigningPlace { role: (*role).clone(), key })
    });
    let all: Vec<SigningPlace> = keys.collect();
    let theirs: Vec<SigningPlace> =
        all.iter().filter(|place| place.key.public.as_ref() == Ok(public)).cloned().collect();
    if theirs.is_empty() {
        let mut expected: Vec<String> =
            all.iter().filter_map(|place| place.key.public.as_ref().ok().map(PublicKey::fingerprint)).collect();
        expected.sort();
        expected.dedup();
        let whose = wanted.iter().find_map(|role| {
            event.keys_of(role).into_iter().find(|key| key.public.as_ref() == Ok(public)).map(|key| key.called())
        });
        return Err(Refusal::WrongKey(expected, whose, public.fingerprint()));
    }
    unsigned(event, theirs)
}

/// Where a key is to sign in a plain folder.
pub(super) fn plain_places(folder: &View, roles: &[String], public: &PublicKey) -> Result<Vec<SigningPlace>, Refusal> {
    let mut places = Vec::new();
    if let Some(role) = roles.iter().find(|role| folder.document(role).is_none()) {
        return Err(Refusal::NotThis(role.clone()));
    }
    let signable = |role: &&String| !ONLINE.contains(&role.as_str()) && (roles.is_empty() || roles.contains(role));
    let mut wanted: Vec<&String> = folder.documents.keys().filter(signable).collect();
    wanted.sort_by_key(|role| super::tree::TOP_LEVEL.iter().position(|top| *top == role.as_str()).unwrap_or(4));
    for role in &wanted {
        let keys = folder.keys_of(role).into_iter().filter(|key| key.public.as_ref() == Ok(public));
        places.extend(keys.map(|key| SigningPlace { role: (*role).clone(), key }));
    }
    if let Some(role) = roles.iter().find(|role| places.iter().all(|place| &place.role != *role)) {
        return Err(Refusal::NotThis(role.clone()));
    }
    if places.is_empty() {
        let mut expected: Vec<String> = wanted
            .iter()
            .flat_map(|role| folder.keys_of(role))
            .filter_map(|key| key.public.as_ref().ok().map(PublicKey::fingerprint))
            .collect();
        expected.sort();
        expected.dedup();
        return Err(Refusal::WrongKey(expected, None, public.fingerprint()));
    }
    unsigned(folder, places)
}

fn unsigned(event: &View, places: Vec<SigningPlace>) -> Result<Vec<SigningPlace>, Refusal> {
    let (signed, open): (Vec<_>, Vec<_>) =
        places.into_iter().partition(|place| has_signed(event, &place.role, &place.key));
    if !open.is_empty() {
        return Ok(open);
    }
    let mut roles: Vec<String> = signed.into_iter().map(|place| place.role).collect();
    roles.dedup();
    Err(Refusal::Signed(roles))
}

/// Why there is nothing to sign for somebody.
fn nothing(published: &View, event: &View, user: &str, state: &State) -> Refusal {
    let changed: Vec<String> = state.changes.iter().map(|change| change.role.clone()).collect();
    if !state.invited_to.is_empty() {
        return Refusal::Invited(state.invited_to.clone());
    }
    if !state.to_sign_later.is_empty() {
        return Refusal::Later(state.to_sign_later.clone(), state.invitations.keys().cloned().collect());
    }
    if changed.is_empty() {
        return Refusal::NothingChanged;
    }
    let signs = |role: &&String| !keys_of(published, event, role, user).is_empty();
    let signed: Vec<String> = changed.iter().filter(signs).cloned().collect();
    if signed.is_empty() { Refusal::NoSigner(changed) } else { Refusal::Signed(signed) }
}

/// Roles with their versions, for a question.
pub(super) fn versions(event: &View, roles: &[&str]) -> String {
    let one = |role: &&str| format!("{}, version {}", plain(role), event.version(role));
    roles.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// The files with signatures put in.
///
/// # Errors
/// There is no such role, as a clause.
pub(super) fn with_signatures(before: &View, signatures: &[Made]) -> Result<Tree, String> {
    let mut after = before.clone();
    for made in signatures {
        let document =
            after.documents.get_mut(&made.role).ok_or_else(|| format!("there is no role {:?}", made.role))?;
        let signature = hex::decode(&made.signature).map_err(|_| "a signature is not in hex".to_string())?;
        document.put(Signature::new(&made.keyid, &signature));
        let bytes = document.to_bytes();
        let path = before.files.get(&made.role).ok_or("a role has no file")?;
        if path == "root.json" {
            let copy = format!("{HISTORY}{}.root.json", before.version("root"));
            if before.tree.contains_key(&copy) {
                after.tree.insert(copy, bytes.clone());
            }
        }
        after.tree.insert(path.clone(), bytes);
    }
    Ok(after.tree)
}

/// What is wrong with signatures that a record has, each as a sentence.
pub(super) fn faults(
    published: &View,
    before: &View,
    user: Option<&str>,
    fingerprint: &str,
    signatures: &[Made],
) -> Vec<String> {
    let mut faults = Vec::new();
    if signatures.is_empty() {
        faults.push("nothing was signed".to_string());
    }
    for made in signatures {
        let role = &made.role;
        let keys = match user {
            Some(user) => keys_of(published, before, role, user),
            None => before.keys_of(role),
        };
        let Some(key) = keys.iter().find(|key| key.id == made.keyid) else {
            faults.push(format!("the key {} is not one that signs {role} for that person", made.keyid));
            continue;
        };
        let message = before.document(role).map(super::super::metadata::Document::canonical).unwrap_or_default();
        let signature = hex::decode(&made.signature).unwrap_or_default();
        if !key.public.as_ref().is_ok_and(|public| public.verifies(&message, &signature)) {
            faults.push(format!("the signature of {role} does not verify with the key {}", made.keyid));
        }
        if key.public.as_ref().map(PublicKey::fingerprint).as_deref() != Ok(fingerprint) {
            faults.push(format!("the key {} is not the one that the record says", made.keyid));
        }
        if digest_hex(&message) != made.signed_sha256 || before.version(role) != made.version {
            faults.push(format!("what was signed of {role} is not what is there"));
        }
        if has_signed(before, role, key) {
            faults.push(format!("{role} had that signature before"));
        }
    }
    faults
}
