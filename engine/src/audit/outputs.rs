//! Outputs that a record holds: they must be what their handler could have given, and name files that are recorded.

use crate::record::FileRecord;
use serde_json::Value;
use std::collections::HashMap;

/// How deep a value is looked into; serde does not read anything deeper.
const DEEPEST: usize = 128;

/// Where a value does not fit a JSON Schema as schemars makes them with subschemas inlined. Members that a schema says
/// nothing of do not fit.
pub(super) fn misfit(schema: &Value, value: &Value) -> Option<String> {
    unfit(schema, value, "outputs", true, DEEPEST)
}

fn unfit(schema: &Value, value: &Value, path: &str, closed: bool, depth: usize) -> Option<String> {
    let Some(depth) = depth.checked_sub(1) else { return Some(format!("`{path}` is too deep")) };
    let Value::Object(said) = schema else {
        return (*schema == Value::Bool(false)).then(|| format!("`{path}` must not be there"));
    };
    if said.contains_key("$ref") {
        return None;
    }
    let list = |name: &str| said.get(name).and_then(Value::as_array);
    let types: Vec<&str> = match said.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|name| is_of(value, name)) {
        return Some(format!("`{path}` is no {}", types.join(" or ")));
    }
    let is_constant = said.get("const").is_none_or(|it| it == value);
    if !is_constant || list("enum").is_some_and(|options| !options.contains(value)) {
        return Some(format!("`{path}` is none of the values that it can have"));
    }
    if let Some(number) = value.as_f64() {
        let [least, most] = bounds(schema);
        if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
            return Some(format!("`{path}` is out of bounds"));
        }
    }
    for options in [list("oneOf"), list("anyOf")].into_iter().flatten() {
        // What they know of a value's members is looked at here, for all of them together.
        if !options.iter().any(|option| unfit(option, value, path, false, depth).is_none()) {
            return Some(format!("`{path}` is none of the forms that it can have"));
        }
    }
    match value {
        Value::Object(members) => {
            let missing = list("required").into_iter().flatten().filter_map(Value::as_str);
            if let Some(missing) = missing.into_iter().find(|name| !members.contains_key(*name)) {
                return Some(format!("`{path}.{missing}` is missing"));
            }
            members.iter().find_map(|(name, member)| {
                let path = format!("{path}.{name}");
                if let Some(schema) = said.get("properties").and_then(|properties| properties.get(name)) {
                    return unfit(schema, member, &path, true, depth);
                }
                match said.get("additionalProperties") {
                    Some(schema) => unfit(schema, member, &path, true, depth),
                    None => (closed && is_closed(schema) && !knows(schema, name))
                        .then(|| format!("`{path}` is not among what the step handler gives")),
                }
            })
        }
        Value::Array(items) => {
            let schema = said.get("items")?;
            items
                .iter()
                .enumerate()
                .find_map(|(index, item)| unfit(schema, item, &format!("{path}[{index}]"), true, depth))
        }
        _ => None,
    }
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

/// The least and the greatest number: what the schema says, or what its format does.
fn bounds(schema: &Value) -> [Option<f64>; 2] {
    let [least, most] = match schema.get("format").and_then(Value::as_str) {
        Some("uint8") => [Some(0.0), Some(f64::from(u8::MAX))],
        Some("uint16") => [Some(0.0), Some(f64::from(u16::MAX))],
        Some("uint32") => [Some(0.0), Some(f64::from(u32::MAX))],
        Some("int32") => [Some(f64::from(i32::MIN)), Some(f64::from(i32::MAX))],
        Some("uint" | "uint64" | "uint128") => [Some(0.0), None],
        _ => [None, None],
    };
    let said = |name| schema.get(name).and_then(Value::as_f64);
    [said("minimum").or(least), said("maximum").or(most)]
}

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    ["oneOf", "anyOf", "allOf"].into_iter().filter_map(|name| schema.get(name)?.as_array()).flatten()
}

/// Whether a schema names the members of its objects.
fn is_closed(schema: &Value) -> bool {
    schema.get("properties").is_some() || alternatives(schema).any(is_closed)
}

/// Whether a schema has a member, in any alternative.
fn knows(schema: &Value, name: &str) -> bool {
    schema.get("properties").is_some_and(|properties| properties.get(name).is_some())
        || alternatives(schema).any(|it| knows(it, name) || it.get("additionalProperties").is_some())
}

