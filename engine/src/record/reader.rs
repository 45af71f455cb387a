//! Reading a transcript back: every line an entry in RFC 8785 form, nothing more.

use super::{Entry, TRANSCRIPT, entry::line_digest, folder::regular};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

/// Largest transcript that is read, in bytes: about a million steps.
const SIZE_LIMIT: u64 = 1024 * 1024 * 1024;

/// Longest line that is read, in bytes with its newline.
const LINE_LIMIT: u64 = 64 * 1024 * 1024;

/// How many lines may be no entries before the rest is not read.
const NO_ENTRIES_LIMIT: usize = 100;

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
///
/// After a number of lines that are no entries the rest is not read: that is no transcript.
pub fn read(folder: &Path) -> Result<(Vec<Line>, Vec<u8>), Unreadable> {
    let path = folder.join(TRANSCRIPT);
    let failed = |error| Unreadable { path: path.display().to_string(), error };
    let size = regular(&path).map_err(failed)?.len();
    if size > SIZE_LIMIT {
        return Err(failed(io::Error::other("it is larger than 1 GiB, which no ceremony writes")));
    }
    let mut reader = BufReader::new(File::open(&path).map_err(failed)?.take(size));
    let (mut lines, mut no_entries) = (Vec::new(), 0);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        (&mut reader).take(LINE_LIMIT).read_until(b'\n', &mut bytes).map_err(failed)?;
        let is_long = bytes.len() as u64 == LINE_LIMIT;
        if bytes.pop_if(|last| *last == b'\n').is_none() && !is_long {
            return Ok((lines, bytes));
        }
        let mut line = parse(lines.len() + 1, &bytes);
        no_entries += usize::from(line.entry.is_err());
        if is_long {
            line.entry = Err("it is longer than 64 MiB, and nothing from here on was read".into());
        } else if no_entries >= NO_ENTRIES_LIMIT {
            line.entry = Err(format!("it is the {no_entries}th such line, and nothing after it was read"));
        }
        let is_over = is_long || no_entries >= NO_ENTRIES_LIMIT;
        lines.push(line);
        if is_over {
            return Ok((lines, Vec::new()));
        }
    }
}

fn parse(number: usize, bytes: &[u8]) -> Line {
    let entry = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_string()).and_then(|text| {
        let entry = serde_json::from_str::<Entry>(text).map_err(|error| format!("it is no entry: {error}"))?;
        match entry.canonical() {
            Ok(canonical) if canonical == text => Ok(entry),
            Ok(_) => Err("it is not in RFC 8785 form, or says more than an entry says".into()),
            Err(error) => Err(format!("it has no RFC 8785 form: {error}")),
        }
    });
    Line { number, digest: line_digest(bytes), entry }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Answered, Event, GENESIS, canonical::tests::Chance};
    use serde_json::Value;

    /// What an entry is, by the crate that says what RFC 8785 is.
    fn is_entry(line: &[u8]) -> bool {
        std::str::from_utf8(line).is_ok_and(|text| {
            serde_json::from_str::<Entry>(text)
                .is_ok_and(|entry| serde_json_canonicalizer::to_string(&entry).is_ok_and(|form| form == text))
        })
    }

    fn line(answer: Value) -> Vec<u8> {
        let answered = Answered { question: "Who?".into(), slot: None, answer: Some(answer), refused: None };
        let entry = Entry {
            at: "2026-11-22T05:36:00.500Z".into(),
            by: Some("witness".into()),
            event: Event::Answered(answered),
            prev: GENESIS.into(),
            seq: 7,
            sig: Some("0".repeat(128)),
            step: Some("start/1".into()),
        };
        serde_json_canonicalizer::to_vec(&entry).unwrap()
    }

    #[test]
    fn the_lines_that_are_no_entries_are_those_that_the_crate_refuses() {
        const INSTEAD: [&str; 26] = [
            "1",
            "1.0",
            "1e3",
            "-0",
            "-1",
            "1e21",
            "10000000000000000000",
            "0.10",
            "\"a\"",
            "\"\\u0061\"",
            "\"\\/\"",
            "\"\\u001F\"",
            "\"\\u001f\"",
            "\"\\ud83d\\ude00\"",
            "\"\u{1f600}\"",
            "\"\\ud83d\"",
            " null",
            "null",
            "[1, 2]",
            "[1,2]",
            "{\"b\":1,\"a\":2}",
            "{\"a\":1,\"a\":1}",
            "{\"a\":2,\"b\":1}",
            "{\"\u{fb33}\":1,\"\u{1f600}\":2}",
            "{\"\u{1f600}\":2,\"\u{fb33}\":1}",
            "{\"\":1}",
        ];
        let mut chance = Chance(0x5eed);
        let (mut entries, mut others) = (0, 0);
        let mut judge = |line: &[u8]| {
            let is_read = parse(1, line).entry.is_ok();
            assert_eq!(is_read, is_entry(line), "{}", String::from_utf8_lossy(line));
            *if is_read { &mut entries } else { &mut others } += 1;
        };
        for instead in INSTEAD {
            let whole = String::from_utf8(line("HERE".into())).unwrap();
            judge(whole.replace("\"HERE\"", instead).as_bytes());
            judge(whole.replace("\"seq\":7", &format!("\"seq\":{instead}")).as_bytes());
            judge(whole.replace("\"seq\":7", &format!("\"seq\":7,\"more\":{instead}")).as_bytes());
            judge(whole.replace("\"by\":\"witness\",", &format!("\"by\":{instead},")).as_bytes());
        }
        for _ in 0..3_000 {
            let mut line = line(chance.value(3));
            judge(&line);
            // As it is, but for one byte.
            let place = chance.below(line.len());
            match chance.below(3) {
                0 => line[place] = u8::try_from(chance.below(256)).unwrap(),
                1 => line.insert(place, b" \",:{}[]0\\\xff"[chance.below(11)]),
                _ => drop(line.remove(place)),
            }
            judge(&line);
        }
        assert!(entries > 1_000 && others > 1_000, "{entries} entries, {others} others");
    }
}
