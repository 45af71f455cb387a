//! `officiant steps`.

use super::{Format, print_json, print_line};
use crate::outcome::Outcome;
use clap::Args;
use officiant_engine::{
    conduct::{Effect, Handler},
    notation::nearest,
};
use serde_json::{Value, json};
use std::fmt::Write;

/// Arguments of `steps`.
#[derive(Args)]
pub struct Steps {
    /// A step handler's name, for example ask.text
    name: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Steps {
    /// Prints the handlers, or one of them in full.
    pub fn carry_out(self) -> Outcome {
        let registry = super::system_registry();
        let printed = match &self.name {
            None => match self.format {
                Format::Json => print_json(&registry.iter().map(reference).collect::<Vec<_>>()),
                Format::Text => {
                    let width = registry.iter().map(|handler| handler.name.len()).max().unwrap_or(0);
                    let rows = registry.iter().map(|it| format!("{:<width$}  {}", it.name, it.summary));
                    print_line(&rows.collect::<Vec<_>>().join("\n"))
                }
            },
            Some(name) => match registry.get(name) {
                Some(handler) => match self.format {
                    Format::Json => print_json(&reference(handler)),
                    Format::Text => print_line(page(handler).trim_end()),
                },
                None => {
                    let near = nearest(name, registry.iter().map(|handler| handler.name));
                    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                    return Outcome::not_tried(format!("there is no step handler `{name}`{near}"));
                }
            },
        };
        printed.err().unwrap_or(Outcome::Holds)
    }
}

fn reference(handler: &Handler) -> Value {
    json!({
        "name": handler.name,
        "summary": handler.summary,
        "effect": handler.effect,
        "irreversible": handler.irreversible,
        "arguments": handler.arguments,
        "outputs": handler.outputs,
    })
}

fn page(handler: &Handler) -> String {
    let effect = match handler.effect {
        Effect::None => "asks and computes; changes nothing",
        Effect::Observes => "looks at the world; changes nothing",
        Effect::Changes => "changes a device, a file or the world outside",
    };
    let mut text = format!("{}\n  {}\n  effect: {effect}\n", handler.name, handler.summary);
    if let Some(irreversible) = handler.irreversible {
        let _ = writeln!(text, "  cannot be undone: {irreversible}");
    }
    if handler.yields_secret {
        text.push_str("  the step's id names a secret\n");
    }
    fields(&mut text, "with", &handler.arguments, true);
    fields(&mut text, "outputs", &handler.outputs, false);
    text
}

fn fields(text: &mut String, title: &str, schema: &Value, mark_required: bool) {
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty()) else { return };
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|it| it == name));
    let _ = writeln!(text, "\n{title}:");
    for (name, property) in properties {
        let optional = if mark_required && !required(name) { ", optional" } else { "" };
        let default = property.get("default").filter(|it| !it.is_null()).map(|it| format!(", default {it}"));
        let _ = writeln!(text, "  {name}: {}{optional}{}", kind(property), default.unwrap_or_default());
        if let Some(description) = property["description"].as_str() {
            let _ = writeln!(text, "      {}", description.replace('\n', "\n      "));
        }
    }
}

fn kind(property: &Value) -> String {
    if property["x-secret"] == true {
        return "{ secret: NAME }".into();
    }
    if let Some(device) = property["x-device"].as_str() {
        return if device.is_empty() { "a device".into() } else { format!("a {device} device") };
    }
    if let Some(values) = property["enum"].as_array() {
        return values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = property[key].as_array() {
            let kinds: Vec<String> = choices.iter().map(kind).filter(|kind| kind != "null").collect();
            return kinds.join(" | ");
        }
    }
    if let Some(value) = property.get("const") {
        return value.to_string();
    }
    match &property["type"] {
        Value::String(word) if word == "array" => format!("list of {}", kind(&property["items"])),
        Value::String(word) => word.clone(),
        Value::Array(words) => {
            words.iter().filter_map(Value::as_str).filter(|word| *word != "null").collect::<Vec<_>>().join(" | ")
        }
        _ => "any".into(),
    }
}
