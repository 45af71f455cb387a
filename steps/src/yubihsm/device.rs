//! The device that a step talks to.

use super::{argument::YubiHsm, session::Session};
use crate::ports::{Identity, Plugged, Ports, YUBIHSM2, find, numbered};
use officiant_engine::conduct::{Failure, Secret, Stage};
use std::{
    thread,
    time::{Duration, Instant},
};
use yubihsm::Connector;

/// The device forgets a session after 30 seconds without a command
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-core-concepts.html>).
const SESSION_TIMEOUT: Duration = Duration::from_secs(31);
const PAUSE: Duration = Duration::from_millis(500);

/// The device that a step talks to: the one that its runbook names, and no other.
pub(crate) struct Device {
    name: String,
    serial: u32,
    plugged: Plugged,
    connector: Connector,
}

impl Device {
    /// Finds the named device among those that are plugged in, binds its name to its serial number, and asks the very connection
    /// that the step will use which device it leads to.
    ///
    /// # Errors
    /// `no-device`, `wrong-device`, `which-device`, `wrong-kind`.
    pub(crate) fn find(ports: &dyn Ports, stage: &mut Stage<'_>, name: &YubiHsm) -> Result<Self, Failure> {
        let (name, plugged) = find(ports, stage, &name.0, YUBIHSM2)?;
        let device = Self::plugged(name, plugged)?;
        device.check()?;
        Ok(device)
    }

    /// A device that is known to be plugged in.
    pub(crate) fn plugged(name: String, plugged: Plugged) -> Result<Self, Failure> {
        Ok(Self { name, serial: plugged.serial, connector: plugged.connect()?, plugged })
    }

    /// The runbook's name for it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its serial number.
    pub(crate) fn serial(&self) -> u32 {
        self.serial
    }

    /// Its firmware version.
    pub(crate) fn firmware(&self) -> &str {
        &self.plugged.firmware
    }

    pub(crate) fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Whether the connection leads to this device, and not to one that took its place: before the first command and after the
    /// last.
    ///
    /// # Errors
    /// `wrong-device`, `vanished`.
    pub(crate) fn check(&self) -> Result<Identity, Failure> {
        let identity = Identity::read(&self.connector).map_err(|why| {
            Failure::new("vanished", format!("{} went away: {why}", self.name))
                .next(format!("insert {} again", self.name))
        })?;
        if identity.serial != self.serial {
            return Err(Failure::new(
                "wrong-device",
                if self.name == self.serial.to_string() {
                    format!("the device that answers has the serial number {}, not {}", identity.serial, self.serial)
                } else {
                    format!(
                        "{} is the device with the serial number {}; the one that answers has {}",
                        self.name, self.serial, identity.serial
                    )
                },
            )
            .next(format!("take it out and insert {}", numbered(&self.name, Some(self.serial)))));
        }
        Ok(identity)
    }

    /// Opens a session with an authentication key.
    ///
    /// The `yubihsm` crate 0.42.1 does not close sessions, and a device has 16 of them: when all are taken, this waits until one
    /// has expired.
    ///
    /// # Errors
    /// `wrong-password`, `no-authentication-key`, `sessions-full`, `vanished`.
    pub(crate) fn open(&self, stage: &mut Stage<'_>, key: u16, password: &Secret) -> Result<Session<'_>, Failure> {
        let since = Instant::now();
        loop {
            let failure = match Session::open(self, key, password) {
                Err(failure) if failure.code == "sessions-full" => failure,
                other => return other,
            };
            if since.elapsed() >= SESSION_TIMEOUT {
                return Err(failure);
            }
            let paused = Instant::now();
            stage.wait(PAUSE, &format!("a session of {} to expire; all are taken", self.name));
            // A rehearsal does not take the time to wait, but the device does.
            thread::sleep(PAUSE.saturating_sub(paused.elapsed()));
        }
    }
}
