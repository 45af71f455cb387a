//! What a step signs: a text of the runbook's, or a file.

use crate::files::{self, Place};
use officiant_engine::conduct::{Exhibit, Failure, Objection, Stage};

/// Most bytes of a file.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The text, UTF-8, or what is in the file: among the products, or anywhere when its path is absolute.
///
/// # Errors
/// `wrong-argument` when it is not one of the two, `path`, `file`.
pub(crate) fn read(stage: &Stage<'_>, data: Option<&str>, file: Option<&str>) -> Result<Vec<u8>, Failure> {
    let path = match (data, file) {
        (Some(data), None) => return Ok(data.as_bytes().to_vec()),
        (None, Some(path)) => path,
        _ => {
            return Err(Failure::new("wrong-argument", "a signature is of `data` or of a `file`")
                .next("give one of the two in the runbook"));
        }
    };
    let full = Place::of(path)?.full(stage)?;
    files::read(&full, LARGEST).map_err(|error| {
        Failure::new("file", format!("`{path}` cannot be read: {error}"))
            .next("see that the file is there, and that the path in the runbook says where")
    })
}

/// What was signed, as the ceremony folder has it today.
///
/// # Errors
/// It cannot be looked at, or is not in the folder.
pub(crate) fn recorded(data: Option<&str>, file: Option<&str>, exhibit: &Exhibit<'_>) -> Result<Vec<u8>, Objection> {
    match (data, file) {
        (Some(data), _) => Ok(data.as_bytes().to_vec()),
        (None, Some(path)) => match Place::of(path) {
            Ok(Place::Product(path)) => {
                exhibit.file(&path).map_err(|error| Objection::unproven("signed-file", error.to_string()))
            }
            _ => {
                let message = format!("what was signed, `{path}`, is not in the ceremony folder");
                Err(Objection::unproven("signed-file", message))
            }
        },
        (None, None) => Err(Objection::wrong("arguments", "nothing was to be signed")),
    }
}
