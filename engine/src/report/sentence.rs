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
struct Span {
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
            let spans = if code { vec![Span::new("code", &lines.join("\n"))] } else { spans(&lines.join(" ")) };
            Block { code, spans }
        })
        .collect()
}

/// A sentence without its marks, on one line.
pub(super) fn plain(text: &str, most: usize) -> String {
    clip(&text.replace('`', "").split_whitespace().collect::<Vec<_>>().join(" "), most)
}

fn spans(line: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut plain = String::new();
    let mut rest = line;
    'line: while let Some(first) = rest.chars().next() {
        for (mark, style) in [("`", "code"), ("**", "strong"), ("*", "em")] {
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
    fn marks_without_an_end_are_text() {
        for text in ["a ` b", "**", "*a", "* a *"] {
            let [block] = &blocks(text)[..] else { panic!() };
            assert_eq!(block.spans, [Span::new("text", text)]);
        }
    }
}
