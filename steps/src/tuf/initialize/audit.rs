//! Whether what was recorded of a new repository holds.

use super::{arguments::Arguments, bins::Bins, documents::BINS, recorded_list, step::TO_SIGN};
use crate::{
    files::Place,
    tuf::metadata::{Document, PublicKey, count},
};
use officiant_engine::conduct::{Exhibit, Objection};
use serde_json::{Value, json};

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
    for (name, folder) in [("metadata", format!("{}/metadata", arguments.out)), ("to_sign", arguments.to_sign.clone())]
    {
        let product = Place::product(&folder).map_err(|failure| wrong(&failure.message))?;
        if outputs[name] != format!("products/{product}/") {
            return Err(wrong("the record speaks of other folders than those that were to be made"));
        }
    }
    recorded_list::is_as_said(arguments, outputs, exhibit)?;
    let serial = outputs["serial"].as_u64();
    let bound = exhibit.this().serial.map(u64::from);
    if serial.is_some() != arguments.device.is_some() || (bound.is_some() && serial.is_some() && serial != bound) {
        return Err(Objection::wrong("serial", "the record does not say which device holds the online key"));
    }
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
    let bins = Bins::new(arguments.bins).map_err(|why| wrong(&why))?;
    let first = bins.name(0);
    let bin = read("metadata", &format!("1.{first}.json"))?;
    let made = [
        ("root", &root, "root", &root),
        ("targets", &root, "targets", &targets),
        (BINS, &targets, BINS, &delegating),
        ("bin-n", &delegating, &first, &bin),
        ("snapshot", &root, "snapshot", &snapshot),
        ("timestamp", &root, "timestamp", &timestamp),
    ];
    let made = made.map(|(name, by, role, document)| role_made(name, by, role, document));
    let made = made.into_iter().collect::<Result<Vec<_>, _>>().map_err(clause)?;
    let said = outputs["roles"].as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(other) = made.iter().zip(said).find_map(|(made, said)| (made != said).then_some(made)) {
        return Err(wrong(&format!(
            "what the record says of the role {} is not what its metadata says",
            other["role"]
        )));
    }
    if made.len() != said.len() {
        return Err(wrong("the record does not speak of every role once"));
    }
    let named = snapshot.signed.get("meta").and_then(Value::as_object);
    let has = |bin| named.is_some_and(|meta| meta.contains_key(&format!("{}.json", bins.name(bin))));
    let is_whole = named.is_some_and(|meta| meta.len() == bins.count() as usize + 2) && (0..bins.count()).all(has);
    let files = u64::from(bins.count()) + 2 + TO_SIGN.len() as u64;
    if outputs["bins"] != bins.count() || outputs["files"] != files || !is_whole {
        return Err(wrong("the snapshot does not name as many bins as were to be made"));
    }
    for signers in arguments.signers() {
        for file in signers.files {
            let Ok(Place::Product(path)) = Place::of(file) else { continue };
            let pem = exhibit.small_file(&path).map_err(|error| Objection::wrong("file", error.to_string()))?;
            let fingerprint = PublicKey::from_pem(&pem).map(|key| key.fingerprint());
            let keys = made.iter().find(|made| made["role"] == signers.name).and_then(|made| made["keys"].as_array());
            if !keys.is_some_and(|keys| keys.contains(&json!(fingerprint))) {
                return Err(wrong(&format!("the key in `{path}` is not among those of {}", signers.name)));
            }
        }
    }
    Ok(())
}

/// What the outputs must say of a role: its keys by fingerprint and how many must sign, as `by` has it; when its metadata expires.
fn role_made(name: &str, by: &Document, role: &str, document: &Document) -> Result<Value, String> {
    let (role, keys) = (by.role(role)?, by.keys()?);
    let public = |id: &String| keys.get(id).and_then(|key| key.public.as_ref().ok()).map(PublicKey::fingerprint);
    let fingerprints: Vec<_> = role.keyids.iter().map(public).collect();
    let expires = document.text("expires")?;
    Ok(json!({ "role": name, "keys": fingerprints, "threshold": role.threshold, "expires": expires }))
}
