//! The digests that seals are made over: of a whole transcript, and of its beginnings.

use crate::record::{TRANSCRIPT, regular};
use sha2::{Digest as _, Sha256, Sha512};
use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

/// Both digests that an SSHSIG can be made over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    /// SHA-256.
    pub sha256: [u8; 32],
    /// SHA-512.
    pub sha512: [u8; 64],
}

impl Digest {
    /// Of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { sha256: Sha256::digest(bytes).into(), sha512: Sha512::digest(bytes).into() }
    }
}

/// The digests of a transcript.
#[derive(Debug, Clone)]
pub struct Digests {
    /// Of all its bytes.
    pub whole: Digest,
    /// SHA-256 of its last whole line without the newline: the head of the record.
    pub head: [u8; 32],
    /// How many whole lines it has.
    pub lines: usize,
    /// Of its bytes up to and with the newline of a line, by the line's number from 1: the newest ones, oldest first.
    pub beginnings: VecDeque<(usize, Digest)>,
}

impl Digests {
    /// Reads the transcript of a ceremony folder in pieces; keeps the digests of so many beginnings and no more.
    ///
    /// # Errors
    /// It cannot be read, or is no regular file.
    pub fn read(folder: &Path, beginnings: usize) -> io::Result<Self> {
        let path = folder.join(TRANSCRIPT);
        let size = regular(&path)?.len();
        let mut reader = BufReader::with_capacity(64 * 1024, File::open(path)?.take(size));
        let (mut sha256, mut sha512, mut line) = (Sha256::new(), Sha512::new(), Sha256::new());
        let (mut head, mut lines, mut kept) = ([0; 32], 0, VecDeque::new());
        loop {
            let piece = reader.fill_buf()?;
            if piece.is_empty() {
                break;
            }
            let newline = piece.iter().position(|byte| *byte == b'\n');
            let text = &piece[..newline.unwrap_or(piece.len())];
            let used = &piece[..newline.map_or(piece.len(), |at| at + 1)];
            line.update(text);
            sha256.update(used);
            sha512.update(used);
            let used = used.len();
            reader.consume(used);
            if newline.is_some() {
                lines += 1;
                head = std::mem::take(&mut line).finalize().into();
                if beginnings > 0 {
                    kept.push_back((lines, finished(&sha256, &sha512)));
                    if kept.len() > beginnings {
                        kept.pop_front();
                    }
                }
            }
        }
        Ok(Self { whole: finished(&sha256, &sha512), head, lines, beginnings: kept })
    }
}

fn finished(sha256: &Sha256, sha512: &Sha512) -> Digest {
    Digest { sha256: sha256.clone().finalize().into(), sha512: sha512.clone().finalize().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_beginnings_are_kept_each_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(TRANSCRIPT), "a\nb\nc\ntorn").unwrap();
        let digests = Digests::read(folder.path(), 2).unwrap();
        assert_eq!(digests.beginnings, [(2, Digest::of(b"a\nb\n")), (3, Digest::of(b"a\nb\nc\n"))]);
        assert_eq!((digests.whole, digests.lines), (Digest::of(b"a\nb\nc\ntorn"), 3));
        assert_eq!(digests.head, Digest::of(b"c").sha256);
    }
}
