//! Characters that can make a text look like another one.

/// Whether a character is a control, changes the direction of writing, or cannot be seen.
#[must_use]
pub fn is_hostile(character: char) -> bool {
    match character {
        '\u{ad}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => true,
        other => other.is_control(),
    }
}

/// The first hostile character of a file: line ends, tabs and a byte order mark at its start are none.
pub(super) fn in_file(text: &str) -> Option<(usize, char)> {
    found(text, |offset, character| match character {
        '\r' => !text[offset + 1..].starts_with('\n'),
        '\u{feff}' => offset > 0,
        _ => true,
    })
}

/// The first hostile character of a text in a file, which an escape can have brought in.
pub(super) fn in_text(text: &str) -> Option<char> {
    found(text, |offset, character| character != '\r' || !text[offset + 1..].starts_with('\n')).map(|found| found.1)
}

fn found(text: &str, is_wrong: impl Fn(usize, char) -> bool) -> Option<(usize, char)> {
    // All of them begin with one of these bytes in UTF-8, and most text has few of those.
    let suspicious = |byte: u8| {
        byte < 0x20 && !matches!(byte, b'\n' | b'\t')
            || matches!(byte, 0x7f | 0xc2 | 0xd8 | 0xe1 | 0xe2 | 0xe3 | 0xef | 0xf3)
    };
    let at = text.bytes().enumerate().filter(|(_, byte)| suspicious(*byte));
    let mut characters = at.filter_map(|(offset, _)| Some((offset, text.get(offset..)?.chars().next()?)));
    characters.find(|(offset, character)| is_hostile(*character) && is_wrong(*offset, *character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hostile_character_is_found_by_its_first_byte() {
        for character in '\0'..=char::MAX {
            let is_allowed = matches!(character, '\n' | '\t');
            let text = format!("a{character}b");
            assert_eq!(
                in_file(&text).is_some(),
                is_hostile(character) && !is_allowed,
                "U+{:04X}",
                u32::from(character)
            );
        }
    }

    #[test]
    fn a_byte_order_mark_is_one_at_the_start_of_a_file_only() {
        assert_eq!(in_file("\u{feff}a"), None);
        assert_eq!(in_text("\u{feff}a"), Some('\u{feff}'));
    }
}
