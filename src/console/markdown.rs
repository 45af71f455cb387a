//! Text of runbooks, devices and programs as a terminal may show it.

use console::{Style, measure_text_width};

/// The text with every character that a terminal would obey replaced by its visible name.
pub fn safe(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => shown.push(character),
            other if other.is_control() || is_direction(other) => {
                shown.extend(other.escape_unicode());
            }
            other => shown.push(other),
        }
    }
    shown
}

fn is_direction(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

/// The first line, shortened; for values that may be long.
pub fn brief(text: &str) -> String {
    let text = safe(text);
    let first = text.lines().next().unwrap_or_default();
    let short: String = first.chars().take(200).collect();
    if short.len() < text.trim_end().len() { format!("{short} …") } else { short }
}

/// Text exactly as it is, broken where the line is full, wherever that is, and indented.
pub fn verbatim(text: &str, width: usize, indent: usize) -> String {
    let room = width.saturating_sub(indent).max(20);
    let mut lines = Vec::new();
    for line in safe(text).split('\n') {
        let characters: Vec<char> = line.chars().collect();
        lines.extend(characters.chunks(room).map(|chunk| chunk.iter().collect::<String>()));
        if characters.is_empty() {
            lines.push(String::new());
        }
    }
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

/// Markdown without its marks.
pub fn plain(text: &str) -> String {
    safe(text).replace('`', "")
}

/// Markdown for a terminal: code is bold, lines are broken at words to a width and indented.
pub fn styled(text: &str, width: usize, indent: usize) -> String {
    let code = Style::new().for_stderr().bold();
    let mut lines = Vec::new();
    let mut fenced = false;
    for line in safe(text).lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced || line.starts_with("    ") {
            lines.push(format!("  {}", code.apply_to(line.trim_end())));
        } else {
            wrap(line, width.saturating_sub(indent).max(20), &code, &mut lines);
        }
    }
    let pad = " ".repeat(indent);
    lines.join(&format!("\n{pad}"))
}

fn wrap(line: &str, width: usize, code: &Style, lines: &mut Vec<String>) {
    let mut current = String::new();
    let mut used = 0;
    let mut in_code = false;
    for word in line.split_whitespace() {
        let mut shown = String::new();
        for (index, part) in word.split('`').enumerate() {
            if index > 0 {
                in_code = !in_code;
            }
            if in_code { shown.push_str(&code.apply_to(part).to_string()) } else { shown.push_str(part) }
        }
        let length = measure_text_width(&shown);
        if used > 0 && used + 1 + length > width {
            lines.push(std::mem::take(&mut current));
            used = 0;
        }
        if used > 0 {
            current.push(' ');
            used += 1;
        }
        current.push_str(&shown);
        used += length;
    }
    lines.push(current);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_can_steer_the_terminal() {
        assert_eq!(safe("a\u{1b}[2Jb\u{202e}c\rd"), "a\\u{1b}[2Jb\\u{202e}c\\u{d}d");
    }

    #[test]
    fn lines_are_broken_at_words() {
        assert_eq!(styled("one two three four five six", 24, 4), "one two three four\n    five six");
    }
}
