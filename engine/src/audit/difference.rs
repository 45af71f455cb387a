//! Where two JSON values differ, in words.

use serde_json::Value;

/// The first place where what the record holds is not what the runbook says.
pub(super) fn first(path: &str, said: &Value, held: &Value) -> Option<String> {
    if said == held {
        return None;
    }
    match (said, held) {
        (Value::Object(said), Value::Object(held)) => {
            said.keys().chain(held.keys().filter(|key| !said.contains_key(*key))).find_map(|key| {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match (said.get(key), held.get(key)) {
                    (Some(said), Some(held)) => first(&inner, said, held),
                    (Some(said), None) => Some(format!("`{inner}` is missing, it must be {}", brief(said))),
                    (None, Some(held)) => Some(format!("`{inner}` is {}, it must not be there", brief(held))),
                    (None, None) => None,
                }
            })
        }
        (Value::Array(said), Value::Array(held)) if said.len() == held.len() => said
            .iter()
            .zip(held)
            .enumerate()
            .find_map(|(index, (said, held))| first(&format!("{path}[{index}]"), said, held)),
        _ => Some(format!("`{path}` is {}, it must be {}", brief(held), brief(said))),
    }
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 160 { format!("{}…", text.chars().take(160).collect::<String>()) } else { text }
}
