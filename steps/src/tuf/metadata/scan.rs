//! Bytes that are canonical JSON already, walked without making anything of them.
//!
//! What is taken here is JSON in its canonical form with keys in strict order, no escape in a key, only `\"` and `\\` in text, and
//! whole numbers of 64 bits: [`super::read`] and [`super::canonical`] give the same bytes for it. All else is left to them.

use memchr::memchr2;

/// How deep values may lie in each other, well below where [`super::read`] stops.
const DEEPEST: u8 = 64;

/// A place in text. Every step is `None` when the bytes are not canonical there.
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Goes back to a place that was passed.
    pub(crate) fn back_to(&mut self, at: usize) {
        self.at = at;
    }

    /// The text from a place that was passed to here.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// Whether nothing is left but a line feed.
    pub(crate) fn is_at_end(&self) -> bool {
        matches!(&self.text[self.at..], "" | "\n")
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes over exactly these bytes.
    pub(crate) fn skip(&mut self, expected: &str) -> Option<()> {
        self.text.as_bytes()[self.at..].starts_with(expected.as_bytes()).then(|| self.at += expected.len())
    }

    /// Walks an object: `entry` is given each key, and walks its value.
    pub(crate) fn object(&mut self, mut entry: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.skip("{")?;
        if self.skip("}").is_some() {
            return Some(());
        }
        let mut last: Option<&str> = None;
        loop {
            let key = self.plain_text()?;
            if last.is_some_and(|last| last >= key) {
                return None;
            }
            last = Some(key);
            self.skip(":")?;
            entry(self, key)?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Walks a list: `item` walks each.
    pub(crate) fn list(&mut self, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.skip("[")?;
        if self.skip("]").is_some() {
            return Some(());
        }
        loop {
            item(self)?;
            match self.next()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Walks any value.
    pub(crate) fn value(&mut self) -> Option<()> {
        self.value_below(DEEPEST)
    }

    fn value_below(&mut self, depth: u8) -> Option<()> {
        let below = depth.checked_sub(1)?;
        match self.peek()? {
            b'{' => self.object(|scan, _| scan.value_below(below)),
            b'[' => self.list(|scan| scan.value_below(below)),
            b'"' => self.text(),
            b't' => self.skip("true"),
            b'f' => self.skip("false"),
            b'n' => self.skip("null"),
            b'-' => self.negative(),
            _ => self.number().map(drop),
        }
    }

    /// Text without any escape.
    pub(crate) fn plain_text(&mut self) -> Option<&'a str> {
        self.skip("\"")?;
        let rest = &self.text[self.at..];
        let length = memchr2(b'"', b'\\', rest.as_bytes())?;
        let text = &rest[..length];
        if rest.as_bytes()[length] != b'"' || has_control(text) {
            return None;
        }
        self.at += length + 1;
        Some(text)
    }

    fn text(&mut self) -> Option<()> {
        self.skip("\"")?;
        loop {
            let rest = &self.text[self.at..];
            let length = memchr2(b'"', b'\\', rest.as_bytes())?;
            if has_control(&rest[..length]) {
                return None;
            }
            self.at += length;
            match self.next()? {
                b'"' => return Some(()),
                _ if matches!(self.peek()?, b'"' | b'\\') => self.at += 1,
                _ => return None,
            }
        }
    }

    /// A whole number from 0.
    pub(crate) fn number(&mut self) -> Option<u64> {
        let digits = self.digits();
        if digits.is_empty() || digits.len() > 1 && digits.starts_with('0') {
            return None;
        }
        digits.parse().ok()
    }

    fn negative(&mut self) -> Option<()> {
        let start = self.at;
        self.skip("-")?;
        let digits = self.digits();
        if digits.is_empty() || digits.starts_with('0') {
            return None;
        }
        self.since(start).parse::<i64>().ok().map(drop)
    }

    fn digits(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        self.at += length;
        &rest[..length]
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }
}

/// JSON has no control characters in text as they are.
fn has_control(text: &str) -> bool {
    text.bytes().min().is_some_and(|least| least < 0x20)
}
