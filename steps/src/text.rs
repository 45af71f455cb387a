//! Text that comes from a device.

use officiant_engine::notation::is_hostile;

/// The text without what could be taken for more than text by a terminal, or for other text by a person.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|character| if is_hostile(character) { char::REPLACEMENT_CHARACTER } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_is_left_that_moves_what_is_printed_or_cannot_be_seen() {
        assert_eq!(plain("a\u{1b}[2J\u{9b}b\u{202e}c\u{200b}d\né"), "a\u{fffd}[2J\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}é");
    }
}
