//! Whether what was recorded of a new repository holds.

use super::{arguments::Arguments, bins::Bins, documents::BINS, step::TO_SIGN};
use crate::{
    files::Place,
    tuf::metadata::{Document, PublicKey, count},
};
use officiant_engine::conduct::{Exhibit, Objection};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Objections to the recorded step: the files say what the outputs say, the keys are those of the files that the runbook names,
/// snapshot and timestamp are signed with the online key, and every bin is in the snapshot. The bins' own signatures are for
/// `tuf.verify`.
///
/// # Errors
/// The first objection.
pub(super) fn objections(arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Result<(), Objection> {
    let read = |folder: &str, name: &str| {
        let path = format!("{}{name}", outputs[folder].as_str().unwrap_or_default());
        let bytes = exhibit.file(&path).map_err(|error| Objection::wrong("file", error.to_string()))?;
        Document::read(&bytes).map_err(|why| Objection::wrong("metadata", format!("`{path}`: {why}")))
    };
    let wrong = |what: &str| Objection::wrong("repository", what.to_string());
    let clause = |why: String| Objection::wrong("metadata", why);
    let root = read("to_sign", TO_SIGN[0])?;
    let targets = read("to_sign", TO_SIGN[1])?;
    let delegating = read("to_sign", TO_SIGN[2])?;
    let snapshot = read("metadata", "1.snapshot.json")?;
    let timestamp = read("metadata", "timestamp.json")?;
    for (document, role) in [(&snapshot, "snapshot"), (&timestamp, "timestamp")] {
        let counted = count(document, &root.role(role).map_err(clause)?, &root.keys().map_err(clause)?);
        if !counted.is_reached() {
            return Err(Objection::wrong("signature", format!("{role} is not signed with the online key")));
        }
    }
    // Of every role: its keys by fingerprint, how many must sign, and when it expires.
    let from = [(&root, "root"), (&root, "targets"), (&targets, BINS), (&root, "snapshot"), (&root, "timestamp")];
    let expiring = [&root, &targets, &delegating, &snapshot, &timestamp];
    let mut made = BTreeMap::new();
    for ((document, name), expiring) in from.into_iter().zip(expiring) {
        let role = document.role(name).map_err(clause)?;
        let keys = document.keys().map_err(clause)?;
        let public = |id: &String| keys.get(id).and_then(|key| key.public.as_ref().ok()).map(PublicKey::fingerprint);
        let keys: Vec<_> = role.keyids.iter().map(public).collect();
        made.insert(
            name,
            json!({ "keys": keys, "threshold": role.threshold, "expires": expiring.text("expires").ok() }),
        );
    }
    for said in outputs["roles"].as_array().into_iter().flatten() {
        let Some(made) = said["role"].as_str().and_then(|name| made.get(name)) else { continue };
        if ["keys", "threshold", "expires"].iter().any(|name| said[*name] != made[*name]) {
            return Err(wrong(&format!(
                "what the record says of the role {} is not what its metadata says",
                said["role"]
            )));
        }
    }
    let bins = Bins::new(arguments.bins).map_err(|why| wrong(&why))?;
    let named = snapshot.signed.get("meta").and_then(Value::as_object);
    let has = |bin| named.is_some_and(|meta| meta.contains_key(&format!("{}.json", bins.name(bin))));
    let is_whole = named.is_some_and(|meta| meta.len() == bins.count() as usize + 2) && (0..bins.count()).all(has);
    if outputs["bins"] != bins.count() || !is_whole {
        return Err(wrong("the snapshot does not name as many bins as were to be made"));
    }
    for signers in arguments.signers() {
        for file in signers.files {
            let Ok(Place::Product(path)) = Place::of(file) else { continue };
            let pem = exhibit.small_file(&path).map_err(|error| Objection::wrong("file", error.to_string()))?;
            let fingerprint = PublicKey::from_pem(&pem).map(|key| key.fingerprint());
            let keys = made.get(signers.name).and_then(|made| made["keys"].as_array());
            if !keys.is_some_and(|keys| keys.contains(&json!(fingerprint))) {
                return Err(wrong(&format!("the key in `{path}` is not among those of {}", signers.name)));
            }
        }
    }
    Ok(())
}
