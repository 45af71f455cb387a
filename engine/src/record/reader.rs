//! Reading a transcript back: every line an entry in RFC 8785 form, nothing more.

use super::{Entry, TRANSCRIPT, entry::line_digest};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// Largest transcript that is read, in bytes: about a million steps.
const SIZE_LIMIT: u64 = 1024 * 1024 * 1024;

/// A line of a transcript.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// SHA-256 of the line without its newline.
    pub digest: [u8; 32],
    /// The entry, or why the line is none.
    pub entry: Result<Entry, String>,
}

/// Why there is no transcript to read.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` cannot be read: {error}")]
pub struct Unreadable {
    /// The transcript's path.
    pub path: String,
    /// What the file system said.
    pub error: io::Error,
}

/// A transcript's lines, and what follows the last newline: the torn line of a broken session.
pub fn read(folder: &Path) -> Result<(Vec<Line>, Vec<u8>), Unreadable> {
    let path = folder.join(TRANSCRIPT);
    let failed = |error| Unreadable { path: path.display().to_string(), error };
    let mut bytes = Vec::new();
    File::open(&path).and_then(|file| file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(failed(io::Error::other("it is larger than 1 GiB, which no ceremony writes")));
    }
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (whole, torn) = bytes.split_at(end);
    let lines = whole
        .split_inclusive(|byte| *byte == b'\n')
        .enumerate()
        .map(|(index, line)| parse(index + 1, &line[..line.len() - 1]))
        .collect();
    Ok((lines, torn.to_vec()))
}

fn parse(number: usize, bytes: &[u8]) -> Line {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Line { number, digest: [0; 32], entry: Err("it is not UTF-8".into()) };
    };
    let entry =
        serde_json::from_str::<Entry>(text).map_err(|error| format!("it is no entry: {error}")).and_then(|entry| {
            match entry.canonical() {
                Ok(canonical) if canonical == text => Ok(entry),
                Ok(_) => Err("it is not in RFC 8785 form, or says more than an entry says".into()),
                Err(error) => Err(format!("it has no RFC 8785 form: {error}")),
            }
        });
    Line { number, digest: line_digest(text), entry }
}
