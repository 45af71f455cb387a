//! The runbook's name of a YubiKey.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;

/// The runbook's name of a YubiKey.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct YubiKeyName(pub(crate) String);

impl JsonSchema for YubiKeyName {
    fn schema_name() -> Cow<'static, str> {
        "YubiKeyName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A YubiKey by the runbook's name for it",
            "x-device": crate::ports::YUBIKEY
        })
    }

    fn inline_schema() -> bool {
        true
    }
}
