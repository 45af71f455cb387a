//! Capabilities: 64 bits, of which the vendor names 56
//! (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-core-concepts.html#capability>).
//!
//! The names are here, because the `yubihsm` crate 0.42.1 has those up to `change-authentication-key` only.

use super::suggestion;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;
use yubihsm::Capability;

/// A set of capabilities: `all`, `none`, or names as a list or as text (`sign-eddsa,exportable-under-wrap`).
///
/// `all` sets every bit, also those that no firmware knows, as the vendor's `yubihsm-shell` does; the device keeps those that it
/// has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) enum Capabilities {
    All,
    These(Capability),
}

impl Capabilities {
    pub(crate) fn bits(self) -> Capability {
        match self {
            Self::All => Capability::all(),
            Self::These(bits) => bits,
        }
    }

    /// Those that were asked for by name, so that a device that keeps fewer must refuse.
    pub(crate) fn by_name(self) -> Capability {
        match self {
            Self::All => Capability::empty(),
            Self::These(bits) => bits,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "capabilities are `all`, `none`, or names of capabilities")]
enum Written {
    Text(String),
    Names(Vec<String>),
}

impl TryFrom<Written> for Capabilities {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let names: Vec<String> = match written {
            Written::Text(text) => match text.trim() {
                "all" => return Ok(Self::All),
                "none" => return Ok(Self::These(Capability::empty())),
                text => text.split(',').map(|name| name.trim().to_string()).collect(),
            },
            Written::Names(names) => names,
        };
        let mut bits = Capability::empty();
        for name in &names {
            bits |= named(name).ok_or_else(|| {
                let near = suggestion(name, NAMES.iter().map(|(_, name)| *name));
                format!("there is no capability `{name}`{near}")
            })?;
        }
        Ok(Self::These(bits))
    }
}

impl JsonSchema for Capabilities {
    fn schema_name() -> Cow<'static, str> {
        "Capabilities".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> =
            NAMES.iter().map(|(_, name)| *name).chain(ALIASES.iter().map(|(name, _)| *name)).collect();
        let any = names.join("|");
        json_schema!({
            "description": "Capabilities by the vendor's names: `all`, `none`, or a list, also as text (`sign-eddsa,sign-ecdsa`)",
            "anyOf": [
                {
                    "type": "string",
                    "pattern": format!("^ *(all|none|({any})( *, *({any}))*) *$"),
                    "x-list-of": names,
                    "x-or": ["all", "none"]
                },
                { "type": "array", "items": { "type": "string", "enum": names } }
            ]
        })
    }

    fn inline_schema() -> bool {
        true
    }
}

fn named(name: &str) -> Option<Capability> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
    NAMES.iter().find(|(_, known)| *known == name).map(|(bit, _)| Capability::from_bits_retain(1 << bit))
}

/// The names of capabilities in the order of their bits; `unknown-N` for a bit without one.
pub(crate) fn capability_names(capabilities: Capability) -> Vec<String> {
    let name = |bit: &u32| match NAMES.iter().find(|(known, _)| known == bit) {
        Some((_, name)) => (*name).to_string(),
        None => format!("unknown-{bit}"),
    };
    (0..64).filter(|bit| capabilities.bits() & (1 << bit) != 0).map(|bit| name(&bit)).collect()
}

/// What the vendor's tools before version 2.4 call some of them.
const ALIASES: [(&str, &str); 1] = [("put-mac-key", "put-hmac-key")];

/// Bit and name.
const NAMES: [(u32, &str); 56] = [
    (0x00, "get-opaque"),
    (0x01, "put-opaque"),
    (0x02, "put-authentication-key"),
    (0x03, "put-asymmetric-key"),
    (0x04, "generate-asymmetric-key"),
    (0x05, "sign-pkcs"),
    (0x06, "sign-pss"),
    (0x07, "sign-ecdsa"),
    (0x08, "sign-eddsa"),
    (0x09, "decrypt-pkcs"),
    (0x0a, "decrypt-oaep"),
    (0x0b, "derive-ecdh"),
    (0x0c, "export-wrapped"),
    (0x0d, "import-wrapped"),
    (0x0e, "put-wrap-key"),
    (0x0f, "generate-wrap-key"),
    (0x10, "exportable-under-wrap"),
    (0x11, "set-option"),
    (0x12, "get-option"),
    (0x13, "get-pseudo-random"),
    (0x14, "put-hmac-key"),
    (0x15, "generate-hmac-key"),
    (0x16, "sign-hmac"),
    (0x17, "verify-hmac"),
    (0x18, "get-log-entries"),
    (0x19, "sign-ssh-certificate"),
    (0x1a, "get-template"),
    (0x1b, "put-template"),
    (0x1c, "reset-device"),
    (0x1d, "decrypt-otp"),
    (0x1e, "create-otp-aead"),
    (0x1f, "randomize-otp-aead"),
    (0x20, "rewrap-from-otp-aead-key"),
    (0x21, "rewrap-to-otp-aead-key"),
    (0x22, "sign-attestation-certificate"),
    (0x23, "put-otp-aead-key"),
    (0x24, "generate-otp-aead-key"),
    (0x25, "wrap-data"),
    (0x26, "unwrap-data"),
    (0x27, "delete-opaque"),
    (0x28, "delete-authentication-key"),
    (0x29, "delete-asymmetric-key"),
    (0x2a, "delete-wrap-key"),
    (0x2b, "delete-hmac-key"),
    (0x2c, "delete-template"),
    (0x2d, "delete-otp-aead-key"),
    (0x2e, "change-authentication-key"),
    (0x2f, "put-symmetric-key"),
    (0x30, "generate-symmetric-key"),
    (0x31, "delete-symmetric-key"),
    (0x32, "decrypt-ecb"),
    (0x33, "encrypt-ecb"),
    (0x34, "decrypt-cbc"),
    (0x35, "encrypt-cbc"),
    (0x36, "put-public-wrap-key"),
    (0x37, "delete-public-wrap-key"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    fn read(value: Value) -> Result<Capabilities, String> {
        from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn every_name_of_the_crate_has_the_bit_of_the_crate() {
        for (bit, name) in NAMES.iter().filter(|(bit, _)| *bit <= 0x2e) {
            assert_eq!(name.parse::<Capability>().unwrap().bits(), 1 << bit, "{name}");
        }
    }

    #[test]
    fn all_is_every_bit_as_the_vendors_shell_has_it() {
        assert_eq!(read(json!("all")).unwrap().bits().bits(), u64::MAX);
        assert_eq!(read(json!("none")).unwrap().bits().bits(), 0);
    }

    #[test]
    fn capabilities_are_written_as_a_list_or_as_text() {
        let wanted = Capability::SIGN_EDDSA | Capability::EXPORTABLE_UNDER_WRAP;
        for written in [json!("exportable-under-wrap,sign-eddsa"), json!(["sign-eddsa", "exportable-under-wrap"])] {
            assert_eq!(read(written).unwrap(), Capabilities::These(wanted));
        }
        assert_eq!(capability_names(wanted), ["sign-eddsa", "exportable-under-wrap"]);
        assert_eq!(read(json!("put-mac-key")).unwrap().bits(), Capability::PUT_HMAC_KEY);
    }

    #[test]
    fn an_unknown_capability_brings_up_the_nearest_one() {
        assert_eq!(
            read(json!("sign-eddssa")).unwrap_err(),
            "there is no capability `sign-eddssa`; did you mean `sign-eddsa`?"
        );
        assert_eq!(read(json!(["all"])).unwrap_err(), "there is no capability `all`");
    }
}
