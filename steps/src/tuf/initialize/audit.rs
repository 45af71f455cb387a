//! Whether what was recorded of a new repository holds.

use super::{
    arguments::{Arguments, Signers},
    bins::Bins,
    documents::{delegating, expires, root, snapshot, targets, timestamp},
    offline::Offline,
    step::TO_SIGN,
};
use crate::{
    files::Place,
    tuf::metadata::{Document, Key, PublicKey, count},
};
use jiff::{SignedDuration, Timestamp};
use officiant_engine::conduct::{Exhibit, Objection, folder_name};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{BufReader, Read},
};

/// Objections to the recorded step: what was to be signed, the snapshot and the timestamp are made once more from what the runbook
/// names, with the online key that the root has, and are what lies in the folders; snapshot and timestamp are signed with that key;
/// the outputs say what the files say. What is in the bins is for `tuf.verify`.
///
/// # Errors
/// What keeps the rest from being looked at.
pub(super) fn objections(
    arguments: &Arguments,
    outputs: &Value,
    exhibit: &Exhibit<'_>,
) -> Result<Vec<Objection>, Objection> {
    let clause = |why: String| Objection::wrong("metadata", why);
    let wrong = |what: String| Objection::wrong("repository", what);
    let folder = |path: &str| {
        let product = Place::product(path).map_err(|failure| wrong(failure.message))?;
        Ok(folder_name(&format!("products/{product}")))
    };
    let (metadata, to_sign) = (folder(&format!("{}/metadata", arguments.out))?, folder(&arguments.to_sign)?);
    let read = |folder: &str, name: &str| {
        let path = format!("{folder}{name}");
        let bytes = exhibit.file(&path).map_err(|error| Objection::wrong("file", error.to_string()))?;
        Document::read(&bytes).map_err(|why| clause(format!("`{path}`: {why}")))
    };
    let serial = outputs["serial"].as_u64();
    let bound = exhibit.this().serial.map(u64::from);
    if serial.is_some() != arguments.device.is_some() || (bound.is_some() && serial != bound) {
        return Err(Objection::wrong("serial", "the record does not say which device holds the online key"));
    }
    let bins = Bins::new(arguments.bins).map_err(wrong)?;
    let offline = TO_SIGN.map(|name| read(&to_sign, name));
    let [of_root, of_targets, of_bins] = offline;
    let (of_root, of_targets, of_bins) = (of_root?, of_targets?, of_bins?);
    let first_bin = read(&metadata, &format!("1.{}.json", bins.name(0)))?;
    let (of_snapshot, of_timestamp) = (read(&metadata, "1.snapshot.json")?, read(&metadata, "timestamp.json")?);
    let online = online_key(&of_root)?;
    for (document, role) in [(&of_snapshot, "snapshot"), (&of_timestamp, "timestamp")] {
        let counted = count(document, &of_root.role(role).map_err(clause)?, &of_root.keys().map_err(clause)?);
        if !counted.is_reached() {
            return Err(Objection::wrong("signature", format!("{role} is not signed with the online key")));
        }
    }
    let mut objections = Vec::new();
    let mut role = |signers: &Signers<'_>, by: &Document| offline_role(signers, by, exhibit, &mut objections);
    let [root_signers, targets_signers, bins_signers] = arguments.signers();
    let roles = [role(&root_signers, &of_root)?, role(&targets_signers, &of_root)?, role(&bins_signers, &of_targets)?];
    let days = arguments.expiry;
    let expiring = [
        (&of_root, days.root),
        (&of_targets, days.targets),
        (&of_bins, days.bins),
        (&first_bin, days.bin_n),
        (&of_snapshot, days.snapshot),
        (&of_timestamp, days.timestamp),
    ];
    let mut dates = Vec::new();
    for (document, days) in expiring {
        let date = document.signed.get("expires").cloned().unwrap_or_default();
        if !is_due(&date, days, exhibit) {
            objections.push(wrong(format!("a role expires at {date}, which is not {days} days after the step")));
        }
        dates.push(date);
    }
    let made: [(&str, &Document, Map<String, Value>); 5] = [
        (TO_SIGN[0], &of_root, root(&roles[0], &roles[1], &online, &dates[0])),
        (TO_SIGN[1], &of_targets, targets(&roles[2], &dates[1])),
        (TO_SIGN[2], &of_bins, delegating(bins, &online, &dates[2])),
        ("1.snapshot.json", &of_snapshot, snapshot(bins, &dates[4])),
        ("timestamp.json", &of_timestamp, timestamp(&dates[5])),
    ];
    for (name, document, made) in made {
        if document.signed != made {
            objections.push(wrong(format!("`{name}` is not what comes of what the runbook names")));
        }
    }
    let online = online.public.as_ref().map(PublicKey::fingerprint).unwrap_or_default();
    let offline = roles.iter().map(|role| (role.name, role.fingerprints.clone(), role.threshold));
    let by_name = offline.chain(["bin-n", "snapshot", "timestamp"].map(|name| (name, vec![online.clone()], 1)));
    let said: Vec<Value> = by_name
        .zip(&dates)
        .map(|((role, keys, threshold), expires)| {
            json!({ "role": role, "keys": keys, "threshold": threshold, "expires": expires })
        })
        .collect();
    let said = json!({
        "metadata": metadata, "to_sign": to_sign, "bins": bins.count(), "roles": said,
        "files": u64::from(bins.count()) + 2 + TO_SIGN.len() as u64,
    });
    let list = list(arguments, exhibit)?;
    for (name, value) in said.as_object().into_iter().chain(list.as_object()).flatten() {
        if outputs[name] != *value {
            objections.push(wrong(format!("what the record says as `{name}` is not what the files say")));
        }
    }
    Ok(objections)
}

