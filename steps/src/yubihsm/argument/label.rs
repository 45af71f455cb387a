//! Labels: 40 bytes, filled up with zeros
//! (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-core-concepts.html>).

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;
use yubihsm::object;

/// A label: UTF-8, at most 40 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Label(String);

impl Label {
    /// As the device stores it. `yubihsm` panics on a `&str` that is too long, so this is the only way.
    pub(crate) fn to_device(&self) -> object::Label {
        object::Label::from_bytes(self.0.as_bytes()).unwrap_or_default()
    }
}

impl Label {
    /// As it is written.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Label {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let longest = object::LABEL_SIZE;
        if text.len() > longest {
            return Err(format!("the label `{text}` has {} bytes; a label has {longest} at most", text.len()));
        }
        if let Some(found) = text.chars().find(|character| character.is_control()) {
            return Err(format!("the character U+{:04X} cannot be part of a label", u32::from(found)));
        }
        Ok(Self(text))
    }
}

impl JsonSchema for Label {
    fn schema_name() -> Cow<'static, str> {
        "Label".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Characters here, bytes when it is read: no label that is too long in characters fits.
        json_schema!({ "type": "string", "maxLength": object::LABEL_SIZE })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_measured_in_bytes() {
        assert!(Label::try_from("ü".repeat(20)).is_ok());
        assert_eq!(
            Label::try_from("ü".repeat(21)).unwrap_err(),
            format!("the label `{}` has 42 bytes; a label has 40 at most", "ü".repeat(21))
        );
        assert!(Label::try_from("a\0b".to_string()).is_err());
    }

    #[test]
    fn a_label_reaches_the_device_as_it_is() {
        let label = Label::try_from("x".repeat(40)).unwrap();
        assert_eq!(label.to_device().try_as_str().unwrap(), label.0);
    }
}
