//! The tree that YAML and TOML files are read into: values with places, before they mean anything.

use super::{Place, Text};
use serde_json::Value;

/// The largest whole number that RFC 8785, and so the record, holds exactly: 2^53 - 1.
pub const LARGEST: u64 = (1 << 53) - 1;

/// A value of a source file and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where the value was written.
    pub at: Place,
    /// What it is.
    pub kind: NodeKind,
}

/// What a value of a source file is.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number, and how it was spelt.
    Integer(i64, String),
    /// A number with a fraction, and how it was spelt.
    Float(f64, String),
    /// A string.
    Text(String),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping, in the order of the file; keys are unique.
    Mapping(Vec<(Text, Node)>),
}

impl Node {
    /// What a person would call this value.
    #[must_use]
    pub fn noun(&self) -> &'static str {
        match self.kind {
            NodeKind::Null => "nothing",
            NodeKind::Boolean(_) => "true or false",
            NodeKind::Integer(..) => "a whole number",
            NodeKind::Float(..) => "a number",
            NodeKind::Text(_) => "text",
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "a mapping",
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value in this mapping with that key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            NodeKind::Mapping(entries) => entries.iter().find(|(name, _)| name.as_str() == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The name in `{ secret: NAME }`, if that is what this is.
    #[must_use]
    pub fn secret(&self) -> Option<Text> {
        match &self.kind {
            NodeKind::Mapping(entries) if entries.len() == 1 && entries[0].0.as_str() == "secret" => {
                entries[0].1.text().map(|name| Text::new(name, entries[0].1.at))
            }
            _ => None,
        }
    }

    /// The value without its places.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Boolean(value) => (*value).into(),
            NodeKind::Integer(value, _) => (*value).into(),
            NodeKind::Float(value, _) => (*value).into(),
            NodeKind::Text(value) => value.as_str().into(),
            NodeKind::Sequence(items) => items.iter().map(Node::to_json).collect(),
            NodeKind::Mapping(entries) => {
                Value::Object(entries.iter().map(|(key, node)| (key.value.clone(), node.to_json())).collect())
            }
        }
    }

    /// Every whole number in this value that the record could not hold exactly, by how it is spelt, depth first.
    pub(super) fn inexact(&self, visit: &mut impl FnMut(&str, Place)) {
        match &self.kind {
            NodeKind::Integer(value, spelt) if value.unsigned_abs() > LARGEST => visit(spelt, self.at),
            NodeKind::Float(_, spelt) if spelt.trim_start_matches(['+', '-']).bytes().all(|it| it.is_ascii_digit()) => {
                visit(spelt, self.at);
            }
            NodeKind::Sequence(items) => items.iter().for_each(|item| item.inexact(visit)),
            NodeKind::Mapping(entries) => entries.iter().for_each(|(_, node)| node.inexact(visit)),
            _ => {}
        }
    }

    /// Every string in this value, keys too, depth first.
    pub fn texts(&self, visit: &mut impl FnMut(&str, Place)) {
        match &self.kind {
            NodeKind::Text(text) => visit(text, self.at),
            NodeKind::Sequence(items) => items.iter().for_each(|item| item.texts(visit)),
            NodeKind::Mapping(entries) => {
                for (key, node) in entries {
                    visit(key, key.at);
                    node.texts(visit);
                }
            }
            _ => {}
        }
    }
}
