//! What differs between machines: it never changes what the runbook says to do, and holds no secret.

use super::{Question, QuestionKind, Reply};
use crate::{
    notation::{Map, Runbook, Text, nearest},
    record::ParticipantRecord,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `bindings.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Bindings {
    /// Who fills each role, by role.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub participants: BTreeMap<String, String>,
    /// The runbook's inputs that need not be asked, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, String>,
    /// Where each device is, by the runbook's name for it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub devices: BTreeMap<String, DeviceBinding>,
    /// Where devices can be plugged in.
    #[serde(skip_serializing_if = "YubiHsmBindings::is_default")]
    pub yubihsm: YubiHsmBindings,
    /// How AWS KMS is reached; the user's own AWS configuration says what is not said here.
    #[serde(skip_serializing_if = "KmsBindings::is_default")]
    pub kms: KmsBindings,
    /// A second folder that every product is copied to, for example a flash stick.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub products: Option<String>,
}

/// Where a device is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeviceBinding {
    /// The connector that serves it (`http://127.0.0.1:12345`), or `usb`; any that is plugged in otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
    /// The serial number that it must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<u32>,
}

/// Where `YubiHSM` 2 devices can be plugged in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct YubiHsmBindings {
    /// The connectors to look at (`http://127.0.0.1:12345`), or `usb`; USB alone when none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connectors: Vec<String>,
}

/// How AWS KMS is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KmsBindings {
    /// The profile of the AWS configuration whose credentials are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The endpoint to ask (`https://kms.us-east-1.amazonaws.com`); that of the key's region when none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The region to ask; the one that the key's ARN names when none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

impl KmsBindings {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl YubiHsmBindings {
    fn is_default(&self) -> bool {
        self.connectors.is_empty()
    }
}

impl Bindings {
    /// The participants of a runbook with the names that the bindings give them.
    #[must_use]
    pub fn participants(&self, runbook: &Runbook) -> BTreeMap<String, ParticipantRecord> {
        let record = |role: &Text, title: &Text| ParticipantRecord {
            title: title.value.clone(),
            name: self.participants.get(role.as_str()).cloned(),
        };
        runbook.participants.iter().map(|(role, it)| (role.value.clone(), record(role, &it.title))).collect()
    }

    /// What in the bindings does not fit a runbook, each with what to do: names that it does not know, and inputs that it
    /// would refuse.
    #[must_use]
    pub fn wrong_for(&self, runbook: &Runbook) -> Vec<String> {
        fn unknown<'a, T>(
            what: &str,
            bound: impl Iterator<Item = &'a String>,
            known: &Map<T>,
            wrong: &mut Vec<String>,
        ) {
            for name in bound.filter(|name| !known.contains_key(name.as_str())) {
                let near = nearest(name, known.keys().map(Text::as_str));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                wrong.push(format!("the runbook has no {what} `{name}`{near}"));
            }
        }
        let mut wrong = Vec::new();
        unknown("participant", self.participants.keys(), &runbook.participants, &mut wrong);
        unknown("input", self.inputs.keys(), &runbook.inputs, &mut wrong);
        unknown("device", self.devices.keys(), &runbook.devices, &mut wrong);
        for (name, input) in &runbook.inputs {
            if let Some(bound) = self.inputs.get(name.as_str())
                && let Err(why) =
                    Question::new("", QuestionKind::from(input)).settle(Reply::Value(bound.clone().into()))
            {
                wrong.push(format!("the input `{name}`: {why}"));
            }
        }
        if self.kms.endpoint.as_ref().is_some_and(|endpoint| endpoint.contains('@')) {
            wrong.push("the endpoint of KMS has a name or a password in it, and bindings are recorded".to_string());
        }
        let serials: Vec<u32> = self.devices.values().filter_map(|device| device.serial).collect();
        if let Some(twice) = serials.iter().enumerate().find(|(at, serial)| serials[..*at].contains(serial)) {
            wrong.push(format!("two devices are bound to the serial number {}", twice.1));
        }
        wrong
    }
}
