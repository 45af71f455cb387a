//! What has no words of its own, as it is: `field: old → new`.

use super::Lines;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A value as JSON.
pub(super) fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_string(), Value::to_string)
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
