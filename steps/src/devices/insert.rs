//! `devices.insert`.

use super::{
    device_name::DeviceName,
    patience::{Patience, default_timeout},
};
use crate::{
    ports::{Plugged, Ports, Sought, list, owner, seek},
    yubihsm::{Device, factory_new},
};
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
    device: DeviceName,
    /// Whether there must be no other of its kind.
    #[serde(default)]
    alone: bool,
    /// Whether it is reset to its factory state by a finger on its rim while it is inserted. Everything in it is deleted.
    #[serde(default)]
    touch_reset: bool,
    /// How many seconds to wait.
    #[serde(default = "default_timeout")]
    #[schemars(range(min = 1, max = 86_400))]
    timeout: u32,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The serial number.
    serial: u32,
    /// The firmware version, for example `2.4.0`.
    firmware: String,
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
        match ports.hand() {
            Some(hand) => hand.insert(&device.name, arguments.touch_reset)?,
            None if arguments.touch_reset => ask_for_reset(ports, stage, &device, arguments.timeout)?,
            None => {}
        }
        let plugged = await_device(ports, stage, &device, &arguments)?;
        stage.bind(&device.name, plugged.serial)?;
        if !plugged.port.is_local() {
            stage.show(Notice::Information(format!(
                "{} is reached through {}, which is not this machine: what is between them can see which commands are sent, \
                 though not what is in them",
                device.name, plugged.port
            )));
        }
        if arguments.touch_reset {
            let opened = Device::plugged(device.name.clone(), plugged.clone())?;
            factory_new(stage, &opened).map_err(|failure| {
                Failure::new("not-reset", format!("{} was not reset: {}", device.name, failure.message))
                    .next("take it out, and insert it again with a finger on its rim for ten seconds")
            })?;
        }
        Ok(Outputs { serial: plugged.serial, firmware: plugged.firmware })
    }
}

/// Waits until the device is there, and alone if it must be.
fn await_device(
    ports: &dyn Ports,
    stage: &mut Stage<'_>,
    device: &NamedDevice,
    arguments: &Arguments,
) -> Result<Plugged, Failure> {
    let what = match device.serial {
        Some(serial) => format!("{}, serial number {serial}, to be inserted", device.name),
        None => format!("{} to be inserted", device.name),
    };
    let mut patience = Patience::new(arguments.timeout);
    loop {
        let present = ports.present(&device.kind, stage.bindings())?;
        if arguments.alone && present.devices.len() > 1 {
            return Err(Failure::new(
                "not-alone",
                format!("{} must be the only one; these are inserted: {}", device.name, list(&present.devices, stage)),
            )
            .next(format!("take out all but {}", device.name)));
        }
        match seek(device, &present, stage)? {
            Sought::Here(plugged) => return Ok(plugged),
            // Devices that are known by other names may stay while this one is waited for, unless it is to be alone.
            Sought::Other(failure) if arguments.alone || stranger(&present.devices, stage) => return Err(failure),
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
                format!("{} was not inserted in {} seconds: {there}", device.name, arguments.timeout),
            )
            .next(format!("insert {}, and see that the bindings say where", device.name)));
        }
    }
}

fn stranger(devices: &[Plugged], stage: &Stage<'_>) -> bool {
    devices.iter().any(|plugged| owner(plugged, stage).is_none())
}

/// Says how a device is reset, and sees to it that it is not inserted already
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-quick-start.html>, *Reset*).
fn ask_for_reset(ports: &dyn Ports, stage: &mut Stage<'_>, device: &NamedDevice, timeout: u32) -> Result<(), Failure> {
    let mut patience = Patience::new(timeout);
    loop {
        let present = ports.present(&device.kind, stage.bindings())?;
        if !matches!(seek(device, &present, stage)?, Sought::Here(_)) {
            break;
        }
        if !patience.wait(stage, &format!("{} to be taken out, so that it can be reset", device.name)) {
            return Err(Failure::new(
                "still-inserted",
                format!("{} is inserted already, and is reset only while it is being inserted", device.name),
            )
            .next(format!("take {} out, and try again", device.name)));
        }
    }
    stage.show(Notice::Information(format!(
        "Put a finger on the metal rim of {}, insert it, and keep the finger there for ten seconds after. Everything in it is \
         deleted.",
        device.name
    )));
    Ok(())
}
