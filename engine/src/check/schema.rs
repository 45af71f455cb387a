//! Reading the JSON Schemas that schemars makes of step handlers' types (draft 2020-12, subschemas inlined).
//!
//! Four keywords are our own: `x-secret` marks an argument that takes a secret by its name, `x-device` a text that names a
//! device, its value being the kind of device or empty for any, `x-list-of` a text that lists some of these names with
//! commas between them, and beside it `x-or` the words that can stand in place of such a list.

use super::types::Types;
use crate::conduct::{Handler, Registry};
use serde_json::Value;
use std::collections::HashMap;

/// How often a type that contains itself is unfolded; deeper down it may be anything.
const UNFOLDED: usize = 4;

/// The schemas of every step handler, read once: a long runbook asks for them by the ten thousand.
pub(super) struct Schemas(HashMap<&'static str, Signature>);

struct Signature {
    arguments: Parts,
    outputs: Parts,
}

impl Schemas {
    pub(super) fn of(registry: &Registry) -> Self {
        let signature = |handler: &Handler| Signature {
            arguments: Parts::of(&handler.arguments, &handler.arguments, UNFOLDED),
            outputs: Parts::of(&handler.outputs, &handler.outputs, UNFOLDED),
        };
        Self(registry.iter().map(|handler| (handler.name, signature(handler))).collect())
    }

    /// A handler with the schemas of its types.
    pub(super) fn signed<'a>(&'a self, handler: &'a Handler) -> Option<Signed<'a>> {
        let Signature { arguments, outputs } = self.0.get(handler.name)?;
        Some(Signed { handler, arguments: Schema(arguments), outputs: Schema(outputs) })
    }
}

/// A step handler and the schemas of its types.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) handler: &'a Handler,
    pub(super) arguments: Schema<'a>,
    pub(super) outputs: Schema<'a>,
}

/// A schema.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schema<'a>(&'a Parts);

/// What is read of a schema.
#[derive(Debug)]
struct Parts {
    types: Types,
    constants: Vec<Value>,
    alternatives: Vec<Parts>,
    properties: Vec<(String, Parts)>,
    required: Vec<String>,
    others: Option<Box<Parts>>,
    items: Option<Box<Parts>>,
    is_open: bool,
    is_secret: bool,
    device: Option<String>,
    list_of: Option<Vec<String>>,
    alone: Vec<String>,
    pattern: Option<String>,
    format: Option<String>,
    sizes: [Option<usize>; 4],
    bounds: [Option<f64>; 2],
}

impl Parts {
    fn of(value: &Value, root: &Value, unfolded: usize) -> Self {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let found = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
            return match found {
                Some(found) if unfolded > 0 => Self::of(found, root, unfolded - 1),
                _ => Self::of(&Value::Bool(true), root, 0),
            };
        }
        let below = |value: &Value| Self::of(value, root, unfolded);
        let list = |name: &str| value.get(name).and_then(Value::as_array).into_iter().flatten();
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(ToString::to_string);
        let names = |name: &str| list(name).filter_map(Value::as_str).map(ToString::to_string).collect();
        let size = |name: &str| value.get(name).and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
        let alternatives: Vec<Self> = list("oneOf").chain(list("anyOf")).map(below).collect();
        let constants: Vec<Value> = value.get("const").into_iter().chain(list("enum")).cloned().collect();
        let properties = value.get("properties").and_then(Value::as_object);
        let types = match value.get("type") {
            Some(Value::String(name)) => Types::named(name),
            Some(Value::Array(names)) => {
                names.iter().filter_map(Value::as_str).map(Types::named).fold(Types::NONE, Types::or)
            }
            _ if !constants.is_empty() => constants.iter().map(Types::of_json).fold(Types::NONE, Types::or),
            _ if alternatives.is_empty() => Types::ANY,
            _ => alternatives.iter().map(|it| it.types).fold(Types::NONE, Types::or),
        };
        let says_nothing = properties.is_none() && value.get("additionalProperties").is_none();
        Self {
            types,
            constants,
            properties: properties.into_iter().flatten().map(|(name, it)| (name.clone(), below(it))).collect(),
            required: list("required").filter_map(Value::as_str).map(ToString::to_string).collect(),
            others: match value.get("additionalProperties") {
                None | Some(Value::Bool(false)) => None,
                Some(others) => Some(Box::new(below(others))),
            },
            items: value.get("items").map(|items| Box::new(below(items))),
            is_open: says_nothing && alternatives.is_empty() && types.meets(Types::OBJECT),
            is_secret: value.get("x-secret") == Some(&Value::Bool(true)),
            device: text("x-device"),
            list_of: value.get("x-list-of").map(|_| names("x-list-of")),
            alone: names("x-or"),
            pattern: text("pattern"),
            format: text("format"),
            sizes: ["minLength", "maxLength", "minItems", "maxItems"].map(size),
            bounds: ["minimum", "maximum"].map(|name| value.get(name).and_then(Value::as_f64)),
            alternatives,
        }
    }
}

