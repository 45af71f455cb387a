//! Whether files in the ceremony folder are what steps recorded of them.

use super::Place;
use officiant_engine::{
    conduct::{Exhibit, Objection},
    record::digest_hex,
};
use serde_json::Value;

/// Objects to a file that is not as a step measured it. One outside the folder cannot be looked at; one that is no longer there
/// is said to be so.
pub(super) fn as_measured(path: &str, measured: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
    let Ok(Place::Product(path)) = Place::of(path) else { return Vec::new() };
    match exhibit.file(&path) {
        Ok(bytes)
            if measured["sha256"].as_str() == Some(&digest_hex(&bytes)) && measured["size"] == bytes.len() as u64 =>
        {
            Vec::new()
        }
        Ok(_) => vec![Objection::wrong("digest", format!("`{path}` is not what the step saw there"))],
        Err(error) => vec![Objection::unproven("file", format!("what the step saw is not there any more: {error}"))],
    }
}

/// Objects to a file that a step gave another path than its arguments do.
pub(super) fn at_its_place(path: &str, measured: &Value) -> Option<Objection> {
    let named = Place::of(path).map(|place| place.name()).ok();
    let message = || format!("the step is about `{path}`, what came of it about {}", measured["path"]);
    (named.as_deref() != measured["path"].as_str()).then(|| Objection::wrong("path", message()))
}

/// Objects to any of several measured files.
pub(super) fn all_as_measured(files: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
    let files = files.as_array().map(Vec::as_slice).unwrap_or_default();
    files.iter().flat_map(|file| as_measured(file["path"].as_str().unwrap_or_default(), file, exhibit)).collect()
}
