//! The list of targets, read in large pieces and parsed on all cores.

use super::{
    bins::Bins,
    shelf::{Held, Shelf},
    target::Target,
};
use memchr::{memchr, memchr_iter, memrchr};
use officiant_engine::conduct::Failure;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::{
    io::{self, Read},
    ops::Range,
};

/// How much is read before it is parsed, in bytes; no line is longer.
const READ: usize = 8 * 1024 * 1024;

/// How much one core parses at a time, about, in bytes.
const PIECE: usize = 256 * 1024;

/// How much of a line is shown to people, in characters.
const SHOWN: usize = 160;

/// What was taken in.
#[derive(Debug)]
pub(super) struct TakenIn {
    pub(super) targets: u64,
    /// Bytes of the list.
    pub(super) size: u64,
    /// SHA-256 of the list, hex.
    pub(super) sha256: String,
}

/// Takes a list in; `progress` is told how many bytes of it there were so far.
///
/// # Errors
/// `targets`, with the line that is none; `file` when the list cannot be read.
pub(super) fn take_in(
    mut list: impl Read,
    bins: Bins,
    shelf: &mut Shelf,
    mut progress: impl FnMut(u64),
) -> Result<TakenIn, Failure> {
    let mut digest = Sha256::new();
    let mut buffer = Vec::with_capacity(2 * READ);
    let (mut lines, mut size) = (0, 0);
    loop {
        let wanted = (READ + 1).saturating_sub(buffer.len());
        let read = (&mut list).take(wanted as u64).read_to_end(&mut buffer).map_err(|error| unreadable(&error))?;
        let at_end = read < wanted;
        let whole = match memrchr(b'\n', &buffer) {
            _ if at_end => buffer.len(),
            Some(last) => last + 1,
            None => {
                let why = format!("it is longer than {READ} bytes");
                return Err(refused(&Refused { line: lines + 1, why, text: shown(&buffer) }));
            }
        };
        let body = buffer.get(..whole).unwrap_or_default();
        let (parsed, ()) = rayon::join(|| parse(body, lines, bins), || digest.update(body));
        for piece in parsed {
            let Piece { held, places, lines: more } = piece.map_err(|error| refused(&error))?;
            lines += more;
            shelf.put(&held, &places).map_err(|error| {
                Failure::new("file", format!("what does not fit into memory could not be kept on the disk: {error}"))
                    .next("see that the disk is writable and not full")
            })?;
        }
        size += whole as u64;
        progress(size);
        buffer.drain(..whole);
        if at_end {
            return Ok(TakenIn { targets: lines, size, sha256: hex::encode(digest.finalize()) });
        }
    }
}

/// What one core made of a piece.
struct Piece {
    held: Vec<u8>,
    places: Vec<(u32, Range<usize>)>,
    lines: u64,
}

/// A line that is no target.
struct Refused {
    line: u64,
    why: String,
    text: String,
}

/// Parses whole lines of which the first one is number `before` + 1; what comes after one that is refused may be missing.
fn parse(body: &[u8], before: u64, bins: Bins) -> Vec<Result<Piece, Refused>> {
    let mut pieces = Vec::new();
    let (mut rest, mut first) = (body, before + 1);
    while !rest.is_empty() {
        let end = rest.get(PIECE..).and_then(|after| memchr(b'\n', after)).map_or(rest.len(), |at| PIECE + at + 1);
        let (piece, after) = rest.split_at(end);
        pieces.push((piece, first));
        first += memchr_iter(b'\n', piece).count() as u64;
        rest = after;
    }
    pieces.into_par_iter().map(|(piece, first)| parse_piece(piece, first, bins)).collect()
}

fn parse_piece(piece: &[u8], first: u64, bins: Bins) -> Result<Piece, Refused> {
    let mut parsed = Piece { held: Vec::with_capacity(piece.len()), places: Vec::new(), lines: 0 };
    let mut value = String::new();
    let piece = piece.strip_suffix(b"\n").unwrap_or(piece);
    for (line, text) in (first..).zip(piece.split(|byte| *byte == b'\n')) {
        let target = Target::read(text).map_err(|why| Refused { line, why, text: shown(text) })?;
        let bin = bins.of(&Sha256::digest(target.path.as_bytes()).into());
        value.clear();
        target.write(&mut value);
        let start = parsed.held.len();
        Held { bin, path: &target.path, line, value: &value }.write(&mut parsed.held);
        parsed.places.push((bin, start..parsed.held.len()));
        parsed.lines += 1;
    }
    Ok(parsed)
}

/// A line as it may be shown.
fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line.get(..4 * SHOWN).unwrap_or(line));
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().count() > SHOWN || line.len() > 4 * SHOWN {
        shown.push('…');
    }
    shown
}

fn refused(refused: &Refused) -> Failure {
    let Refused { line, why, text } = refused;
    Failure::new("targets", format!("line {line} of the targets is none: {why}; it is: {text}"))
        .next("correct the list: one JSON object a line, with path, length and hashes")
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::new("file", format!("the targets cannot be read: {error}"))
        .next("see that the list is there, and readable")
}

#[cfg(test)]
mod tests {
    use super::{READ, take_in};
    use crate::tuf::initialize::{bins::Bins, shelf::Shelf};
    use officiant_engine::record::digest_hex;

    fn line(target: usize) -> String {
        let hash = digest_hex(&target.to_le_bytes());
        format!("{{\"path\":\"packages/{target}\",\"length\":{target},\"hashes\":{{\"sha256\":\"{hash}\"}}}}\n")
    }

    fn shelf() -> (Bins, Shelf) {
        let bins = Bins::new(16).unwrap();
        (bins, Shelf::new(bins, usize::MAX, std::env::temp_dir()))
    }

    #[test]
    fn every_line_is_a_target_whatever_the_pieces_are() {
        let list: String = (0..100_000).map(line).collect();
        assert!(list.len() > READ);
        let (bins, mut shelf) = shelf();
        let taken = take_in(list.trim_end().as_bytes(), bins, &mut shelf, |_| ()).unwrap();
        assert_eq!((taken.targets, taken.size), (100_000, list.len() as u64 - 1));
        assert_eq!(taken.sha256, digest_hex(list.trim_end().as_bytes()));
    }

    #[test]
    fn a_line_that_is_no_target_is_named_by_its_number_and_shown() {
        let mut list: String = (0..50_000).map(line).collect();
        list.push_str("{\"path\":\"\u{1b}[2J\"}\n");
        list.push_str("neither is this\n");
        let (bins, mut shelf) = shelf();
        let refused = take_in(list.as_bytes(), bins, &mut shelf, |_| ()).unwrap_err();
        assert!(refused.message.contains("line 50001 "), "{}", refused.message);
        assert!(refused.message.contains("\\u{1b}[2J"), "{}", refused.message);
    }

    #[test]
    fn a_line_without_an_end_is_not_read_into_memory() {
        let (bins, mut shelf) = shelf();
        let refused = take_in(std::io::repeat(b'a'), bins, &mut shelf, |_| ()).unwrap_err();
        assert!(refused.message.contains("longer"), "{}", refused.message);
    }
}
