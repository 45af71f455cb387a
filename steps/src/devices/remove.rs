//! `devices.remove`.

use super::{
    device_name::DeviceName,
    patience::{Patience, default_timeout, seconds},
};
use crate::ports::{Ports, numbered_subject};
use officiant_engine::conduct::{Effect, Failure, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Waits until a device is pulled out.
pub(super) struct Remove(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: DeviceName,
    /// How many seconds to wait.
    #[serde(default = "default_timeout")]
    #[schemars(range(min = 1, max = 86_400))]
    timeout: u32,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The serial number of the device that is out.
    serial: u32,
}

impl StepHandler for Remove {
    const NAME: &'static str = "devices.remove";
    const SUMMARY: &'static str = "Waits until a device is pulled out.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let device = stage.device(&arguments.device.0)?;
        let Some(serial) = device.serial else {
            return Err(Failure::new(
                "not-bound",
                format!("{} was not seen yet, so it cannot be told when it is out", device.name),
            )
            .next("use devices.insert before, or give its serial number in the bindings"));
        };
        if let Some(hand) = self.0.hand() {
            hand.remove(&device.name)?;
        }
        let which = numbered_subject(&device.name, device.serial);
        let mut patience = Patience::new(arguments.timeout);
        loop {
            let present = self.0.present(&device.kind, stage.bindings())?;
            if present.devices.iter().all(|plugged| plugged.serial != serial) {
                return Ok(Outputs { serial });
            }
            if !patience.wait(stage, &format!("{which} to be taken out")) {
                return Err(Failure::new(
                    "still-inserted",
                    format!("{which} was not taken out in {}", seconds(arguments.timeout)),
                )
                .next(format!("take {} out", device.name)));
            }
        }
    }
}
