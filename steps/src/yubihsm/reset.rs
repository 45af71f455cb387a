//! `yubihsm.reset`.

use super::{
    argument::{FACTORY_DEFAULT, ObjectId, YubiHsm, password},
    before::Seen,
    device::Device,
    factory::{factory_new, factory_password, others},
    session::{Command, Moment},
};
use crate::ports::{Ports, YUBIHSM2};
use officiant_engine::conduct::{Effect, Failure, Probed, SecretName, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use yubihsm::Capability;

/// Resets the device to the state it left the factory in, waits until it is back, and looks that it is so
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html#reset-device-command>).
pub(super) struct Reset(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiHsm,
    /// The authentication key to open the session with.
    #[serde(default = "ObjectId::factory")]
    authentication_key: ObjectId,
    /// Its password.
    password: SecretName,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// The firmware version.
    firmware: String,
}

const DONE: &str = "the device was reset";

/// The device restarts after a reset; it is back in a few seconds.
const RESTART: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(250);

impl StepHandler for Reset {
    const NAME: &'static str = "yubihsm.reset";
    const SUMMARY: &'static str = "Deletes everything in the device and brings the factory's authentication key back.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    const IRREVERSIBLE: Option<&'static str> =
        Some("Everything in the device is deleted, also keys that exist nowhere else.");
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let password = password(stage, &arguments.password)?;
        let device = Device::find(&*self.0, stage, &arguments.device)?;
        let session = device.open(stage, arguments.authentication_key.0, &password)?;
        let command = Command::looks("reset-device").needs(Capability::RESET_DEVICE).at(Moment::Changing(DONE));
        // The crate tells of no refusal of this command, so what would be one is looked for before.
        if let Some(lacking) = session.lacking(command) {
            return Err(Failure::new("not-permitted", format!("{} cannot be reset: {lacking}", device.name()))
                .next("use an authentication key that may, or reset it by holding its rim while it is inserted"));
        }
        let others = others(&session)?;
        let factory = factory_password(stage)?;
        let was_new =
            others == 0 && arguments.authentication_key == ObjectId::factory() && password.expose() == factory.expose();
        Seen::Device { factory_new: was_new }.record(stage, &device)?;
        session.run(command, yubihsm::Client::reset_device)?;

        await_return(&*self.0, stage, &device)?;
        factory_new(stage, &device).map_err(|mut failure| {
            failure.code = "not-reset".to_string();
            failure.message = format!("{} is not as it left the factory: {}", device.name(), failure.message);
            failure.next("reset it by holding its rim while it is inserted")
        })?;
        let identity = device.check()?;
        Ok(Outputs { serial: identity.serial, firmware: identity.firmware })
    }

    /// A device that is as it left the factory, and was not before, was reset. One that was so before is reset again, which takes
    /// nothing from it.
    fn probe(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        let password = password(stage, &arguments.password)?;
        let device = Device::find(&*self.0, stage, &arguments.device)?;
        if Seen::recorded(stage, &device)? != Some(Seen::Device { factory_new: false }) {
            return Ok(Probed::NotDone);
        }
        match factory_new(stage, &device) {
            Ok(()) => {
                let identity = device.check()?;
                Ok(Probed::Done(Outputs { serial: identity.serial, firmware: identity.firmware }))
            }
            Err(failure) if NOT_RESET.contains(&failure.code.as_str()) => {
                device.open(stage, arguments.authentication_key.0, &password)?.finish(Moment::Before)?;
                Ok(Probed::NotDone)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// With what a device that was not reset answers when it is taken for one that was.
const NOT_RESET: [&str; 3] = ["not-reset", "wrong-password", "no-authentication-key"];

/// Waits until the device has restarted.
fn await_return(ports: &dyn Ports, stage: &mut Stage<'_>, device: &Device) -> Result<(), Failure> {
    let since = Instant::now();
    loop {
        let present = ports.present(YUBIHSM2, stage.bindings())?;
        if present.devices.iter().any(|plugged| plugged.serial == device.serial()) {
            return Ok(());
        }
        if since.elapsed() >= RESTART {
            return Err(Failure::new(
                "vanished",
                format!(
                    "{} did not come back after its reset: {}; {DONE}, as far as is known",
                    device.name(),
                    present.nothing()
                ),
            )
            .next(format!("take {} out, insert it again, and look with yubihsm.list-objects", device.name()))
            .in_doubt());
        }
        let paused = Instant::now();
        stage.wait(PAUSE, &format!("{} to restart", device.name()));
        // A rehearsal does not take the time to wait, but the device does.
        thread::sleep(PAUSE.saturating_sub(paused.elapsed()));
    }
}