/// What a schema says of a member of its objects.
pub(super) enum Member<'a> {
    /// It has this schema.
    Known(Schema<'a>),
    /// It may be there and be anything.
    Open,
    /// It is not there; these are.
    Absent(Vec<&'a str>),
    /// The value has no members; it is of these types.
    NoObject(Types),
}

impl<'a> Schema<'a> {
    /// The schemas of which a value must fit one; empty when there is no choice.
    pub(super) fn alternatives(self) -> impl Iterator<Item = Self> {
        self.0.alternatives.iter().map(Schema)
    }

    /// The alternatives that have none themselves, however deep they stand; the schema itself when it has none.
    pub(super) fn leaves(self) -> Vec<Self> {
        if self.0.alternatives.is_empty() {
            return vec![self];
        }
        let own = self.0.items.is_some().then_some(self);
        own.into_iter().chain(self.alternatives().flat_map(Self::leaves)).collect()
    }

    /// The names that a text may list with commas between them, and the words that can stand in place of such a list.
    pub(super) fn list_of(self) -> Option<(&'a [String], &'a [String])> {
        let own = self.0.list_of.as_deref().map(|names| (names, self.0.alone.as_slice()));
        own.or_else(|| self.alternatives().find_map(Self::list_of))
    }

    /// The types that a value may have.
    pub(super) fn types(self) -> Types {
        self.0.types
    }

    /// The values of `const` and `enum`, of which a value must be one; empty when it is free.
    pub(super) fn constants(self) -> &'a [Value] {
        &self.0.constants
    }

    /// The words that a text must be one of, alternatives included; nothing when any text will do.
    pub(super) fn words(self) -> Option<Vec<&'a str>> {
        let own = self.0.alternatives.is_empty().then_some(self);
        let mut words = Vec::new();
        for choice in own.into_iter().chain(self.alternatives()).filter(|it| it.types().meets(Types::STRING)) {
            if choice.constants().is_empty() {
                return None;
            }
            words.extend(choice.constants().iter().filter_map(Value::as_str));
        }
        Some(words)
    }

    /// The schema of a list's items; anything when it does not say.
    pub(super) fn items(self) -> Option<Self> {
        self.0.items.as_deref().map(Schema)
    }

    /// The properties of this schema itself, without those of its alternatives.
    pub(super) fn properties(self) -> impl Iterator<Item = (&'a str, Self)> {
        self.0.properties.iter().map(|(name, parts)| (name.as_str(), Schema(parts)))
    }

    pub(super) fn property(self, name: &str) -> Option<Self> {
        self.properties().find(|(known, _)| *known == name).map(|(_, schema)| schema)
    }

    /// The names of the properties that must be there.
    pub(super) fn required(self) -> impl Iterator<Item = &'a str> {
        self.0.required.iter().map(String::as_str)
    }

    /// The schema of properties that are not named; nothing when there are none.
    pub(super) fn others(self) -> Option<Self> {
        self.0.others.as_deref().map(Schema)
    }

    /// Whether objects may have properties that nothing is said of.
    pub(super) fn is_open(self) -> bool {
        self.0.is_open
    }

    /// Fewest and most characters of a text.
    pub(super) fn lengths(self) -> [Option<usize>; 2] {
        [self.0.sizes[0], self.0.sizes[1]]
    }

    /// Fewest and most items of a list.
    pub(super) fn counts(self) -> [Option<usize>; 2] {
        [self.0.sizes[2], self.0.sizes[3]]
    }

    /// The least and the greatest number: what the schema says, or what its format does.
    pub(super) fn bounds(self) -> [Option<f64>; 2] {
        let [least, most] = match self.format() {
            "uint8" => [Some(0.0), Some(f64::from(u8::MAX))],
            "uint16" => [Some(0.0), Some(f64::from(u16::MAX))],
            "uint32" => [Some(0.0), Some(f64::from(u32::MAX))],
            "int32" => [Some(f64::from(i32::MIN)), Some(f64::from(i32::MAX))],
            "uint" | "uint64" | "uint128" => [Some(0.0), None],
            _ => [None, None],
        };
        [self.0.bounds[0].or(least), self.0.bounds[1].or(most)]
    }

    pub(super) fn pattern(self) -> Option<&'a str> {
        self.0.pattern.as_deref()
    }

    pub(super) fn format(self) -> &'a str {
        self.0.format.as_deref().unwrap_or_default()
    }

    /// What it says of a member of a value, in any alternative.
    pub(super) fn member(self, name: &str) -> Member<'a> {
        let types = self.types();
        if !types.meets(Types::OBJECT) {
            return Member::NoObject(types);
        }
        let mut choices = vec![self];
        let mut known = Vec::new();
        let mut is_open = false;
        while let Some(choice) = choices.pop() {
            if let Some(found) = choice.property(name).or_else(|| choice.others()) {
                return Member::Known(found);
            }
            is_open |= choice.is_open();
            known.extend(choice.properties().map(|(name, _)| name));
            choices.extend(choice.alternatives());
        }
        if is_open { Member::Open } else { Member::Absent(known) }
    }

    /// Whether a secret may stand here.
    pub(super) fn takes_secret(self) -> bool {
        self.0.is_secret || self.alternatives().any(Self::takes_secret)
    }

    /// Whether nothing but a secret may stand here.
    pub(super) fn takes_only_secret(self) -> bool {
        let is_other = |it: &Self| !it.0.is_secret && it.types() != Types::NULL;
        self.0.is_secret || self.takes_secret() && !self.alternatives().any(|it| is_other(&it))
    }

    /// The kind of device that a text here names; empty for any kind.
    pub(super) fn device(self) -> Option<&'a str> {
        self.0.device.as_deref().or_else(|| self.alternatives().find_map(Self::device))
    }
}
