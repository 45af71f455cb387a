//! What a program is given and what it says, as people may safely see it.

/// How many of the last lines of an output are told.
const LINES: usize = 5;
/// How many characters of each.
const WIDTH: usize = 200;

/// An argument list in which each argument can be told from the next, and no character does anything to a terminal.
///
/// An argument of nothing but letters, digits and `_@%+=:,./-` stands for itself; any other is quoted, with `"`, `\`
/// and everything that cannot be seen escaped.
pub(super) fn command(arguments: &[String]) -> String {
    arguments.iter().map(|argument| quoted(argument)).collect::<Vec<_>>().join(" ")
}

fn quoted(argument: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&byte);
    if !argument.is_empty() && argument.bytes().all(plain) { argument.to_string() } else { format!("{argument:?}") }
}

/// Text in which everything that cannot be seen is escaped.
pub(super) fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => visible.push(character),
            _ => visible.extend(character.escape_debug()),
        }
    }
    visible
}

/// The last lines of an output, safe to see, on one line; nothing when there are none.
pub(super) fn last_lines(output: &[u8]) -> Option<String> {
    // The end alone: an output can have megabytes.
    let end = &output[output.len().saturating_sub(LINES * WIDTH * 4)..];
    let text = String::from_utf8_lossy(end);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    let shortened = |line: &&str| match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", visible(&line[..end])),
        None => visible(line),
    };
    (!last.is_empty()).then(|| last.iter().map(shortened).collect::<Vec<_>>().join(" | "))
}

#[cfg(test)]
mod tests {
    use super::{command, last_lines, visible};

    #[test]
    fn every_argument_can_be_told_from_the_next() {
        let arguments =
            ["openssl", "-in", "a b", "", "x\ny", "\"", "it's", "$(id)", "--", "\u{1b}[2J", "\u{202e}x", "é"];
        assert_eq!(
            command(&arguments.map(String::from)),
            r#"openssl -in "a b" "" "x\ny" "\"" "it's" "$(id)" -- "\u{1b}[2J" "\u{202e}x" "é""#
        );
    }

    #[test]
    fn what_a_program_said_does_nothing_to_a_terminal() {
        assert_eq!(visible("\"red\" \u{1b}[31m\t\\ é"), "\"red\" \\u{1b}[31m\\t\\ é");
        assert_eq!(last_lines(b"1\n2\n\n3\n4\n5\r\n6\x07\n"), Some("2 | 3 | 4 | 5 | 6\\u{7}".into()));
        assert_eq!(last_lines(b" \n"), None);
        assert_eq!(last_lines(&[b'x'; 10_000]), Some(format!("{}…", "x".repeat(200))));
        assert_eq!(last_lines(b"\xff"), Some("\u{fffd}".into()));
    }
}
