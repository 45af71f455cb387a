//! Handles: how tuf-on-ci names the people who hold keys.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt};

/// A person's handle: `@` and letters, digits and hyphens, in lower case, as `tuf-on-ci-delegate` writes it; the `@` may be left
/// out where it is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Handle(String);

/// Most characters of a handle; GitHub's have 39 at most.
const LONGEST: usize = 100;

impl Handle {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Handle {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let name = text.trim();
        let name = name.strip_prefix('@').unwrap_or(name);
        let fits = (1..=LONGEST).contains(&name.len());
        if !fits || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(format!("{text:?} is no handle: those have letters, digits and hyphens after an @"));
        }
        Ok(Self(format!("@{}", name.to_ascii_lowercase())))
    }
}

impl From<Handle> for String {
    fn from(handle: Handle) -> Self {
        handle.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl JsonSchema for Handle {
    fn schema_name() -> Cow<'static, str> {
        "Handle".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A handle, such as @alice",
            "pattern": "^ *@?[0-9a-zA-Z-]{1,100} *$"
        })
    }

    fn inline_schema() -> bool {
        true
    }
}

/// Handles: a list, or a text with commas between them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ListOrText")]
pub(crate) struct Handles(pub(crate) Vec<Handle>);

#[derive(Deserialize)]
#[serde(untagged)]
enum ListOrText {
    List(Vec<String>),
    Text(String),
}

impl TryFrom<ListOrText> for Handles {
    type Error = String;

    fn try_from(given: ListOrText) -> Result<Self, String> {
        let names = match given {
            ListOrText::List(names) => names,
            ListOrText::Text(text) => text.split(',').map(str::to_string).collect(),
        };
        let handles = names.into_iter().map(Handle::try_from).collect::<Result<Vec<_>, _>>()?;
        if handles.is_empty() {
            return Err("there must be at least one signer".to_string());
        }
        match handles.iter().enumerate().find(|(at, handle)| handles[..*at].contains(handle)) {
            Some((_, twice)) => Err(format!("{twice} stands twice among the signers")),
            None => Ok(Self(handles)),
        }
    }
}

impl JsonSchema for Handles {
    fn schema_name() -> Cow<'static, str> {
        "Handles".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let handle = Handle::json_schema(generator);
        json_schema!({
            "description": "Handles: a list, or a text with commas between them",
            "anyOf": [{ "type": "array", "items": handle, "minItems": 1 }, { "type": "string", "minLength": 1 }]
        })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Handles;
    use serde_json::{Value, json};

    fn read(value: Value) -> Result<Vec<String>, String> {
        let handles = serde_json::from_value::<Handles>(value).map_err(|error| error.to_string())?;
        Ok(handles.0.into_iter().map(String::from).collect())
    }

    #[test]
    fn handles_are_read_as_tuf_on_ci_reads_them() {
        assert_eq!(read(json!("Alice, @BOB-2")), Ok(vec!["@alice".to_string(), "@bob-2".to_string()]));
        assert_eq!(read(json!(["@x"])), Ok(vec!["@x".to_string()]));
        for wrong in [json!(""), json!("a,,b"), json!(["a b"]), json!("@@a"), json!("@ä"), json!([]), json!("a,@A")] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
