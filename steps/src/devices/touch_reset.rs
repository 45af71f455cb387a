//! `devices.touch-reset`.

use super::{
    insert::{Arguments, Outputs, await_device, bind},
    patience::Patience,
};
use crate::{
    ports::{Ports, Sought, YUBIKEY, seek},
    yubihsm::{Device, factory_new},
};
use officiant_engine::conduct::{Effect, Failure, NamedDevice, Notice, Probed, Stage, StepHandler};
use std::{sync::Arc, time::Duration};

/// Waits until a device is plugged in with a finger on it, which resets it, and binds its name to its serial number.
pub(super) struct TouchReset(pub(super) Arc<dyn Ports>);

/// The device resets itself when it was touched for ten seconds, and restarts.
const TOUCH: Duration = Duration::from_secs(12);

impl StepHandler for TouchReset {
    const NAME: &'static str = "devices.touch-reset";
    const SUMMARY: &'static str =
        "Waits until a device is plugged in with a finger on its rim, which resets it to its factory state.";
    const EFFECT: Effect = Effect::Changes;
    const IRREVERSIBLE: Option<&'static str> = Some("Everything in the device is deleted.");
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let ports = &*self.0;
        let device = stage.device(&arguments.device.0)?;
        if device.kind == YUBIKEY {
            let said = format!("{} is a YubiKey, which no touch resets", device.name);
            return Err(Failure::new("wrong-kind", said).next("use piv.reset in the runbook"));
        }
        match ports.hand() {
            Some(hand) => hand.insert(&device.name, true)?,
            None => {
                ask_for_reset(ports, stage, &device, arguments.timeout)?;
                await_device(ports, stage, &device, arguments.alone, arguments.timeout)?;
                stage.wait(TOUCH, &format!("{} to reset itself; keep the finger on its rim", device.name));
            }
        }
        // It restarts when it was reset.
        let plugged = await_device(ports, stage, &device, arguments.alone, arguments.timeout)?;
        bind(stage, &device, &plugged)?;
        let opened = Device::plugged(device.name.clone(), plugged.clone())?;
        factory_new(stage, &opened).map_err(|failure| {
            Failure::new("not-reset", format!("{} was not reset: {}", device.name, failure.message))
                .next("take it out, and insert it again with a finger on its rim for ten seconds")
        })?;
        Ok(Outputs { serial: plugged.serial, firmware: plugged.firmware })
    }

    /// Nothing that was seen before would tell, for the device is not in before it is reset; and reset a second time it is as
    /// after the first. So it is done again.
    fn probe(&self, _: Arguments, _: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        Ok(Probed::NotDone)
    }
}

/// Says how a device is reset, and sees to it that it is not inserted already
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-quick-start.html>, *Reset*).
fn ask_for_reset(ports: &dyn Ports, stage: &mut Stage<'_>, device: &NamedDevice, timeout: u32) -> Result<(), Failure> {
    let mut patience = Patience::new(timeout);
    loop {
        let present = ports.present(&device.kind, stage.bindings())?;
        if !matches!(seek(ports, device, &present, stage)?, Sought::Here(_)) {
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
