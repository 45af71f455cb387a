//! `piv.device-info`.

use super::{
    argument::YubiKeyName,
    card::{Card, Moment},
    management::{algorithm_name, is_protected},
    reference::{Reference, State},
};
use crate::ports::Ports;
use officiant_engine::conduct::{Effect, Failure, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The serial number.
    serial: u32,
    /// The firmware version, for example `5.4.3`.
    firmware: String,
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

impl StepHandler for DeviceInfo {
    const NAME: &'static str = "piv.device-info";
    const SUMMARY: &'static str = "Reads a YubiKey's serial number, firmware version and form, and whether PIN, PUK and management key are the factory's.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let mut card = Card::find(&*self.0, stage, &arguments.device)?;
        let management = card.management_key()?;
        Ok(Outputs {
            serial: card.serial(),
            firmware: card.firmware().to_string(),
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
}
