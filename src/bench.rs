//! The bench of a rehearsal: virtual devices, and the hand that plugs them in.

use officiant_devices::yubihsm::{
    Connector, Ed25519Attestation, RunningConnector, Settings, VirtualYubiHsm, rehearsal_anchors,
};
use officiant_engine::{
    conduct::{Bindings, Failure},
    notation::Runbook,
};
use officiant_steps::ports::{Hand, Port, Ports, Present, YUBIHSM2, look_at};
use std::{
    collections::BTreeMap,
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The first serial number that is made up.
const FIRST_SERIAL: u32 = 9_000_001;

/// The virtual devices of a rehearsal.
#[derive(Default)]
pub struct Bench(Mutex<State>);

#[derive(Default)]
struct State {
    folder: PathBuf,
    devices: BTreeMap<String, Settings>,
    running: BTreeMap<String, RunningConnector>,
}

impl Bench {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides what each device of the runbook is; returns their serial numbers.
    pub fn lay_out(&self, runbook: &Runbook, bindings: &Bindings) -> Result<BTreeMap<String, u32>, String> {
        let mut state = self.state();
        for ((name, device), made_up) in runbook.devices.iter().zip(FIRST_SERIAL..) {
            if device.kind.as_str() != YUBIHSM2 {
                return Err(format!("there is no virtual {} to rehearse {name} with", device.kind));
            }
            let virtual_device = device.rehearse.as_ref();
            let bound = bindings.devices.get(name.as_str()).and_then(|binding| binding.serial);
            let serial = bound.or(virtual_device.and_then(|it| it.serial)).unwrap_or(made_up);
            let mut settings = Settings::new(serial, PathBuf::new());
            // The client leaves its sessions open, and a rehearsal goes through the device's 16 faster than people do.
            settings.session_timeout = Duration::from_secs(5);
            // Devices so far refuse; a runbook says so where it wants to see what happens then.
            settings.ed25519_attestation = match virtual_device.and_then(|it| it.attests_ed25519) {
                Some(false) => Ed25519Attestation::default(),
                _ => Ed25519Attestation::Attested,
            };
            if let Some(firmware) = virtual_device.and_then(|it| it.firmware.as_ref()) {
                settings.firmware =
                    Some(firmware.parse().map_err(|error| format!("{name}: firmware {firmware}: {error}"))?);
            }
            state.devices.insert(name.value.clone(), settings);
        }
        let mut names: BTreeMap<u32, &String> = BTreeMap::new();
        for (name, settings) in &state.devices {
            if let Some(other) = names.insert(settings.serial, name) {
                return Err(format!("{other} and {name} have the same serial number, {}", settings.serial));
            }
        }
        Ok(state.devices.iter().map(|(name, settings)| (name.clone(), settings.serial)).collect())
    }

    /// Gives the devices a folder for their state, and writes what their certificates lead to beside it.
    pub fn power(&self, folder: &Path) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("`{}`: {error}", folder.display());
        DirBuilder::new().mode(0o700).create(folder).map_err(failed)?;
        write_anchors(folder)?;
        self.state().folder = folder.to_path_buf();
        Ok(())
    }
}

impl State {
    /// The connector of a device, which is started when it is first needed, with nothing plugged in.
    fn connector(&mut self, name: &str) -> Result<&RunningConnector, Failure> {
        let failed = |error: officiant_devices::yubihsm::Error| {
            Failure::new("virtual-device", format!("the virtual {name} does not work: {error}"))
        };
        if !self.running.contains_key(name) {
            let Some(settings) = self.devices.get(name) else {
                return Err(Failure::new("virtual-device", format!("there is no virtual device `{name}`")));
            };
            let settings = Settings { state: self.folder.join(state_file(name)), ..settings.clone() };
            let device = VirtualYubiHsm::open(&settings).map_err(failed)?;
            device.unplug();
            let running = Connector::start(device, ([127, 0, 0, 1], 0).into()).map_err(failed)?;
            self.running.insert(name.to_string(), running);
        }
        self.running.get(name).ok_or_else(|| Failure::new("virtual-device", format!("the virtual {name} went away")))
    }
}

impl Ports for Bench {
    fn present(&self, kind: &str, _: &Bindings) -> Result<Present, Failure> {
        let state = self.state();
        let plugged = state.running.values().filter(|connector| connector.device().is_plugged());
        let ports = plugged.map(|connector| connector.url().parse()).collect::<Result<Vec<Port>, _>>()?;
        drop(state);
        if ports.is_empty() {
            return Ok(Present { devices: Vec::new(), empty: vec!["no virtual device is plugged in".into()] });
        }
        look_at(kind, &ports)
    }

    fn hand(&self) -> Option<&dyn Hand> {
        Some(self)
    }
}

impl Hand for Bench {
    fn insert(&self, device: &str, touch_reset: bool) -> Result<(), Failure> {
        let mut state = self.state();
        let virtual_device = state.connector(device)?.device();
        if touch_reset {
            virtual_device.touch_reset().map_err(|error| {
                Failure::new("virtual-device", format!("the virtual {device} does not reset: {error}"))
            })?;
        }
        virtual_device.plug();
        Ok(())
    }

    fn remove(&self, device: &str) -> Result<(), Failure> {
        self.state().connector(device)?.device().unplug();
        Ok(())
    }
}

/// The file of a device's state: its name, of which `check` lets nothing through that a path would mind.
fn state_file(name: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    format!("{}.json", name.replace(|character: char| !plain(character), "_"))
}

/// Writes the certificates that every virtual device's attestations lead to, as PEM.
pub fn write_anchors(folder: &Path) -> Result<(), String> {
    let anchors = rehearsal_anchors().map_err(|error| error.to_string())?;
    for (name, pem) in [("rehearsal-root.pem", &anchors.root_pem), ("rehearsal-sub-ca.pem", &anchors.sub_ca_pem)] {
        let path = folder.join(name);
        std::fs::write(&path, pem).map_err(|error| format!("`{}`: {error}", path.display()))?;
    }
    Ok(())
}
