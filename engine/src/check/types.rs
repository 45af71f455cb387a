//! Sets of JSON types, and what a person would call them.

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

    pub(super) fn named(name: &str) -> Self {
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

    /// The type of a constant of a schema.
    pub(super) fn of_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number.is_f64() => Self::NUMBER,
            Value::Number(_) => Self::INTEGER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }
}
