//! A string with the place it was written at.

use super::Place;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use std::{
    borrow::{Borrow, Cow},
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
};

/// A string of the runbook and where it stands; equal when the strings are.
#[derive(Debug, Clone, Default, Eq)]
pub struct Text {
    /// The string itself.
    pub value: String,
    /// Where it was written.
    pub at: Place,
}

impl Text {
    /// A string written at a place.
    #[must_use]
    pub fn new(value: impl Into<String>, at: Place) -> Self {
        Self { value: value.into(), at }
    }

    /// The string itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.value
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.value)
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}
