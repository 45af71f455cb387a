//! Reading the JSON Schemas that schemars makes of step handlers' types (draft 2020-12, subschemas inlined).
//!
//! Two keywords are our own: `x-secret` marks an argument that takes a secret by its name, `x-device` a text that names a
//! device, its value being the kind of device or empty for any.

use crate::notation::{Node, NodeKind};
use serde_json::Value;

/// A set of JSON types; a whole number is a number too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    pub(super) const NONE: Self = Self(0);
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const INTEGER: Self = Self(4);
    pub(super) const NUMBER: Self = Self(4 | 8);
    pub(super) const STRING: Self = Self(16);
    pub(super) const ARRAY: Self = Self(32);
    pub(super) const OBJECT: Self = Self(64);
    pub(super) const ANY: Self = Self(127);
    /// What can be shown in a sentence.
    pub(super) const SHOWN: Self = Self(2 | 4 | 8 | 16);

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The type of a value of a source file.
    pub(super) fn of(node: &Node) -> Self {
        match node.kind {
            NodeKind::Null => Self::NULL,
            NodeKind::Boolean(_) => Self::BOOLEAN,
            NodeKind::Integer(..) => Self::INTEGER,
            NodeKind::Float(..) => Self(8),
            NodeKind::Text(_) => Self::STRING,
            NodeKind::Sequence(_) => Self::ARRAY,
            NodeKind::Mapping(_) => Self::OBJECT,
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => Self::ANY,
        }
    }

    /// What a person would call a value of these types.
    pub(super) fn noun(self) -> String {
        let number = if self.meets(Self(8)) { "a number" } else { "a whole number" };
        let nouns = [
            (Self::STRING, "text"),
            (Self::NUMBER, number),
            (Self::BOOLEAN, "true or false"),
            (Self::ARRAY, "a list"),
            (Self::OBJECT, "a mapping"),
        ];
        let found: Vec<&str> = nouns.into_iter().filter(|(kind, _)| self.meets(*kind)).map(|(_, noun)| noun).collect();
        if found.is_empty() { "nothing".into() } else { found.join(" or ") }
    }
}

/// How deep alternatives may lie in alternatives before they count as anything.
const DEPTH: usize = 16;

