//! Whether a recorded verification holds: the files in the ceremony folder are verified once more, as of the recorded time.

use super::{
    Arguments, Outputs,
    files::{self, Files},
    roots::Trusted,
    walk,
};
use crate::files::Place;
use jiff::Timestamp;
use officiant_engine::conduct::{Exhibit, Failure, Objection};
use serde_json::Value;

/// What is wrong with a recorded verification, or not proved by it.
pub(super) fn objections(
    arguments: &Arguments,
    outputs: &Value,
    exhibit: &Exhibit<'_>,
) -> Result<Vec<Objection>, Objection> {
    let refused = |failure: Failure| Objection::wrong("arguments", failure.message);
    let at = time(arguments, outputs, exhibit)?;
    let Place::Product(folder) = Place::of(&arguments.metadata).map_err(refused)? else {
        let message = "the metadata is outside the ceremony folder, and cannot be verified again from it";
        return Err(Objection::unproven("outside", message));
    };
    let root = match &arguments.root {
        None => None,
        Some(root) => match Place::of(root).map_err(refused)? {
            Place::Outside(_) => {
                let message = "the root that was trusted is outside the ceremony folder, and nothing can be verified again from it";
                return Err(Objection::unproven("outside", message));
            }
            Place::Product(shown) => {
                let full = exhibit.path(&shown).map_err(|error| Objection::wrong("path", error.to_string()))?;
                let gone = |fault| Objection::unproven("file", format!("the root that was trusted: {fault}"));
                Some(Trusted { bytes: files::read(&full).map_err(gone)?, shown })
            }
        },
    };
    let full = exhibit.path(&folder).map_err(|error| Objection::wrong("path", error.to_string()))?;
    let files = Files::open(&full, folder).map_err(|failure| match failure.code.as_str() {
        "missing" => Objection::unproven("file", format!("what the step saw is not there any more: {failure}")),
        _ => Objection::wrong("file", failure.message),
    })?;
    let newest = outputs["root_versions"].as_array().and_then(|it| it.last()).and_then(Value::as_u64);
    let newest = newest.ok_or_else(|| Objection::wrong("metadata", "no version of root came of the step"))?;
    let mut objections = Vec::new();
    if files.roots().keys().any(|version| *version > newest) {
        let message = format!("there are versions of root after version {newest}, the last one that the step saw");
        objections.push(Objection::unproven("newer-root", message));
    }
    let report = walk::verify(&files, &arguments.asked(at, root, Some(newest)));
    objections.extend(report.faults.iter().map(|fault| Objection::wrong("metadata", fault.clone())));
    if objections.iter().all(|objection| !objection.grave) {
        let now = serde_json::to_value(Outputs::new(report, at)).unwrap_or_default();
        if now != *outputs {
            let message = "what the record says of the metadata is not what its files say";
            objections.push(Objection::wrong("metadata", message));
        }
    }
    Ok(objections)
}

/// When nothing had expired: as the runbook says, or while the step was performed.
fn time(arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Result<Timestamp, Objection> {
    let recorded: Option<Timestamp> = outputs["at"].as_str().and_then(|at| at.parse().ok());
    let said = arguments.said_at().map_err(|failure| Objection::wrong("arguments", failure.message))?;
    let this = exhibit.this();
    match (said, recorded) {
        (Some(said), Some(recorded)) if said == recorded => Ok(said),
        (None, Some(recorded)) if (this.began..=this.at).contains(&recorded) => Ok(recorded),
        _ => Err(Objection::wrong("time", "the time as of which the step verified is not that of the step")),
    }
}
