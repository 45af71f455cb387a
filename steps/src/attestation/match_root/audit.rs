//! Whether a recorded match holds: the devices are judged once more, and compared with the metadata in the ceremony folder.

use super::{
    super::audit as devices,
    Arguments,
    holder::Attested,
    matching::{Matched, matched},
    metadata::{Metadata, places},
};
use crate::files::Place;
use officiant_engine::{
    conduct::{Exhibit, Failure, Objection},
    record::digest_hex,
};
use serde_json::{Value, json};

/// What is wrong with a recorded match, or not proved by it.
pub(super) fn objections(arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
    let mut objections =
        devices::objections(&arguments.verification(), outputs, exhibit).unwrap_or_else(|objection| vec![objection]);
    objections.extend(unmatched(arguments, outputs, exhibit).unwrap_or_else(|objection| vec![objection]));
    objections
}

fn unmatched(arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Result<Vec<Objection>, Objection> {
    let wrong = |message: String| Objection::wrong("match", message);
    let metadata = Metadata::of(files(arguments, outputs, exhibit)?).map_err(wrong)?;
    let recorded = outputs["devices"].as_array().map(Vec::as_slice).unwrap_or_default();
    let attested = recorded.iter().map(Attested::recorded).collect::<Option<Vec<_>>>();
    let attested = attested.ok_or_else(|| wrong("a device among what came of the step is none".to_string()))?;
    let Matched { roles, holders, faults, findings } = matched(&metadata, &arguments.roles, &attested);
    let mut objections: Vec<_> = faults.into_iter().map(wrong).collect();
    let now = json!({ "roles": roles, "holders": holders, "findings": findings });
    for (name, value) in now.as_object().into_iter().flatten() {
        if outputs[name] != *value {
            objections.push(wrong(format!("the {name} in the record are not what the files say")));
        }
    }
    Ok(objections)
}

/// The files of metadata as the step saw them.
fn files(arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Result<Vec<(String, Vec<u8>)>, Objection> {
    let refused = |failure: Failure| Objection::wrong("arguments", failure.message);
    let (root, targets) = places(arguments).map_err(refused)?;
    let recorded = outputs["metadata"].as_array().map(Vec::as_slice).unwrap_or_default();
    let may_be = match recorded.len() {
        1 => arguments.targets.is_none(),
        many => many == 2,
    };
    if !may_be {
        return Err(Objection::wrong("path", "the record does not say what metadata the step read"));
    }
    let mut files = Vec::new();
    for (file, place) in recorded.iter().zip([root, targets]) {
        let name = place.name();
        if file["path"].as_str() != Some(&name) {
            return Err(Objection::wrong("path", "what came of the step is about other metadata than the step"));
        }
        let Place::Product(path) = &place else {
            let message = "the metadata is outside the ceremony folder, and cannot be matched again from it";
            return Err(Objection::unproven("outside", message));
        };
        let bytes = exhibit.file(path).map_err(|error| {
            Objection::unproven("file", format!("what the step saw is not there any more: {error}"))
        })?;
        if file["sha256"].as_str() != Some(&digest_hex(&bytes)) {
            return Err(Objection::wrong("digest", format!("`{name}` is not what the step saw there")));
        }
        files.push((name, bytes));
    }
    Ok(files)
}
