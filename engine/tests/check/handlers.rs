//! Step handlers for the tests: every sort of argument that the real ones have, and nothing behind them.

use officiant_engine::conduct::{Effect, Failure, Registry, SecretName, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

macro_rules! handler {
    ($type:ident, $name:literal, $arguments:ty, $outputs:ty $(, $constant:ident = $value:expr)*) => {
        struct $type;
        impl StepHandler for $type {
            const NAME: &'static str = $name;
            const SUMMARY: &'static str = "for the tests";
            const EFFECT: Effect = Effect::None;
            $(handler!(@ $constant $value);)*
            type Arguments = $arguments;
            type Outputs = $outputs;

            fn perform(&self, _: Self::Arguments, _: &mut Stage<'_>) -> Result<Self::Outputs, Failure> {
                Err(Failure::new("test", "nothing is performed here"))
            }
        }
    };
    (@ YIELDS_SECRET $value:expr) => { const YIELDS_SECRET: bool = $value; };
    (@ KNOWN_SECRETS $value:expr) => { const KNOWN_SECRETS: &'static [&'static str] = $value; };
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only the schema matters")]
struct AskText {
    /// What is asked.
    prompt: String,
    /// What the answer must match.
    pattern: Option<String>,
    #[serde(default)]
    optional: bool,
}

#[derive(Serialize, JsonSchema)]
struct Answer {
    value: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only the schema matters")]
struct AskSecret {
    prompt: String,
    #[schemars(range(min = 1, max = 100))]
    min_length: Option<u8>,
    /// Another secret that it must be the same as.
    matches: Option<SecretName>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only the schema matters")]
struct AnyDevice {
    #[schemars(extend("x-device" = ""))]
    device: String,
    #[serde(default)]
    alone: bool,
}

#[derive(Serialize, JsonSchema)]
struct Inserted {
    serial: u32,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only the schema matters")]
struct Hsm {
    /// The device.
    #[schemars(extend("x-device" = "yubihsm2"))]
    device: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only the schema matters")]
struct Yubikey {
    #[schemars(extend("x-device" = "yubikey"))]
    device: String,
}

#[derive(Serialize, JsonSchema)]
struct Info {
    serial: u32,
    version: String,
    locked: bool,
    objects: Vec<Object>,
    certificate: Option<Certificate>,
}

#[derive(Serialize, JsonSchema)]
struct Object {
    id: u16,
    label: String,
}

#[derive(Serialize, JsonSchema)]
struct Certificate {
    issuer: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only the schema matters")]
struct PutKey {
    #[schemars(extend("x-device" = "yubihsm2"))]
    device: String,
    object_id: u16,
    algorithm: Algorithm,
    domains: Domains,
    /// Opens the device.
    password: SecretName,
    new_password: Option<SecretName>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "only the schema matters")]
enum Algorithm {
    /// Ed25519.
    Ed25519,
    /// ECDSA on P-256.
    P256,
    P384,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "only the schema matters")]
enum Domains {
    /// `all`.
    Word(AllDomains),
    /// Their numbers.
    Numbers(Vec<u8>),
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "only the schema matters")]
enum AllDomains {
    All,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only the schema matters")]
struct Run {
    /// The program and its arguments.
    #[schemars(length(min = 1))]
    command: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    time_limit: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
struct Ran {
    exit_code: i32,
    stdout: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[allow(dead_code, reason = "only the schema matters")]
enum Copy {
    File { from: String, to: String },
    Text { text: String, to: String },
}

handler!(Text, "ask.text", AskText, Answer);
handler!(Secret, "ask.secret", AskSecret, (), YIELDS_SECRET = true);
handler!(Insert, "devices.insert", AnyDevice, Inserted);
handler!(DeviceInfo, "yubihsm.device-info", Hsm, Info);
handler!(KeyInfo, "piv.device-info", Yubikey, Info);
handler!(Put, "yubihsm.put-key", PutKey, (), KNOWN_SECRETS = &["factory-default"]);
handler!(Exec, "exec.run", Run, Ran);
handler!(CopyFile, "files.copy", Copy, ());
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only the schema matters")]
struct Import {
    capabilities: Option<Capabilities>,
}

/// Names as a list, or as text with commas.
#[derive(Deserialize)]
#[serde(transparent)]
#[allow(dead_code, reason = "only the schema matters")]
struct Capabilities(serde_json::Value);

impl JsonSchema for Capabilities {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Capabilities".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names = ["sign-ecdsa", "sign-eddsa", "exportable-under-wrap"];
        schemars::json_schema!({ "anyOf": [
            { "type": "string", "x-list-of": names, "x-or": ["all", "none"] },
            { "type": "integer", "minimum": 1, "maximum": 16 },
            { "type": "array", "items": { "type": "string", "enum": names } }
        ] })
    }

    fn inline_schema() -> bool {
        true
    }
}

handler!(ImportKey, "yubihsm.import", Import, ());
handler!(Checkpoint, "checkpoint", (), ());

/// All of them.
pub fn registry() -> Registry {
    Registry::default()
        .with(Text)
        .with(Secret)
        .with(Insert)
        .with(DeviceInfo)
        .with(KeyInfo)
        .with(Put)
        .with(Exec)
        .with(CopyFile)
        .with(ImportKey)
        .with(Checkpoint)
}
