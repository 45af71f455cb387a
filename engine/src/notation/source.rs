//! Source files and places in them.

use super::Text;
use std::ops::Range;

/// A range of bytes in one of the files that a runbook consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// Index of the file in [`Sources`].
    pub file: u16,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Place {
    /// No place in any file.
    pub const NOWHERE: Self = Self { file: u16::MAX, start: 0, end: 0 };

    /// A place in `file`; offsets beyond `u32` cannot occur because sources are limited to a few megabytes.
    #[must_use]
    pub fn new(file: u16, range: Range<usize>) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: clamp(range.start), end: clamp(range.end) }
    }

    /// The bytes of the file that this place covers.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One source file, held whole.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path as the user named it.
    pub path: String,
    /// The text, UTF-8.
    pub text: String,
    line_starts: Vec<usize>,
}

impl Source {
    /// Takes a file's text and finds its lines.
    #[must_use]
    pub fn new(path: impl Into<String>, text: String) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { path: path.into(), text, line_starts }
    }

    /// The number, from 1, of the line that a byte offset is on, and the line's bytes without its end.
    #[must_use]
    pub fn line(&self, offset: usize) -> (usize, Range<usize>) {
        let offset = offset.min(self.text.len());
        let number = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts[number - 1];
        let end = self.line_starts.get(number).map_or(self.text.len(), |next| next - 1);
        let end = if self.text[start..end].ends_with('\r') { end - 1 } else { end };
        (number, start..end)
    }

    /// Line and column of a byte offset, both from 1; columns count characters.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let (line, Range { start, .. }) = self.line(offset);
        let column = self.text.get(start..offset).map_or(offset - start, |before| before.chars().count()) + 1;
        (line, column)
    }
}

/// Every file that a runbook consists of; the first is the one that was named.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a file and returns its index, or nothing when there are too many.
    pub fn add(&mut self, source: Source) -> Option<u16> {
        let index = u16::try_from(self.0.len()).ok().filter(|index| *index < u16::MAX)?;
        self.0.push(source);
        Some(index)
    }

    /// The file with this index.
    #[must_use]
    pub fn get(&self, file: u16) -> Option<&Source> {
        self.0.get(usize::from(file))
    }

    /// All files, in the order in which they were read.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    /// `path:line:column` of a place.
    #[must_use]
    pub fn describe(&self, place: Place) -> String {
        self.get(place.file).map_or_else(String::new, |source| {
            let (line, column) = source.line_column(place.start as usize);
            format!("{}:{line}:{column}", source.path)
        })
    }

    /// The line that a place begins on, from 1.
    #[must_use]
    pub fn line(&self, place: Place) -> usize {
        self.get(place.file).map_or(0, |source| source.line(place.start as usize).0)
    }

    /// What the file says at a place.
    #[must_use]
    pub fn spelt(&self, place: Place) -> &str {
        self.get(place.file).and_then(|source| source.text.get(place.range())).unwrap_or_default()
    }

    /// The place of `needle` inside `outer` when the source spells it there literally, else `outer` itself.
    #[must_use]
    pub fn within(&self, outer: Place, needle: &str) -> Place {
        self.spelt(outer).find(needle).map_or(outer, |at| {
            let start = outer.start as usize + at;
            Place::new(outer.file, start..start + needle.len())
        })
    }

    /// The place of a part of a text, which quotes, escapes or line folding may have moved; the text itself at worst.
    #[must_use]
    pub fn inside(&self, text: &Text, part: Range<usize>) -> Place {
        let spelt = self.spelt(text.at);
        let place = |start: usize| {
            let start = text.at.start as usize + start;
            Place::new(text.at.file, start..start + part.len())
        };
        if let Some(start) = spelt.find(text.as_str()) {
            return place(start + part.start);
        }
        let (Some(before), Some(wanted)) = (text.get(..part.start), text.get(part.clone())) else { return text.at };
        if wanted.is_empty() {
            return text.at;
        }
        let nth = before.matches(wanted).count();
        spelt.match_indices(wanted).nth(nth).map_or(text.at, |(start, _)| place(start))
    }
}
