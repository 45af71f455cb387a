//! The runbook model: what YAML and TOML files say, as plain types.
//!
//! The JSON Schema of the notation is generated from these types; `decode` reads them, and a test holds the two together.

use super::{Node, Place, Text};
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema};

/// Things by name, in the order of the file.
pub type Map<T> = IndexMap<Text, T>;

/// What need not be there is left out; `null` in its place is an error, as everywhere in the notation.
fn without_null(schema: &mut Schema) {
    let Some(properties) = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut) else { return };
    for property in properties.values_mut() {
        let Some(property) = property.as_object_mut() else { continue };
        if let Some(serde_json::Value::Array(types)) = property.get_mut("type") {
            types.retain(|name| name != "null");
            if let [one] = types.as_slice() {
                let one = one.clone();
                property.insert("type".into(), one);
            }
        }
        if let Some(serde_json::Value::Array(choices)) = property.get_mut("anyOf") {
            choices.retain(|choice| choice["type"] != "null");
        }
    }
}

/// A runbook: one file, or several merged through `imports`.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct Runbook {
    /// The version of the notation: 1.
    #[schemars(range(min = 1, max = 1))]
    pub notation: u32,
    /// What the ceremony is called.
    pub title: Text,
    /// For the reader.
    pub note: Option<Text>,
    /// The roles that take part, by role.
    #[schemars(default)]
    pub participants: Map<Participant>,
    /// The computers that sections are carried out on.
    #[schemars(default)]
    pub computers: Map<Computer>,
    /// The devices, by the name that steps call them.
    #[schemars(default)]
    pub devices: Map<Device>,
    /// What is asked or bound before the first step.
    #[schemars(default)]
    pub inputs: Map<Input>,
    /// Other runbook files, relative to this one; their sections are then `name/section`.
    #[schemars(default)]
    pub imports: Map<Text>,
    /// Who approves a deviation when the step does not say.
    pub deviations: Option<Deviations>,
    /// The section to start with; the first one unless named.
    pub start: Option<Text>,
    /// The sections, in order.
    #[schemars(extend("minProperties" = 1))]
    pub sections: Map<Section>,
}

/// A role that takes part in the ceremony.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct Participant {
    /// What the role is called.
    pub title: Text,
    /// Whether it must seal the record.
    #[schemars(default)]
    pub seal: Sealing,
    /// For the reader.
    pub note: Option<Text>,
}

/// Whether a participant seals the record when the ceremony is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Sealing {
    /// The record does not hold without the seal.
    Required,
    /// It may be sealed.
    #[default]
    Optional,
}

/// A computer that sections are carried out on.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct Computer {
    /// What it is called.
    pub title: Text,
    /// Whether no network interface may be up on it.
    #[schemars(default)]
    pub offline: bool,
    /// For the reader.
    pub note: Option<Text>,
}

/// A device that steps name.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct Device {
    /// The kind of device, for example `yubihsm2`.
    pub kind: Text,
    /// What it is called, where its name does not say enough.
    pub title: Option<Text>,
    /// The virtual device that a rehearsal uses.
    pub rehearse: Option<VirtualDevice>,
    /// For the reader.
    pub note: Option<Text>,
}

/// How a rehearsal makes a device up.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct VirtualDevice {
    /// Its serial number; one is made from the device's place in the list otherwise.
    #[schemars(extend("maximum" = u32::MAX))]
    pub serial: Option<u32>,
    /// Its firmware version, `major.minor.patch`.
    pub firmware: Option<Text>,
    /// Whether it attests Ed25519 keys, which the vendor's devices so far refuse; it does unless this is `false`. Of a
    /// `yubihsm2` alone.
    pub attests_ed25519: Option<bool>,
    /// Whether it is one of the FIPS series; it is not unless this is `true`. Of a `yubikey` alone.
    pub fips: Option<bool>,
    /// The failures that it has, each once.
    #[schemars(default)]
    pub faults: Vec<DeviceFault>,
}

/// A failure that a virtual device has once, at a command.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct DeviceFault {
    /// The command, by the vendor's name: `generate-asymmetric-key`.
    pub command: Text,
    /// Whether the command has been carried out by then.
    pub when: FaultMoment,
    /// What happens.
    pub effect: FaultEffect,
    /// At which such command it happens: 1, which is the first, unless said otherwise.
    #[schemars(range(min = 1, max = u32::MAX))]
    pub nth: Option<u32>,
    /// The error that is answered, by the vendor's name: `storage-failed`, unless said otherwise.
    pub error: Option<Text>,
}

/// When a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum FaultMoment {
    /// Before the command is carried out; it then is not.
    Before,
    /// After it was carried out.
    After,
}

/// What happens at a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum FaultEffect {
    /// The device is pulled out.
    Vanish,
    /// The power fails.
    PowerOff,
    /// The answer never arrives.
    LoseAnswer,
    /// The device answers an error.
    Error,
}

/// Something that is asked or bound before the first step.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
#[schemars(extend(
    "if" = { "properties": { "type": { "const": "choice" } }, "required": ["type"] },
    "then" = { "properties": { "options": { "minItems": 1 } }, "required": ["options"] }
))]
pub struct Input {
    /// What sort of value it is.
    #[schemars(rename = "type")]
    pub kind: InputType,
    /// The question; the name is asked for otherwise.
    pub prompt: Option<Text>,
    /// A regular expression that a text must match as a whole.
    pub pattern: Option<Text>,
    /// What can be chosen, for a choice.
    #[schemars(default)]
    pub options: Vec<Text>,
    /// What a rehearsal answers.
    pub rehearse: Option<Rehearsal>,
    /// For the reader.
    pub note: Option<Text>,
}

