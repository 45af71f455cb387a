//! Targets on their way into bins: in memory as far as they fit, the others in a file that has no name.

use super::bins::Bins;
use rayon::prelude::*;
use std::{borrow::Cow, fs::File, io, ops::Range, os::unix::fs::FileExt, path::PathBuf};

/// Into how many parts the bins are divided at most; each is put in order by itself.
const PARTS: u32 = 1_024;

/// Bytes before the path of a target: bin, line, length of the path, length of what follows it.
const HEAD: usize = 4 + 8 + 4 + 4;

/// Targets by their bins.
pub(super) struct Shelf {
    bins: Bins,
    parts: Vec<Vec<u8>>,
    /// Where the targets of each part begin, by bin and path; known once they are arranged, of what is in memory.
    order: Vec<Vec<usize>>,
    /// What the parts take in memory, in bytes.
    held: usize,
    /// What they may.
    budget: usize,
    /// Where the file is made when they take more.
    folder: PathBuf,
    spilled: Option<Spilled>,
}

struct Spilled {
    file: File,
    end: u64,
    /// Where each part's bytes are.
    segments: Vec<Vec<(u64, usize)>>,
}

/// A target on the shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held<'a> {
    pub(super) bin: u32,
    pub(super) path: &'a str,
    /// The line that it is from, from 1.
    pub(super) line: u64,
    /// What stands after its path in metadata.
    pub(super) value: &'a str,
}

/// Two lines about one path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Twice {
    pub(super) path: String,
    pub(super) lines: [u64; 2],
}

impl Held<'_> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes();
        out.extend_from_slice(&self.bin.to_le_bytes());
        out.extend_from_slice(&self.line.to_le_bytes());
        out.extend_from_slice(&length(self.path));
        out.extend_from_slice(&length(self.value));
        out.extend_from_slice(self.path.as_bytes());
        out.extend_from_slice(self.value.as_bytes());
    }
}

impl Shelf {
    /// A shelf that takes `budget` bytes of memory, and makes a file in `folder` for what is more.
    pub(super) fn new(bins: Bins, budget: usize, folder: PathBuf) -> Self {
        let parts = vec![Vec::new(); bins.count().min(PARTS) as usize];
        Self { bins, parts, order: Vec::new(), held: 0, budget, folder, spilled: None }
    }

    /// How many parts there are.
    pub(super) fn parts(&self) -> usize {
        self.parts.len()
    }

    /// The bins of a part.
    pub(super) fn bins_of(&self, part: usize) -> Range<u32> {
        let each = self.bins.count() / u32::try_from(self.parts.len()).unwrap_or(1);
        let first = u32::try_from(part).unwrap_or_default() * each;
        first..first + each
    }

    /// How many bytes were too many for the memory.
    pub(super) fn spilled(&self) -> u64 {
        self.spilled.as_ref().map_or(0, |spilled| spilled.end)
    }

    /// Puts targets on the shelf: `held` as [`Held::write`] has them, each in `places` with its bin.
    ///
    /// # Errors
    /// The file for what is too much could not be made or written.
    pub(super) fn put(&mut self, held: &[u8], places: &[(u32, Range<usize>)]) -> io::Result<()> {
        let each = self.bins.count() / u32::try_from(self.parts.len()).unwrap_or(1);
        for (bin, place) in places {
            let Some(part) = self.parts.get_mut((bin / each) as usize) else { continue };
            let before = part.capacity();
            part.extend_from_slice(held.get(place.clone()).unwrap_or_default());
            self.held += part.capacity() - before;
        }
        if self.held > self.budget { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        if self.spilled.is_none() {
            // It has no name, so that nothing of it is left whatever happens.
            let file = tempfile::tempfile_in(&self.folder)?;
            self.spilled = Some(Spilled { file, end: 0, segments: vec![Vec::new(); self.parts.len()] });
        }
        let Some(spilled) = &mut self.spilled else { return Ok(()) };
        for (part, segments) in self.parts.iter_mut().zip(&mut spilled.segments).filter(|(part, _)| !part.is_empty()) {
            spilled.file.write_all_at(part, spilled.end)?;
            segments.push((spilled.end, part.len()));
            spilled.end += part.len() as u64;
            *part = Vec::new();
        }
        self.held = 0;
        Ok(())
    }

    /// The bytes of a part.
    ///
    /// # Errors
    /// The file could not be read.
    pub(super) fn bytes(&self, part: usize) -> io::Result<Cow<'_, [u8]>> {
        let here = self.parts.get(part).map(Vec::as_slice).unwrap_or_default();
        let Some(spilled) = &self.spilled else { return Ok(Cow::Borrowed(here)) };
        let mut bytes = Vec::new();
        for (start, length) in spilled.segments.get(part).into_iter().flatten() {
            let at = bytes.len();
            bytes.resize(at + length, 0);
            spilled.file.read_exact_at(&mut bytes[at..], *start)?;
        }
        bytes.extend_from_slice(here);
        Ok(Cow::Owned(bytes))
    }

