//! Steps and outcomes as people are shown them.

use crate::{
    conduct::Notice,
    notation::{Level, Text},
    record::Expected,
};
use serde_json::{Map, Value};

/// Lines of name and value.
pub(super) type Lines = Vec<(String, String)>;

/// A step that begins.
pub(super) fn step(
    word: &'static str,
    text: String,
    by: Option<String>,
    level: Level,
    note: Option<&Text>,
    estimate: Option<&Text>,
) -> Notice {
    Notice::Step {
        word,
        text,
        by,
        level: level.word(),
        note: note.map(ToString::to_string),
        estimate: estimate.map(ToString::to_string),
    }
}

/// The outputs and expectations as a person reads them.
pub(super) fn outcome(outputs: Option<&Value>, expected: &[Expected]) -> Lines {
    let mut lines = Vec::new();
    if let Some(Value::Object(fields)) = outputs {
        let told = fields.iter().filter(|(_, value)| !value.is_null());
        lines.extend(told.map(|(name, value)| (name.clone(), in_short(value))));
    }
    lines.extend(expected.iter().map(|it| ("expected".to_string(), format!("{} — holds", it.that))));
    lines
}

/// A value of an outcome, of which the record has the whole: no lists of lists on a screen.
fn in_short(value: &Value) -> String {
    match value {
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            format!("{}, each in the record", items.len())
        }
        Value::Object(fields) if !fields.contains_key("secret") => {
            let told = fields.iter().filter(|(_, value)| !value.is_null());
            told.map(|(name, value)| format!("{name} {}", in_short(value))).collect::<Vec<_>>().join(", ")
        }
        other => self::value(other),
    }
}

/// Fields as lines of name and value; those without a value say nothing.
pub(super) fn lines(fields: &Map<String, Value>) -> Lines {
    let told = fields.iter().filter(|(_, value)| !value.is_null());
    told.map(|(name, value)| (name.clone(), self::value(value))).collect()
}

/// A value in a line of text.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("secret") => {
            format!("the secret {}", fields["secret"].as_str().unwrap_or_default())
        }
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Array(items) if items.is_empty() => "none".into(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(self::value).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