/// The sorts of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum InputType {
    /// A line of text.
    Text,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A whole number.
    Number,
    /// One of `options`.
    Choice,
}

/// Who approves deviations.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct Deviations {
    /// The roles that must all approve.
    pub approved_by: Vec<Text>,
}

/// A section: steps that are performed in order.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct Section {
    /// Its heading.
    pub title: Text,
    /// The computer it is carried out on.
    pub on: Option<Text>,
    /// How long it takes, for the reader.
    pub estimate: Option<Text>,
    /// For the reader.
    pub note: Option<Text>,
    /// The values that a GO TO must fill in.
    #[schemars(default)]
    pub takes: Vec<Text>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A step of a section.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where it is written.
    pub at: Place,
    /// What it says.
    pub kind: StepKind,
}

impl JsonSchema for Step {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Step".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> Schema {
        StepKind::json_schema(generator)
    }
}

/// DO, GO TO, IF or END.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(untagged)]
pub enum StepKind {
    /// DO: something is done, by a person or by a step handler.
    Do(Box<Do>),
    /// GO TO: a section is performed, and the ceremony comes back.
    GoTo(Box<GoTo>),
    /// IF … THEN … ELSE.
    If(Box<If>),
    /// END of the ceremony.
    End(Box<End>),
}

/// DO.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct Do {
    /// The sentence that a person reads: Markdown, rendered as a template.
    #[schemars(rename = "do")]
    pub text: Text,
    /// The step handler that does it; the person does it and confirms otherwise.
    pub uses: Option<Text>,
    /// The handler's arguments.
    #[schemars(default)]
    pub with: Map<Node>,
    /// The name of its outputs.
    pub id: Option<Text>,
    /// The participant who acts.
    pub by: Option<Text>,
    /// The participants who initial it afterwards.
    #[schemars(default)]
    pub sign_off: Vec<Text>,
    /// Whether it may be skipped (RFC 2119).
    #[schemars(default)]
    pub level: Level,
    /// What must hold afterwards.
    #[schemars(default)]
    pub expect: Vec<Expectation>,
    /// The remedy that is offered when it fails.
    pub on_failure: Option<OnFailure>,
    /// What a rehearsal answers.
    pub rehearse: Option<Rehearsal>,
    /// For the reader.
    pub note: Option<Text>,
    /// How long it takes, for the reader.
    pub estimate: Option<Text>,
}

/// GO TO.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct GoTo {
    /// What the person does first, and confirms.
    #[schemars(rename = "do")]
    pub text: Option<Text>,
    /// The section to perform.
    #[schemars(rename = "go_to")]
    pub section: Text,
    /// The values that the section takes.
    #[schemars(default)]
    pub with: Map<Node>,
    /// The name of all that the section's steps named.
    pub id: Option<Text>,
    /// The participant who acts.
    pub by: Option<Text>,
    /// The participants who initial what was done first.
    #[schemars(default)]
    pub sign_off: Vec<Text>,
    /// Whether it may be skipped (RFC 2119).
    #[schemars(default)]
    pub level: Level,
    /// What a rehearsal answers.
    pub rehearse: Option<Rehearsal>,
    /// For the reader.
    pub note: Option<Text>,
    /// How long it takes, for the reader.
    pub estimate: Option<Text>,
}

/// IF … THEN … ELSE.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct If {
    /// The condition as a person reads it.
    #[schemars(rename = "if")]
    pub text: Text,
    /// The condition as an expression; a person decides otherwise.
    pub when: Option<Text>,
    /// What is done when it holds.
    pub then: Vec<Step>,
    /// What is done when it does not.
    #[schemars(rename = "else", default)]
    pub otherwise: Vec<Step>,
    /// The participant who decides.
    pub by: Option<Text>,
    /// What a rehearsal answers: `yes` or `no`.
    pub rehearse: Option<Rehearsal>,
    /// For the reader.
    pub note: Option<Text>,
}

/// END.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct End {
    /// What is said at the end.
    #[schemars(rename = "end")]
    pub text: Text,
    /// For the reader.
    pub note: Option<Text>,
}

/// RFC 2119 levels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Level {
    /// The step has to be done.
    #[default]
    Must,
    /// The step may be skipped with a reason.
    Should,
    /// The step may be skipped.
    May,
}

impl Level {
    /// The word of the notation.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::May => "may",
        }
    }
}

/// What must hold after a step.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct Expectation {
    /// An expression that must be true.
    pub that: Text,
    /// What is said when it is not.
    #[schemars(rename = "else")]
    pub otherwise: Option<Text>,
}

/// The remedy that is offered when a step fails.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct OnFailure {
    /// The section to perform before the step is tried again.
    #[schemars(rename = "go_to")]
    pub section: Option<Text>,
    /// The values that the section takes.
    #[schemars(default)]
    pub with: Map<Node>,
    /// The roles that must approve a deviation from this step.
    #[schemars(default)]
    pub approved_by: Vec<Text>,
    /// For the reader.
    pub note: Option<Text>,
}

/// What a rehearsal answers in place of people and of the world outside.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(deny_unknown_fields, transform = without_null)]
pub struct Rehearsal {
    /// The answer to the step's question.
    #[schemars(with = "Option<serde_json::Value>")]
    pub answer: Option<Node>,
    /// The outputs that stand for the step handler's, which is then not performed.
    #[schemars(with = "Option<serde_json::Value>")]
    pub outputs: Option<Node>,
}

impl JsonSchema for Node {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> Schema {
        serde_json::Value::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}
