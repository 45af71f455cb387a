//! Every file that the record names, with its digest.

use super::shown::{LONGEST, clip};
use crate::record::{FileRecord, Line};
use serde::Serialize;

/// Most rows of the table.
const MOST: usize = 20_000;

/// An entry with more files than these is listed in part.
const TOGETHER: usize = 500;

/// How many files of such an entry are listed.
const LISTED: usize = 20;

/// A file of the ceremony.
#[derive(Debug, Serialize)]
pub(super) struct File {
    path: String,
    sha256: String,
    size: String,
    line: usize,
}

/// The table, and how many files did not fit into it. Of an entry with very many files the first are listed, and the sum of the
/// others.
pub(super) fn table(lines: &[Line]) -> (Vec<File>, usize) {
    let (mut rows, mut left_out) = (Vec::new(), 0);
    for (line, entry) in lines.iter().filter_map(|line| Some((line.number, line.entry.as_ref().ok()?))) {
        let files: Vec<&FileRecord> = entry.event.files().into_iter().map(|(_, file)| file).collect();
        let (listed, others) = files.split_at(if files.len() > TOGETHER { LISTED } else { files.len() });
        rows.extend(listed.iter().map(|file| File {
            path: clip(&file.path, LONGEST),
            sha256: clip(&file.sha256, 64),
            size: size(file.size),
            line,
        }));
        if !others.is_empty() {
            rows.push(File {
                path: format!("{} more files", size(others.len() as u64)),
                sha256: format!("each digest is in line {line} of transcript.jsonl"),
                size: size(others.iter().fold(0, |sum, file| file.size.saturating_add(sum))),
                line,
            });
        }
        if rows.len() > MOST {
            left_out += rows.len() - MOST;
            rows.truncate(MOST);
        }
    }
    (rows, left_out)
}

/// Every file that an entry names, with the entry's line.
pub(super) fn recorded(lines: &[Line]) -> impl Iterator<Item = (usize, &FileRecord)> {
    lines
        .iter()
        .filter_map(|line| Some((line.number, line.entry.as_ref().ok()?)))
        .flat_map(|(number, entry)| entry.event.files().into_iter().map(move |(_, file)| (number, file)))
}

/// A size in bytes, with its digits in groups of three.
pub(super) fn size(bytes: u64) -> String {
    let digits = bytes.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_at_a_glance() {
        let sizes = [0, 999, 1_000, 1_234_567].map(size);
        assert_eq!(sizes, ["0", "999", "1,000", "1,234,567"]);
    }
}
