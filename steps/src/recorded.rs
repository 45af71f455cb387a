//! What was recorded of a step, as its audit reads it.

use officiant_engine::conduct::{Exhibit, Objection};
use serde_json::Value;

/// The serial number in a step's outputs, which must be that of the device that the step names.
///
/// # Errors
/// It is another, or none.
pub(crate) fn serial_of(outputs: &Value, exhibit: &Exhibit<'_>) -> Result<u32, Objection> {
    let serial = outputs["serial"].as_u64().and_then(|serial| u32::try_from(serial).ok());
    let Some(serial) = serial else {
        return Err(Objection::wrong("serial", "what came of the step names no serial number"));
    };
    match exhibit.this().serial {
        Some(bound) if bound != serial => Err(Objection::wrong(
            "serial",
            format!("the step names the device with the serial number {bound}, what came of it is of {serial}"),
        )),
        _ => Ok(serial),
    }
}

/// A file that the outputs name.
///
/// # Errors
/// It is not named, or cannot be read.
pub(crate) fn file_of(outputs: &Value, name: &str, exhibit: &Exhibit<'_>) -> Result<Vec<u8>, Objection> {
    let Some(path) = outputs[name].as_str() else {
        return Err(Objection::wrong("file", format!("what came of the step names no file in `{name}`")));
    };
    exhibit.small_file(path).map_err(|error| Objection::wrong("file", error.to_string()))
}
