//! Texts and values of the record, cut to a length that a page can hold.

use serde_json::Value;

/// Most characters of one text.
pub(super) const LONGEST: usize = 2_000;

/// Most characters of one value in a table.
pub(super) const BRIEF: usize = 300;

/// The text, or its beginning and how much more there is.
pub(super) fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_string(),
        Some((at, _)) => format!("{} … ({} more bytes are in the transcript)", &text[..at], text.len() - at),
    }
}

/// A value as a person reads it: text as it is, yes and no, everything else as JSON.
pub(super) fn value(value: &Value, most: usize) -> String {
    match value {
        Value::String(text) => clip(text, most),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Null => "nothing".into(),
        other => clip(&other.to_string(), most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        assert_eq!(clip("äöü", 3), "äöü");
        assert_eq!(clip("äöü", 2), "äö … (2 more bytes are in the transcript)");
    }
}