/// The one key that signs the timestamp.
fn online_key(root: &Document) -> Result<Key, Objection> {
    let clause = |why: String| Objection::wrong("metadata", why);
    let role = root.role("timestamp").map_err(clause)?;
    let key = role.keyids.first().and_then(|id| root.keys().ok()?.remove(id)).filter(|key| key.public.is_ok());
    key.ok_or_else(|| clause("root has no online key".to_string()))
}

/// The keys of an offline role: those of the products that the runbook names. What is named elsewhere is taken from the metadata,
/// and said to be unproven.
fn offline_role(
    signers: &Signers<'_>,
    by: &Document,
    exhibit: &Exhibit<'_>,
    objections: &mut Vec<Objection>,
) -> Result<Offline, Objection> {
    let clause = |why: String| Objection::wrong("metadata", why);
    let name = signers.name;
    let (held, ids) = (by.keys().map_err(clause)?, by.role(name).map_err(clause)?.keyids);
    let mut role = Offline { name, keys: Vec::new(), fingerprints: Vec::new(), threshold: signers.threshold };
    for (at, file) in signers.files.iter().enumerate() {
        let public = if let Ok(Place::Product(path)) = Place::of(file) {
            let pem = exhibit.small_file(&path).map_err(|error| Objection::wrong("file", error.to_string()))?;
            PublicKey::from_pem(&pem)
        } else {
            let message = format!("a public key of {name} is from `{file}`, which is not in the ceremony folder");
            objections.push(Objection::unproven("public-key", message));
            ids.get(at).and_then(|id| held.get(id)).and_then(|key| key.public.clone().ok())
        };
        let public = public.ok_or_else(|| Objection::wrong("file", format!("`{file}` holds no public key")))?;
        role.fingerprints.push(public.fingerprint());
        role.keys.push(Key::named(public.to_tuf()));
    }
    Ok(role)
}

/// Whether that many days are between the step and a date, which is in whole seconds.
fn is_due(date: &Value, days: u32, exhibit: &Exhibit<'_>) -> bool {
    let this = exhibit.this();
    let at = |time: Timestamp| expires(time, days).as_str().and_then(|date| date.parse::<Timestamp>().ok());
    let date = date.as_str().and_then(|date| date.parse::<Timestamp>().ok());
    let (Some(date), Some(first), Some(last)) = (date, at(this.began), at(this.at)) else { return false };
    // The record has times in milliseconds, rounded.
    let slack = SignedDuration::from_secs(1);
    (first.saturating_sub(slack).unwrap_or(first)..=last.saturating_add(slack).unwrap_or(last)).contains(&date)
}

/// What the list of targets says, where it is a product; nothing where it is elsewhere.
fn list(arguments: &Arguments, exhibit: &Exhibit<'_>) -> Result<Value, Objection> {
    let Ok(Place::Product(path)) = Place::of(&arguments.targets) else { return Ok(json!({})) };
    let gone = |error: String| Objection::wrong("file", error);
    let full = exhibit.path(&path).map_err(|error| gone(error.to_string()))?;
    let mut file = BufReader::new(File::open(full).map_err(|error| gone(error.to_string()))?);
    let (mut digest, mut size, mut lines, mut last) = (Sha256::new(), 0, 0, b'\n');
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut buffer).map_err(|error| gone(error.to_string()))?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        digest.update(bytes);
        size += bytes.len() as u64;
        lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        last = bytes.last().copied().unwrap_or(last);
    }
    let targets = lines + u64::from(last != b'\n');
    Ok(json!({ "list_sha256": hex::encode(digest.finalize()), "list_size": size, "targets": targets }))
}