    /// The targets of a part, of which `bytes` are the bytes, by bin and path.
    pub(super) fn targets<'a>(&self, part: usize, bytes: &'a [u8]) -> Vec<Held<'a>> {
        match self.order.get(part) {
            Some(order) => order.iter().filter_map(|at| Some(read(bytes.get(*at..)?)?.0)).collect(),
            None => sorted(bytes).into_iter().map(|(held, _)| held).collect(),
        }
    }

    /// Finds the order of each part, as far as it is in memory, and looks for paths that are there twice.
    ///
    /// # Errors
    /// The file could not be read.
    pub(super) fn arrange(&mut self) -> io::Result<Option<Twice>> {
        let arranged: Vec<(Option<Twice>, Vec<usize>)> = (0..self.parts())
            .into_par_iter()
            .map(|part| {
                let bytes = self.bytes(part)?;
                let sorted = sorted(&bytes);
                Ok((twice(&sorted), sorted.iter().map(|(_, at)| *at).collect()))
            })
            .collect::<io::Result<_>>()?;
        let (twice, order): (Vec<_>, Vec<_>) = arranged.into_iter().unzip();
        if self.spilled.is_none() {
            self.order = order;
        }
        // The first one of the list, for those who look for it there.
        Ok(twice.into_iter().flatten().min_by_key(|twice| twice.lines))
    }
}

/// The targets of a part, by bin and path, and where each begins.
fn sorted(bytes: &[u8]) -> Vec<(Held<'_>, usize)> {
    let mut held = Vec::new();
    let mut rest = bytes;
    while let Some((target, after)) = read(rest) {
        held.push((target, bytes.len() - rest.len()));
        rest = after;
    }
    held.sort_unstable();
    held
}

fn read(bytes: &[u8]) -> Option<(Held<'_>, &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let number = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let line = u64::from_le_bytes(head.get(4..12)?.try_into().ok()?);
    let (path, rest) = rest.split_at_checked(number(12)? as usize)?;
    let (value, rest) = rest.split_at_checked(number(16)? as usize)?;
    let (path, value) = (std::str::from_utf8(path).ok()?, std::str::from_utf8(value).ok()?);
    Some((Held { bin: number(0)?, path, line, value }, rest))
}

fn twice(held: &[(Held<'_>, usize)]) -> Option<Twice> {
    let pairs = held.iter().zip(held.iter().skip(1)).map(|((one, _), (other, _))| (one, other));
    let twice = pairs
        .filter(|(one, other)| one.path == other.path)
        .map(|(one, other)| Twice { path: one.path.to_string(), lines: [one.line, other.line] });
    twice.min_by_key(|twice| twice.lines)
}

#[cfg(test)]
mod tests {
    use super::{Held, Shelf, Twice};
    use crate::tuf::initialize::bins::Bins;

    fn shelf(budget: usize, targets: &[(u32, &str)]) -> Shelf {
        let mut shelf = Shelf::new(Bins::new(4).unwrap(), budget, std::env::temp_dir());
        for (line, (bin, path)) in (1..).zip(targets) {
            let mut bytes = Vec::new();
            Held { bin: *bin, path, line, value: "{}" }.write(&mut bytes);
            let place = 0..bytes.len();
            shelf.put(&bytes, &[(*bin, place)]).unwrap();
        }
        shelf
    }

    #[test]
    fn what_does_not_fit_into_memory_comes_back_the_same() {
        let targets = [(3, "z"), (0, "b"), (0, "a"), (3, "y"), (1, "c")];
        for budget in [0, 40, usize::MAX] {
            let mut shelf = shelf(budget, &targets);
            assert_eq!(shelf.spilled() == 0, budget == usize::MAX);
            assert_eq!(shelf.arrange().unwrap(), None);
            let paths = |part| {
                let bytes = shelf.bytes(part).unwrap();
                shelf.targets(part, &bytes).iter().map(|held| (held.bin, held.path.to_string())).collect::<Vec<_>>()
            };
            assert_eq!(paths(0), [(0, "a".to_string()), (0, "b".to_string())]);
            assert_eq!(paths(3), [(3, "y".to_string()), (3, "z".to_string())]);
            assert!(paths(2).is_empty());
        }
    }

    #[test]
    fn a_path_that_is_there_twice_is_found_with_both_lines() {
        for budget in [0, usize::MAX] {
            let mut shelf = shelf(budget, &[(0, "b"), (3, "z"), (0, "a"), (3, "z"), (0, "b")]);
            let twice = Twice { path: "b".to_string(), lines: [1, 5] };
            assert_eq!(shelf.arrange().unwrap(), Some(twice));
        }
    }
}
