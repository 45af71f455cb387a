//! What is asked of a million targets, answered over all bytes of a text: to look at the rest is faster than to stop.

/// Whether text has digits and `a` to `f` alone.
pub(crate) fn is_small_hex(text: &str) -> bool {
    text.bytes().fold(true, |fine, byte| fine & matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether any byte is as `odd` says.
pub(crate) fn has_byte(text: &str, odd: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(false, |found, byte| found | odd(byte))
}

/// Whether no part of a path is empty or begins with a dot. It may be fine when one does: `.` and `..` alone lead elsewhere.
pub(crate) fn has_plain_parts(path: &str) -> bool {
    let bytes = path.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    let odd = pairs.fold(false, |odd, (one, next)| odd | matches!((one, next), (b'/', b'/' | b'.')));
    !odd && !matches!(first, b'/' | b'.') && *last != b'/'
}

#[cfg(test)]
mod tests {
    use super::{has_byte, has_plain_parts, is_small_hex};

    #[test]
    fn every_byte_is_looked_at() {
        for at in 0..64 {
            let mut text = "0a".repeat(32);
            assert!(is_small_hex(&text) && !has_byte(&text, |byte| byte == b'\\'));
            text.replace_range(at..=at, "\\");
            assert!(!is_small_hex(&text) && has_byte(&text, |byte| byte == b'\\'), "{at}");
        }
    }

    #[test]
    fn parts_are_plain_or_looked_at_more_closely() {
        for path in ["a", "a/b", "a.b/c.", "packages/00/é.whl"] {
            assert!(has_plain_parts(path), "{path}");
        }
        for path in ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/./b", ".a", "a/.b"] {
            assert!(!has_plain_parts(path), "{path}");
        }
    }
}
