//! The runbook's name of a YubiHSM 2.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;

/// The runbook's name of a YubiHSM 2.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct YubiHsm(pub(crate) String);

impl JsonSchema for YubiHsm {
    fn schema_name() -> Cow<'static, str> {
        "YubiHsm".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A YubiHSM 2 by the runbook's name for it",
            "x-device": crate::ports::YUBIHSM2
        })
    }

    fn inline_schema() -> bool {
        true
    }
}
