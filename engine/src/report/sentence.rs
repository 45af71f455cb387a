//! The Markdown of sentences: code and emphasis, nothing that makes a link or loads a picture.

use super::shown::{LONGEST, clip};
use serde::Serialize;

/// Lines that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Block {
    /// Whether the lines are code, shown as they are.
    code: bool,
    spans: Vec<Span>,
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Span {
    style: &'static str,
    text: String,
}

impl Span {
    fn new(style: &'static str, text: &str) -> Self {
        Self { style, text: text.to_string() }
    }
}

/// A sentence in blocks.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<(bool, Vec<&str>)> = Vec::new();
    let mut fenced = false;
    let mut apart = true;
    let text = clip(text.trim_end(), LONGEST);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            (fenced, apart) = (!fenced, true);
        } else if line.trim().is_empty() && !fenced {
            apart = true;
        } else {
            let code = fenced || line.starts_with("    ");
            match blocks.last_mut() {
                Some((same, lines)) if *same == code && !apart => lines.push(line),
                _ => blocks.push((code, vec![line])),
            }
            apart = false;
        }
    }
    blocks
        .into_iter()
        .map(|(code, lines)| {
            let spans = if code { vec![Span::new("code", &lines.join("\n"))] } else { spans(&lines.join(" "), &MARKS) };
            Block { code, spans }
        })
        .collect()
}

/// A sentence without its marks, on one line.
pub(super) fn plain(text: &str, most: usize) -> String {
    clip(&text.replace('`', "").split_whitespace().collect::<Vec<_>>().join(" "), most)
}

/// A message of this program, in which only what stands between backticks is marked: names and values come as they are.
pub(super) fn message(text: &str) -> Vec<Span> {
    spans(&clip(text, LONGEST), &MARKS[..1])
}

/// Words as they stand at the beginning.
pub(super) fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What stands between two of these is marked.
const MARKS: [(&str, &str); 3] = [("`", "code"), ("**", "strong"), ("*", "em")];

fn spans(line: &str, marks: &[(&str, &'static str)]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut plain = String::new();
    let mut rest = line;
    'line: while let Some(first) = rest.chars().next() {
        for (mark, style) in marks.iter().copied() {
            if let Some((inner, after)) = rest.strip_prefix(mark).and_then(|rest| rest.split_once(mark))
                && !inner.is_empty()
                && (style == "code" || inner.trim() == inner && !inner.contains('`'))
            {
                if !plain.is_empty() {
                    spans.push(Span::new("text", &std::mem::take(&mut plain)));
                }
                spans.push(Span::new(style, inner));
                rest = after;
                continue 'line;
            }
        }
        plain.push(first);
        rest = &rest[first.len_utf8()..];
    }
    if !plain.is_empty() {
        spans.push(Span::new("text", &plain));
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_emphasis_are_marked_and_nothing_else_is() {
        let [block] = &blocks("Take `a*b` and **hold** *it*: [x](http://y) 2 * 3 * 4\n")[..] else { panic!() };
        let styles: Vec<(&str, &str)> = block.spans.iter().map(|span| (span.style, span.text.as_str())).collect();
        let expected = [
            ("text", "Take "),
            ("code", "a*b"),
            ("text", " and "),
            ("strong", "hold"),
            ("text", " "),
            ("em", "it"),
            ("text", ": [x](http://y) 2 * 3 * 4"),
        ];
        assert_eq!(styles, expected);
    }

    #[test]
    fn indented_and_fenced_lines_are_code() {
        let found = blocks("Type:\n\n    ls -l\n    cd x\n\nThen\nthis.\n```\n*a*\n```");
        let found: Vec<(bool, &str)> = found.iter().map(|block| (block.code, block.spans[0].text.as_str())).collect();
        let expected = [(false, "Type:"), (true, "    ls -l\n    cd x"), (false, "Then this."), (true, "*a*")];
        assert_eq!(found, expected);
    }

    #[test]
    fn of_a_message_nothing_is_marked_but_code() {
        let found = message("`a*b*` is *not* `c`, it is `d");
        let expected = [("code", "a*b*"), ("text", " is *not* "), ("code", "c"), ("text", ", it is `d")];
        assert_eq!(found, expected.map(|(style, text)| Span::new(style, text)));
    }

    #[test]
    fn marks_without_an_end_are_text() {
        for text in ["a ` b", "**", "*a", "* a *"] {
            let [block] = &blocks(text)[..] else { panic!() };
            assert_eq!(block.spans, [Span::new("text", text)]);
        }
    }
}
