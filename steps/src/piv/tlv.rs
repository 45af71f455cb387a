//! Tag, length and value, as PIV writes its data (ISO/IEC 7816-4, 5.2.2): tags of one or two bytes.

/// A tag with its value.
pub(super) type Field<'a> = (u16, &'a [u8]);

/// The fields, in order; nothing when the bytes are not fields to their end.
pub(super) fn fields(mut bytes: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    while let Some((first, rest)) = bytes.split_first() {
        let (tag, rest) = match rest.split_first() {
            Some((second, rest)) if first & 0x1f == 0x1f => (u16::from(*first) << 8 | u16::from(*second), rest),
            _ => (u16::from(*first), rest),
        };
        let (length, rest) = match rest {
            [length @ 0..=0x7f, rest @ ..] | [0x81, length, rest @ ..] => (usize::from(*length), rest),
            [0x82, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        fields.push((tag, value));
        bytes = rest;
    }
    Some(fields)
}

/// The value of a tag.
pub(super) fn value<'a>(fields: &[Field<'a>], tag: u16) -> Option<&'a [u8]> {
    fields.iter().find(|(found, _)| *found == tag).map(|(_, value)| *value)
}

/// A field with a tag of one byte and at most 65535 bytes.
pub(super) fn field(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let [.., high, low] = value.len().to_be_bytes();
    match value.len() {
        0..=0x7f => bytes.push(low),
        0x80..=0xff => bytes.extend([0x81, low]),
        _ => bytes.extend([0x82, high, low]),
    }
    bytes.extend(value);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 3000] {
            let value = vec![7; length];
            let mut bytes = field(0x70, &value);
            bytes.extend(field(0x71, &[0]));
            assert_eq!(fields(&bytes), Some(vec![(0x70, &value[..]), (0x71, &[0][..])]));
        }
    }

    #[test]
    fn what_is_cut_off_is_no_field() {
        for bytes in
            [&[0x70][..], &[0x70, 2, 1], &[0x70, 0x81], &[0x70, 0x82, 1], &[0x70, 0x80, 0], &[0x70, 0x83, 0, 0, 1, 9]]
        {
            assert_eq!(fields(bytes), None, "{bytes:02x?}");
        }
        assert_eq!(fields(&[0x7f, 0x49, 1, 5]), Some(vec![(0x7f49, &[5][..])]));
    }
}
