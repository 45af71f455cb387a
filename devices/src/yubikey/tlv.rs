//! BER-TLV data objects (ISO/IEC 7816-4, 5.2.2), as PIV uses them: tags of one or two bytes, definite lengths.

/// A tag: one byte, or two of which the first has its five low bits set.
pub(super) type Tag = u16;

/// The data objects in some bytes, one after another.
#[derive(Clone, Copy)]
pub struct Objects<'a>(&'a [u8]);

impl<'a> Objects<'a> {
    /// Reads data objects one after another, to the end of the bytes; `None` if they are not that.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Vec<(Tag, &'a [u8])>> {
        let (mut rest, mut objects) = (Self(bytes), Vec::new());
        while !rest.0.is_empty() {
            objects.push(rest.next()?);
        }
        Some(objects)
    }

    fn next(&mut self) -> Option<(Tag, &'a [u8])> {
        let tag = match self.byte()? {
            first if first & 0x1f == 0x1f => Tag::from_be_bytes([first, self.byte()?]),
            only => Tag::from(only),
        };
        let length = match self.byte()? {
            length @ ..=0x7f => usize::from(length),
            0x81 => usize::from(self.byte()?),
            0x82 => usize::from(u16::from_be_bytes([self.byte()?, self.byte()?])),
            _ => return None,
        };
        let (value, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, value))
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }
}

/// The data objects inside the one that all the bytes are; `None` if they are no such thing.
pub(super) fn inside(tag: Tag, bytes: &[u8]) -> Option<Vec<(Tag, &[u8])>> {
    match Objects::parse(bytes)?.as_slice() {
        [(found, value)] if *found == tag => Objects::parse(value),
        _ => None,
    }
}

/// The value of the first object with a tag.
pub(super) fn value<'a>(objects: &[(Tag, &'a [u8])], tag: Tag) -> Option<&'a [u8]> {
    objects.iter().find(|(found, _)| *found == tag).map(|(_, value)| *value)
}

/// A data object, its length in as few bytes as can be. A value longer than 65,535 bytes, which no command lets in, is cut.
pub(super) fn object(tag: Tag, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    let [high, low] = length.to_be_bytes();
    let mut object = Vec::with_capacity(value.len() + 5);
    match tag.to_be_bytes() {
        [0, only] => object.push(only),
        both => object.extend(both),
    }
    match length {
        ..0x80 => object.push(low),
        0x80..0x100 => object.extend([0x81, low]),
        0x100.. => object.extend([0x82, high, low]),
    }
    object.extend(value.iter().take(length.into()));
    object
}
