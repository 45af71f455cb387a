//! The runbook's name of a device.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;

/// The runbook's name of a device, of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct DeviceName(pub(crate) String);

impl JsonSchema for DeviceName {
    fn schema_name() -> Cow<'static, str> {
        "DeviceName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A device by the runbook's name for it", "x-device": "" })
    }

    fn inline_schema() -> bool {
        true
    }
}
