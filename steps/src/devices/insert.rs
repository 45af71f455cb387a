//! `devices.insert`.

use super::{
    device_name::DeviceName,
    patience::{Patience, default_timeout, seconds},
};
use crate::ports::{Plugged, Ports, Sought, list, numbered_subject, owner, seek};
use officiant_engine::conduct::{Effect, Failure, NamedDevice, Notice, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Waits until a device is plugged in, and binds its name to its serial number.
pub(super) struct Insert(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    pub(super) device: DeviceName,
    /// Whether there must be no other of its kind.
    #[serde(default)]
    pub(super) alone: bool,
    /// How many seconds to wait.
    #[serde(default = "default_timeout")]
    #[schemars(range(min = 1, max = 86_400))]
    pub(super) timeout: u32,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The serial number.
    pub(super) serial: u32,
    /// The firmware version, for example `2.4.0`.
    pub(super) firmware: String,
}

impl StepHandler for Insert {
    const NAME: &'static str = "devices.insert";
    const SUMMARY: &'static str =
        "Waits until a device is plugged in; from then on its name stands for its serial number.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let ports = &*self.0;
        let device = stage.device(&arguments.device.0)?;
        if let Some(hand) = ports.hand() {
            hand.insert(&device.name, false)?;
        }
        let plugged = await_device(ports, stage, &device, arguments.alone, arguments.timeout)?;
        bind(stage, &device, &plugged)?;
        Ok(Outputs { serial: plugged.serial, firmware: plugged.firmware })
    }
}

/// Binds the name to the device, and says when the device is reached through another machine.
pub(super) fn bind(stage: &mut Stage<'_>, device: &NamedDevice, plugged: &Plugged) -> Result<(), Failure> {
    stage.bind(&device.name, plugged.serial)?;
    if !plugged.port.is_local() {
        stage.show(Notice::Information(format!(
            "{} is reached through {}, which is not this machine: what is between them can see which commands are sent, though \
             not what is in them",
            device.name, plugged.port
        )));
    }
    Ok(())
}

/// Waits until the device is there, and alone if it must be.
pub(super) fn await_device(
    ports: &dyn Ports,
    stage: &mut Stage<'_>,
    device: &NamedDevice,
    alone: bool,
    timeout: u32,
) -> Result<Plugged, Failure> {
    let what = format!("{} to be inserted", numbered_subject(&device.name, device.serial));
    let mut patience = Patience::new(timeout);
    loop {
        let present = ports.present(&device.kind, stage.bindings())?;
        if alone && present.devices.len() > 1 {
            return Err(Failure::new(
                "not-alone",
                format!("{} must be the only one; these are inserted: {}", device.name, list(&present.devices, stage)),
            )
            .next(format!("take out all but {}", device.name)));
        }
        match seek(ports, device, &present, stage)? {
            Sought::Here(plugged) => return Ok(plugged),
            // Devices that are known by other names may stay while this one is waited for, unless it is to be alone.
            Sought::Other(failure) if alone || stranger(&present.devices, stage) => return Err(failure),
            Sought::Other(_) | Sought::Nowhere => {}
        }
        if !patience.wait(stage, &what) {
            let there = if present.devices.is_empty() {
                present.nothing()
            } else {
                format!("what is inserted: {}", list(&present.devices, stage))
            };
            return Err(Failure::new(
                "no-device",
                format!("{} was not inserted in {}: {there}", device.name, seconds(timeout)),
            )
            .next(format!("insert {}, and see that the bindings say where", device.name)));
        }
    }
}

fn stranger(devices: &[Plugged], stage: &Stage<'_>) -> bool {
    devices.iter().any(|plugged| owner(plugged, stage).is_none())
}
