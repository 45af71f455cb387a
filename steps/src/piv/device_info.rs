//! `piv.device-info`.

use super::{
    argument::YubiKeyName,
    card::{Card, Moment},
    management::{algorithm_name, is_protected},
    reference::{Reference, State},
};
use crate::{attestation::Version, ports::Ports};
use officiant_engine::conduct::{Effect, Exhibit, Failure, Objection, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Reads what the device tells everybody
/// (<https://docs.yubico.com/yesdk/users-manual/application-management/apdu/get-device-info.html>,
/// <https://docs.yubico.com/yesdk/users-manual/application-piv/apdu/metadata.html>).
pub(super) struct DeviceInfo(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiKeyName,
    /// The oldest firmware that will do, for example `5.7.0`: compared, and told as `firmware_will_do`.
    firmware_at_least: Option<String>,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The serial number.
    serial: u32,
    /// The firmware version, for example `5.4.3`.
    firmware: String,
    /// Whether the firmware is `firmware_at_least` or newer; nothing when that was not asked.
    firmware_will_do: Option<bool>,
    /// Its form, for example `USB-C keychain`; firmware before 5 does not tell.
    form_factor: Option<String>,
    /// Whether it is a FIPS device.
    fips: bool,
    /// Whether it is in the FIPS mode now; firmware before 5.7 does not tell.
    fips_approved: Option<bool>,
    /// The PIN.
    pin: OfReference,
    /// The PUK.
    puk: OfReference,
    /// The management key.
    management_key: OfManagementKey,
}

/// What the device tells of its PIN or PUK; firmware before 5.3 tells little.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct OfReference {
    /// Whether it is the factory's.
    default: Option<bool>,
    /// How many tries are left.
    tries: Option<u8>,
    /// How many there are after a right one.
    tries_at_most: Option<u8>,
}

/// What the device tells of its management key.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct OfManagementKey {
    /// `TDES`, `AES128`, `AES192` or `AES256`.
    algorithm: String,
    /// Whether it is the factory's; firmware before 5.3 does not tell.
    default: Option<bool>,
    /// Whether the device keeps it under its PIN.
    protected: bool,
}

impl From<State> for OfReference {
    fn from(State { default, tries, most }: State) -> Self {
        Self { default, tries, tries_at_most: most }
    }
}

impl Arguments {
    /// The oldest firmware that will do.
    ///
    /// # Errors
    /// `firmware-version`
    fn least(&self) -> Result<Option<Version>, Failure> {
        let least = self.firmware_at_least.as_deref().map(Version::parse).transpose();
        least.map_err(|said| {
            Failure::new("firmware-version", said).next("write three numbers in `firmware_at_least`, such as 5.7.0")
        })
    }
}

/// Whether a device's firmware is a version or newer.
fn will_do(firmware: &str, least: Version) -> bool {
    Version::parse(firmware).is_ok_and(|firmware| firmware >= least)
}

impl StepHandler for DeviceInfo {
    const NAME: &'static str = "piv.device-info";
    const SUMMARY: &'static str = "Reads a YubiKey's serial number, firmware version and form, and whether PIN, PUK and management key are the factory's.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let least = arguments.least()?;
        let mut card = Card::find(&*self.0, stage, &arguments.device)?;
        let management = card.management_key()?;
        Ok(Outputs {
            serial: card.serial(),
            firmware: card.firmware().to_string(),
            firmware_will_do: least.map(|least| will_do(&card.firmware().to_string(), least)),
            form_factor: card.info().map(|info| info.form().to_string()),
            fips: card.is_fips(),
            fips_approved: card.info().and_then(|info| info.fips_approved),
            pin: card.state(Reference::Pin)?.into(),
            puk: card.state(Reference::Puk)?.into(),
            management_key: OfManagementKey {
                algorithm: algorithm_name(management.algorithm).to_string(),
                default: management.default,
                protected: is_protected(&mut card, Moment::Before)?,
            },
        })
    }

    /// Whether the firmware will do follows from its version.
    fn audit(&self, arguments: &Arguments, outputs: &Value, _: &Exhibit<'_>) -> Vec<Objection> {
        let firmware = outputs["firmware"].as_str().unwrap_or_default();
        let told = match arguments.least() {
            Ok(least) => least.map(|least| will_do(firmware, least)),
            Err(failure) => return vec![Objection::wrong("firmware", failure.message)],
        };
        if outputs["firmware_will_do"] == Value::from(told) {
            return Vec::new();
        }
        vec![Objection::wrong("firmware", "whether the firmware will do is not what its version says")]
    }
}
