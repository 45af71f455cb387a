//! `yubihsm.device-info`.

use super::{
    argument::{YubiHsm, algorithm_name},
    device::Device,
};
use crate::ports::{Ports, part_number};
use officiant_engine::conduct::{Effect, Failure, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Reads what the device tells everybody
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html#get-device-info-command>).
pub(super) struct DeviceInfo(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiHsm,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The serial number.
    serial: u32,
    /// The firmware version, for example `2.4.0`.
    firmware: String,
    /// The part number of the chip; firmware before 2.4 does not tell.
    part_number: Option<String>,
    /// The audit log.
    log_store: LogStore,
    /// The algorithms that the firmware has, by the vendor's names.
    algorithms: Vec<String>,
}

/// The device's audit log.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct LogStore {
    /// How many entries it holds.
    capacity: u8,
    /// How many are in use.
    used: u8,
}

impl StepHandler for DeviceInfo {
    const NAME: &'static str = "yubihsm.device-info";
    const SUMMARY: &'static str = "Reads a YubiHSM 2's serial number, firmware version, log and algorithms.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let device = Device::find(&*self.0, stage, &arguments.device)?;
        let part_number = part_number(device.connector()).unwrap_or_default();
        let identity = device.check()?;
        Ok(Outputs {
            serial: identity.serial,
            firmware: identity.firmware,
            part_number,
            log_store: LogStore { capacity: identity.log_capacity, used: identity.log_used },
            algorithms: identity.algorithms.into_iter().map(algorithm_name).collect(),
        })
    }
}
