//! Object IDs: 2 bytes
//! (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-core-concepts.html#object-id>).

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The lowest and the highest: 0 and 65535 are the device's own.
const LOWEST: u16 = 1;
const HIGHEST: u16 = 0xfffe;

/// An object's ID, from 1 to 65534.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct ObjectId(pub(crate) u16);

impl ObjectId {
    /// The ID of the factory's authentication key.
    pub(crate) fn factory() -> Self {
        Self(1)
    }
}

impl TryFrom<i64> for ObjectId {
    type Error = String;

    fn try_from(id: i64) -> Result<Self, String> {
        from_lowest(LOWEST, id).map(Self)
    }
}

impl JsonSchema for ObjectId {
    fn schema_name() -> Cow<'static, str> {
        "ObjectId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": LOWEST, "maximum": HIGHEST })
    }

    fn inline_schema() -> bool {
        true
    }
}

/// The key that attests: 0 for the device's own, which the vendor certified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct AttestationKeyId(pub(crate) u16);

impl AttestationKeyId {
    /// The device's own.
    pub(crate) fn vendor() -> Self {
        Self(0)
    }
}

impl TryFrom<i64> for AttestationKeyId {
    type Error = String;

    fn try_from(id: i64) -> Result<Self, String> {
        from_lowest(0, id).map(Self)
    }
}

impl JsonSchema for AttestationKeyId {
    fn schema_name() -> Cow<'static, str> {
        "AttestationKeyId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": HIGHEST })
    }

    fn inline_schema() -> bool {
        true
    }
}

fn from_lowest(lowest: u16, id: i64) -> Result<u16, String> {
    let fine = u16::try_from(id).ok().filter(|id| (lowest..=HIGHEST).contains(id));
    fine.ok_or_else(|| format!("{id} is no object ID; they go from {lowest} to {HIGHEST}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn an_object_id_is_from_1_to_65534_and_0_is_the_devices_own_attestation_key() {
        for id in [1, 65_534] {
            assert_eq!(i64::from(from_value::<ObjectId>(json!(id)).unwrap().0), id);
        }
        for id in [-1, 0, 65_535, 70_000] {
            let said = from_value::<ObjectId>(json!(id)).unwrap_err().to_string();
            assert_eq!(said, format!("{id} is no object ID; they go from 1 to 65534"));
        }
        assert_eq!(from_value::<AttestationKeyId>(json!(0)).unwrap(), AttestationKeyId::vendor());
    }
}