/// The files that were recorded so far: their SHA-256, by path.
#[derive(Default)]
pub(super) struct Known<'a>(HashMap<&'a str, &'a str>);

impl<'a> Known<'a> {
    pub(super) fn add(&mut self, files: impl IntoIterator<Item = &'a FileRecord>) {
        self.0.extend(files.into_iter().map(|file| (file.path.as_str(), file.sha256.as_str())));
    }

    /// A file of the ceremony that outputs name with a digest and that was not recorded so; what was set aside has
    /// another path by now.
    pub(super) fn unrecorded(&self, outputs: &Value, set_aside: &[FileRecord]) -> Option<String> {
        match outputs {
            Value::Object(members) => {
                let named = members.iter().filter_map(|(name, path)| {
                    let digest = members.get(&format!("{}sha256", name.strip_suffix("path")?))?;
                    let path = path.as_str()?;
                    (path.starts_with("products/") || path.starts_with("evidence/")).then_some((path, digest.as_str()))
                });
                let mut wrong = named.filter(|(path, digest)| {
                    let is_aside = set_aside.iter().any(|file| Some(file.sha256.as_str()) == *digest);
                    self.0.get(path).copied() != *digest && !is_aside || digest.is_none()
                });
                let wrong = wrong.next().map(|(path, _)| path.to_string());
                wrong.or_else(|| members.values().find_map(|it| self.unrecorded(it, set_aside)))
            }
            Value::Array(items) => items.iter().find_map(|it| self.unrecorded(it, set_aside)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemars::{JsonSchema, generate::SchemaSettings};
    use serde::Serialize;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[derive(Serialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    enum Colour {
        /// Said of one.
        Red,
        Green,
    }

    #[derive(Serialize, JsonSchema)]
    #[serde(tag = "kind", rename_all = "kebab-case")]
    enum Shape {
        Circle { radius: u8 },
        Square { side: f64 },
    }

    #[derive(Serialize, JsonSchema)]
    struct Outputs {
        serial: u32,
        note: Option<String>,
        colours: Vec<Colour>,
        shape: Shape,
        names: BTreeMap<String, String>,
        inner: Option<FileRecord>,
        anything: Value,
    }

    fn fits() -> Outputs {
        Outputs {
            serial: 7,
            note: None,
            colours: vec![Colour::Red, Colour::Green],
            shape: Shape::Square { side: 1.0 },
            names: BTreeMap::from([("a".into(), "b".into())]),
            inner: Some(FileRecord { path: "products/a".into(), sha256: "00".into(), size: 1 }),
            anything: json!({ "a": [null] }),
        }
    }

    #[test]
    fn a_value_of_a_type_fits_its_schema_and_others_do_not() {
        let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
        let schema = settings.into_generator().into_root_schema_for::<Outputs>().to_value();
        let good = serde_json::to_value(fits()).unwrap();
        assert_eq!(misfit(&schema, &good), None);
        assert_eq!(Shape::Circle { radius: 1 }.kind(), "circle");
        let bad = [
            ("/serial", json!(-1)),
            ("/serial", json!(4_294_967_296_u64)),
            ("/serial", json!(1.5)),
            ("/serial", json!("7")),
            ("/note", json!(1)),
            ("/colours", json!("red")),
            ("/colours/0", json!("blue")),
            ("/shape", json!({ "kind": "circle", "side": 1 })),
            ("/shape", json!({ "kind": "square", "side": 1, "remark": 1 })),
            ("/names/a", json!(1)),
            ("/inner", json!({ "path": "a", "sha256": "", "size": 1, "x": 1 })),
            ("/inner", json!({ "path": "a" })),
        ];
        for (place, value) in bad {
            let mut outputs = good.clone();
            *outputs.pointer_mut(place).unwrap() = value.clone();
            assert!(misfit(&schema, &outputs).is_some(), "{place} may be {value}");
        }
        let mut more = good.clone();
        more["remark"] = json!(1);
        assert!(misfit(&schema, &more).is_some_and(|it| it.contains("outputs.remark")));
        assert!(misfit(&schema, &Value::Null).is_some());
    }

    impl Shape {
        fn kind(&self) -> &'static str {
            match self {
                Self::Circle { .. } => "circle",
                Self::Square { .. } => "square",
            }
        }
    }
}
