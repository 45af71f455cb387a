//! Whether what was recorded of the client holds: it is let at the files in the ceremony folder once more.

use super::step::{Arguments, Places};
use crate::files::Place;
use officiant_engine::conduct::{Exhibit, Failure, Objection};
use serde_json::Value;
use std::path::PathBuf;

/// What is wrong with the recorded step, or not proved by it. Time has passed, so that the client overlooks expiry here.
///
/// # Errors
/// The objection.
pub(super) fn objections(arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Result<(), Objection> {
    let full = |path: &str| -> Result<PathBuf, Objection> {
        let refused = |failure: Failure| Objection::wrong("arguments", failure.message);
        match Place::of(path).map_err(refused)? {
            Place::Product(path) => exhibit.path(&path).map_err(|error| Objection::wrong("path", error.to_string())),
            Place::Outside(_) => {
                let message =
                    "what the client was let at is outside the ceremony folder, and it cannot be let at it again";
                Err(Objection::unproven("outside", message))
            }
        }
    };
    let places = Places::of(arguments, full)?;
    if outputs["expiry"] != arguments.at.is_none() {
        return Err(Objection::wrong(
            "expiry",
            "the record does not say whether the client overlooked what has expired",
        ));
    }
    let now = places.outputs(arguments, false);
    let now =
        now.map_err(|why| Objection::wrong("client", format!("the client does not take the repository: {why}")))?;
    let now = serde_json::to_value(now).unwrap_or_default();
    if now == *outputs {
        return Ok(());
    }
    let root = |of: &Value| of["versions"][0].as_u64();
    if root(&now) > root(outputs) && root(outputs).is_some() {
        let message = "there is a newer version of root than the one that the client loaded";
        return Err(Objection::unproven("newer-root", message));
    }
    Err(Objection::wrong("client", "what the record says of the client is not what it makes of the files"))
}
