//! The list of targets as a replay finds it.

use super::arguments::Arguments;
use crate::files::Place;
use officiant_engine::conduct::{Exhibit, Objection};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{self, Read},
};

/// Makes sure that the outputs speak of the list that is among the products; of one that was elsewhere nothing can be said.
///
/// # Errors
/// The objection.
pub(super) fn is_as_said(arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Result<(), Objection> {
    let Ok(Place::Product(path)) = Place::of(&arguments.targets) else { return Ok(()) };
    let path = exhibit.path(&path).map_err(|error| Objection::wrong("file", error.to_string()))?;
    let (size, lines, sha256) = look_at(&path)
        .map_err(|error| Objection::wrong("file", format!("the list of targets cannot be read: {error}")))?;
    if outputs["list_size"] != size || outputs["list_sha256"] != sha256 || outputs["targets"] != lines {
        return Err(Objection::wrong("targets", "the list of targets is not the one that the record speaks of"));
    }
    Ok(())
}

/// The size in bytes, the number of lines, and the SHA-256, hex.
fn look_at(path: &std::path::Path) -> io::Result<(u64, u64, String)> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1024 * 1024];
    let (mut hash, mut size, mut lines, mut last) = (Sha256::new(), 0, 0, b'\n');
    loop {
        let read = file.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
        size += bytes.len() as u64;
        lines += bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        last = bytes.last().copied().unwrap_or(last);
    }
    Ok((size, lines + u64::from(last != b'\n'), hex::encode(hash.finalize())))
}