/// A schema inside a root schema.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schema<'a> {
    value: &'a Value,
    root: &'a Value,
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
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, root: value }
    }

    /// A schema below this one; what a type that contains itself refers to is looked up.
    fn below(self, value: &'a Value) -> Self {
        let mut value = value;
        for _ in 0..DEPTH {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { break };
            let Some(found) = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)) else { break };
            value = found;
        }
        Self { value, root: self.root }
    }

    pub(super) fn keyword(self, name: &str) -> Option<&'a Value> {
        self.value.get(name)
    }

    pub(super) fn number(self, name: &str) -> Option<f64> {
        self.keyword(name)?.as_f64()
    }

    /// A length or count.
    pub(super) fn size(self, name: &str) -> Option<usize> {
        self.keyword(name)?.as_u64().and_then(|size| usize::try_from(size).ok())
    }

    /// The schemas of which a value must fit one; empty when there is no choice.
    pub(super) fn alternatives(self) -> Vec<Self> {
        ["oneOf", "anyOf"]
            .into_iter()
            .filter_map(|name| self.keyword(name)?.as_array())
            .flatten()
            .map(|value| self.below(value))
            .collect()
    }

    /// The types that a value may have.
    pub(super) fn types(self) -> Types {
        self.types_within(DEPTH)
    }

    fn types_within(self, depth: usize) -> Types {
        let named = match self.keyword("type") {
            Some(Value::String(name)) => Some(Types::named(name)),
            Some(Value::Array(names)) => {
                Some(names.iter().filter_map(Value::as_str).map(Types::named).fold(Types::NONE, Types::or))
            }
            _ => None,
        };
        if let Some(named) = named {
            return named;
        }
        if self.keyword("const").or_else(|| self.keyword("enum")).is_some() {
            return self.constants().into_iter().map(json_type).fold(Types::NONE, Types::or);
        }
        let alternatives = self.alternatives();
        if alternatives.is_empty() || depth == 0 {
            return Types::ANY;
        }
        alternatives.into_iter().map(|it| it.types_within(depth - 1)).fold(Types::NONE, Types::or)
    }

    /// The values of `const` and `enum`, of which a value must be one; empty when it is free.
    pub(super) fn constants(self) -> Vec<&'a Value> {
        let listed = self.keyword("enum").and_then(Value::as_array);
        self.keyword("const").into_iter().chain(listed.into_iter().flatten()).collect()
    }

    /// The words that a text must be one of, alternatives included; nothing when any text will do.
    pub(super) fn words(self) -> Option<Vec<&'a str>> {
        let alternatives = self.alternatives();
        let choices = if alternatives.is_empty() { vec![self] } else { alternatives };
        let mut words = Vec::new();
        for choice in choices.into_iter().filter(|choice| choice.types().meets(Types::STRING)) {
            let constants = choice.constants();
            if constants.is_empty() {
                return None;
            }
            words.extend(constants.into_iter().filter_map(Value::as_str));
        }
        Some(words)
    }

    /// The schema of a list's items; anything when it does not say.
    pub(super) fn items(self) -> Option<Self> {
        self.keyword("items").map(|items| self.below(items))
    }

    /// The properties of this schema itself, without those of its alternatives.
    pub(super) fn properties(self) -> impl Iterator<Item = (&'a str, Self)> {
        let properties = self.keyword("properties").and_then(Value::as_object);
        properties.into_iter().flatten().map(move |(name, value)| (name.as_str(), self.below(value)))
    }

    pub(super) fn property(self, name: &str) -> Option<Self> {
        self.keyword("properties")?.get(name).map(|value| self.below(value))
    }

    /// The names of the properties that must be there.
    pub(super) fn required(self) -> impl Iterator<Item = &'a str> {
        self.keyword("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// The schema of properties that are not named; nothing when there are none.
    pub(super) fn others(self) -> Option<Self> {
        match self.keyword("additionalProperties") {
            None | Some(Value::Bool(false)) => None,
            Some(value) => Some(self.below(value)),
        }
    }

    /// Whether objects may have properties that nothing is said of.
    pub(super) fn is_open(self) -> bool {
        let says_nothing = ["properties", "additionalProperties"].iter().all(|name| self.keyword(name).is_none());
        says_nothing && self.types().meets(Types::OBJECT)
    }

    /// What it says of a member of a value, in any alternative.
    pub(super) fn member(self, name: &str) -> Member<'a> {
        let types = self.types();
        if !types.meets(Types::OBJECT) {
            return Member::NoObject(types);
        }
        let object = |it: Self| it.types().meets(Types::OBJECT).then_some(it);
        if let Some(found) = self.find(DEPTH, &|it| object(it)?.property(name).or_else(|| it.others())) {
            return Member::Known(found);
        }
        if self.find(DEPTH, &|it| (it.is_open() && it.alternatives().is_empty()).then_some(())).is_some() {
            return Member::Open;
        }
        let known = std::cell::RefCell::new(Vec::new());
        self.find(DEPTH, &|it| {
            known.borrow_mut().extend(object(it)?.properties().map(|(name, _)| name));
            None::<()>
        });
        Member::Absent(known.into_inner())
    }

    /// Looks through the schema itself and every alternative below it.
    fn find<T>(self, depth: usize, wanted: &impl Fn(Self) -> Option<T>) -> Option<T> {
        wanted(self).or_else(|| {
            let below = if depth == 0 { Vec::new() } else { self.alternatives() };
            below.into_iter().find_map(|it| it.find(depth - 1, wanted))
        })
    }

    fn is_secret(self) -> bool {
        self.keyword("x-secret") == Some(&Value::Bool(true))
    }

    /// Whether a secret may stand here.
    pub(super) fn takes_secret(self) -> bool {
        self.find(DEPTH, &|it| it.is_secret().then_some(())).is_some()
    }

    /// Whether nothing but a secret may stand here.
    pub(super) fn takes_only_secret(self) -> bool {
        self.is_secret()
            || self.takes_secret()
                && self.alternatives().into_iter().all(|it| it.is_secret() || it.types() == Types::NULL)
    }

    /// The kind of device that a text here names; empty for any kind.
    pub(super) fn device(self) -> Option<&'a str> {
        self.find(DEPTH, &|it| it.keyword("x-device")?.as_str())
    }
}

fn json_type(value: &Value) -> Types {
    match value {
        Value::Null => Types::NULL,
        Value::Bool(_) => Types::BOOLEAN,
        Value::Number(number) if number.is_f64() => Types::NUMBER,
        Value::Number(_) => Types::INTEGER,
        Value::String(_) => Types::STRING,
        Value::Array(_) => Types::ARRAY,
        Value::Object(_) => Types::OBJECT,
    }
}
