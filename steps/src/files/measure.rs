//! What a file is: its size and its digest.

use super::{Place, place::io_failure};
use officiant_engine::conduct::{Failure, Stage};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{
    fs::{File, Metadata},
    io::{self, ErrorKind, Read},
};

/// A file as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Measured {
    /// Its path: from `products/` on in the ceremony folder, absolute elsewhere.
    pub(super) path: String,
    /// Its size in bytes.
    pub(super) size: u64,
    /// SHA-256, hex.
    pub(super) sha256: String,
}

/// Why a file cannot be measured.
pub(super) enum Unmeasured {
    /// It is not there.
    Missing,
    /// It is there and not a file that can be read from its beginning to its end.
    NoFile(&'static str),
    /// Something else.
    Failed(Failure),
}

impl Unmeasured {
    /// As a failure of a step that is about one file.
    pub(super) fn failure(self, path: &str) -> Failure {
        match self {
            Self::Missing => {
                Failure::new("missing", format!("`{path}` is not there")).next("put it there and try again")
            }
            Self::NoFile(what) => {
                Failure::new("no-file", format!("`{path}` is {what}, not a file")).next("name the file itself")
            }
            Self::Failed(failure) => failure,
        }
    }
}

/// The size and digest of a file, read in pieces.
pub(super) fn measure(place: &Place, stage: &Stage<'_>) -> Result<Measured, Unmeasured> {
    let path = place.name();
    let full = place.full(stage).map_err(Unmeasured::Failed)?;
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Unmeasured::Missing,
        _ => Unmeasured::Failed(io_failure(&path, &error)),
    };
    // Before it is opened: a pipe would wait for a writer, and a device may never end.
    if let Some(what) = no_file(&full.metadata().map_err(failed)?) {
        return Err(Unmeasured::NoFile(what));
    }
    let (size, sha256) = File::open(&full).and_then(digest).map_err(failed)?;
    Ok(Measured { path, size, sha256 })
}

/// What it is when it is not a file.
pub(super) fn no_file(metadata: &Metadata) -> Option<&'static str> {
    match metadata.file_type() {
        file if file.is_file() => None,
        folder if folder.is_dir() => Some("a folder"),
        link if link.is_symlink() => Some("a symbolic link"),
        _ => Some("a pipe, socket or device"),
    }
}

/// The size of a file and its SHA-256, hex.
pub(crate) fn digest(mut file: File) -> io::Result<(u64, String)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut size = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((size, hex::encode(hasher.finalize()))),
            Ok(read) => {
                hasher.update(&buffer[..read]);
                size += read as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
