//! What has no words of its own, as it is: `field: old → new`.

use super::Lines;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A value as JSON.
pub(super) fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_string(), Value::to_string)
}

/// A name of the metadata's, in one piece: as it is, or as JSON without a space where it could be taken for something else.
pub(super) fn named(name: &str) -> String {
    let is_plain = |character: char| !character.is_whitespace() && !['"', ',', '\\'].contains(&character);
    if !name.is_empty() && name.chars().all(is_plain) {
        return name.to_string();
    }
    let spaces = |text: String, space: char| text.replace(space, &format!("\\u{:04x}", u32::from(space)));
    let json = Value::from(name).to_string();
    name.chars().filter(|character| character.is_whitespace()).fold(json, spaces)
}

/// Every difference between two values, each with the way to it.
pub(super) fn raw(path: &str, old: Option<&Value>, new: Option<&Value>, lines: &mut Lines) {
    if old == new {
        return;
    }
    let empty = Map::new();
    match (old, new) {
        (Some(Value::Object(_)) | None, Some(Value::Object(after))) if !after.is_empty() => {
            let before = old.and_then(Value::as_object).unwrap_or(&empty);
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names {
                raw(&format!("{path}.{name}"), before.get(name), after.get(name), lines);
            }
        }
        (None, Some(new)) => lines.say(&format!("{path}: {}", shown(Some(new)))),
        _ => lines.say(&format!("{path}: {} → {}", shown(old), shown(new))),
    }
}
