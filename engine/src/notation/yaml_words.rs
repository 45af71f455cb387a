//! What is wrong with YAML, in the words of somebody who does not know its grammar.

use super::{Complaint, Place};

/// What to do about a line that stands too far left or right.
const LINE_UP: &str = "indent it, with spaces, exactly as far as the lines that it stands beside";

/// What the parser says, for a person.
pub(super) fn syntax(file: u16, source: &str, offset: usize, info: &str) -> Complaint {
    let error = |message: String| Complaint::error("syntax", Place::new(file, offset..offset + 1), message);
    if info.contains("tab")
        && let Some(at) = indenting_tab(source)
    {
        return Complaint::error(
            "syntax",
            Place::new(file, at..at + 1),
            "a tab stands in the indentation of this line",
        )
        .help("indent with spaces");
    }
    if info.contains("mapping values are not allowed") {
        let begins = source.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let before = source.get(begins..offset).unwrap_or_default();
        return if before.contains(": ") {
            error("a colon and a space stand inside text without quotes".into()).help("put the whole text in quotes")
        } else {
            error("this line does not fit the line before it".into()).help(format!(
                "{LINE_UP}; the line before needs a colon and a space after its key, or quotes around text of several lines"
            ))
        };
    }
    if info.contains("expected '-' indicator") {
        return error("this line is indented less or more than the list it belongs to".into()).help(LINE_UP);
    }
    if info.contains("did not find expected key") {
        return error("this line is indented less or more than the lines it belongs to".into()).help(LINE_UP);
    }
    if info.contains("simple key expected ':'") {
        return error("this line has no colon".into()).help("write `key: value`");
    }
    if info.contains("trailing content after") {
        return error("text stands after the closing quote".into())
            .help("put the whole of it in quotes; inside `'…'` a `'` is written twice");
    }
    if let Some(character) = info.strip_prefix("unexpected character: `").and_then(|rest| rest.chars().next()) {
        return error(format!("a text without quotes cannot begin with `{character}`")).help("put it in quotes");
    }
    error(format!("this is not YAML: {info}"))
}

/// A mapping or a list where a key should be: mostly `{{ … }}` without quotes.
pub(super) fn braces(source: &str, at: Place) -> Complaint {
    let start = at.start as usize;
    if start > 0 && source.get(start - 1..=start) == Some("{{") {
        let place = Place { start: at.start - 1, end: at.start + 1, ..at };
        return Complaint::error("syntax", place, "a text without quotes cannot begin with `{{`")
            .help("put it in quotes: `\"{{ … }}\"`");
    }
    Complaint::error("syntax", at, "a key must be a plain word")
}

/// The first tab among the spaces that a line begins with.
fn indenting_tab(source: &str) -> Option<usize> {
    let mut begins = 0;
    for line in source.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line[..indent].find('\t').filter(|_| !line.trim().is_empty()) {
            return Some(begins + tab);
        }
        begins += line.len();
    }
    None
}
