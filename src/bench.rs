//! The bench of a rehearsal: virtual devices, and the hand that plugs them in.

mod anchors;
pub mod fault;
mod ledger;
mod retry;

pub use anchors::{write_anchors, write_piv_anchors};
pub use retry::Retrying;

use ledger::{Ledger, Place};
use officiant_devices::{
    AttestationKey,
    yubihsm::{Connector, Ed25519Attestation, Fault, RunningConnector, Settings, VirtualYubiHsm},
};
use officiant_engine::{
    conduct::{Bindings, Failure},
    notation::{Complaint, Complaints, Runbook, nearest},
};
use officiant_steps::ports::{Hand, Port, Ports, Present, YUBIHSM2, look_at};
use std::{
    collections::BTreeMap,
    fs::DirBuilder,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The first serial number that is made up.
const FIRST_SERIAL: u32 = 9_000_001;

/// The virtual devices of a rehearsal.
///
/// A new rehearsal calls [`lay_out`](Self::lay_out), then [`power`](Self::power) once the ceremony folder is there. One
/// that goes on after a break calls [`reopen`](Self::reopen) instead of both.
#[derive(Default)]
pub struct Bench(Mutex<State>);

#[derive(Default)]
struct State {
    folder: PathBuf,
    devices: BTreeMap<String, Settings>,
    faults: BTreeMap<String, Vec<Fault>>,
    /// There once the bench has a folder.
    ledger: Option<Arc<Ledger>>,
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
            let faults = virtual_device.map(|it| it.faults.as_slice()).unwrap_or_default();
            let faults = faults.iter().map(|it| fault::of_runbook(it).map_err(|(_, why)| format!("{name}: {why}")));
            state.faults.insert(name.value.clone(), faults.collect::<Result<_, _>>()?);
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

    /// Complains of the faults in a runbook that are none of its devices'.
    pub fn check(runbook: &Runbook, complaints: &mut Complaints) {
        let devices = runbook.devices.values().filter(|device| device.kind.as_str() == YUBIHSM2);
        for fault in devices.filter_map(|device| device.rehearse.as_ref()).flat_map(|device| &device.faults) {
            if let Err((place, message)) = fault::of_runbook(fault) {
                complaints.push(Complaint::error("rehearse", place, message));
            }
        }
        complaints.settle();
    }

    /// Lets a device of the runbook fail, once it is laid out and before it has power.
    ///
    /// # Errors
    /// There is no device of that name.
    pub fn inject(&self, device: &str, fault: Fault) -> Result<(), String> {
        let mut state = self.state();
        if !state.devices.contains_key(device) {
            let near = nearest(device, state.devices.keys().map(String::as_str));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(format!("the runbook declares no device `{device}`{near}"));
        }
        state.faults.entry(device.to_string()).or_default().push(fault);
        Ok(())
    }

    /// Gives all devices that are laid out one attestation key, which takes a moment to make.
    pub fn share(&self, key: &AttestationKey) {
        self.state().devices.values_mut().for_each(|settings| settings.attestation_key = Some(key.clone()));
    }

    /// Takes back the faults of the runbook, and those that were injected, before the devices have power.
    pub fn take_faults(&self) -> Vec<(String, Fault)> {
        let faults = std::mem::take(&mut self.state().faults).into_iter();
        faults.flat_map(|(name, faults)| faults.into_iter().map(move |fault| (name.clone(), fault))).collect()
    }

    /// The faults that have not happened, as they are written on the command line.
    pub fn faults_left(&self) -> Vec<String> {
        let ledger = self.state().ledger.clone();
        let places = ledger.map(|ledger| ledger.devices()).unwrap_or_default().into_iter();
        let left = places.flat_map(|(name, place)| place.faults().into_iter().map(move |fault| (name.clone(), fault)));
        left.map(|(name, fault)| format!("{name}:{}", fault::spell(fault))).collect()
    }

    /// Lets every device that was plugged in so far fail at the next such command.
    pub fn arm(&self, fault: Fault) {
        self.state().running.values().for_each(|connector| connector.device().inject(fault));
    }

    /// Takes back the faults that have not happened.
    pub fn disarm(&self) {
        self.state().running.values().for_each(|connector| connector.device().clear_faults());
    }

    /// Gives the devices a folder for their state, and writes what their certificates lead to beside it.
    pub fn power(&self, folder: &Path) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("`{}`: {error}", folder.display());
        DirBuilder::new().mode(0o700).create(folder).map_err(failed)?;
        self.power_in(folder)
    }

    fn power_in(&self, folder: &Path) -> Result<(), String> {
        write_anchors(folder)?;
        let mut state = self.state();
        let place = |(name, settings): (&String, &Settings)| {
            let faults = state.faults.get(name).map(Vec::as_slice).unwrap_or_default();
            (name.clone(), Place::new(settings.serial, faults))
        };
        let ledger = Ledger::create(folder, state.devices.iter().map(place).collect())?;
        state.ledger = Some(Arc::new(ledger));
        state.folder = folder.to_path_buf();
        Ok(())
    }

    /// Lays the bench of a rehearsal out again that was broken off, from its folder (`DIR/rehearsal`), whenever the
    /// process was killed; returns the devices' serial numbers, which are those of before. Devices that were plugged in
    /// are plugged in again. Faults that happened do not happen again; those to come still come.
    ///
    /// A rehearsal that was killed before it had a bench, and so before its first step, gets a new one, with the runbook's
    /// faults.
    ///
    /// # Errors
    /// The folder cannot be used, or the bindings name another serial number than before.
    pub fn reopen(
        &self,
        folder: &Path,
        runbook: &Runbook,
        bindings: &Bindings,
    ) -> Result<BTreeMap<String, u32>, String> {
        let serials = self.lay_out(runbook, bindings)?;
        let Some(ledger) = Ledger::open(folder)? else {
            let failed = |error: std::io::Error| format!("`{}`: {error}", folder.display());
            DirBuilder::new().mode(0o700).recursive(true).create(folder).map_err(failed)?;
            self.power_in(folder)?;
            return Ok(serials);
        };
        write_anchors(folder)?;
        let places = ledger.devices();
        let mut state = self.state();
        for (name, settings) in &mut state.devices {
            let Some(place) = places.get(name) else {
                return Err(format!("{name} was not on the bench when the rehearsal began"));
            };
            let bound = bindings.devices.get(name).and_then(|binding| binding.serial);
            if let Some(bound) = bound.filter(|bound| *bound != place.serial) {
                let before = place.serial;
                return Err(format!("{name} had the serial number {before}, and the bindings now say {bound}"));
            }
            settings.serial = place.serial;
        }
        state.ledger = Some(Arc::new(ledger));
        state.folder = folder.to_path_buf();
        for (name, _) in places.iter().filter(|(_, place)| place.plugged) {
            state.connector(name).map_err(|failure| failure.message)?.device().plug();
        }
        Ok(places.into_iter().map(|(name, place)| (name, place.serial)).collect())
    }

    /// Plugs the devices in again that a fault took, as a person does before trying again; returns their names.
    ///
    /// # Errors
    /// One of them does not work.
    pub fn put_back(&self) -> Result<Vec<String>, Failure> {
        let ledger = self.state().ledger.clone();
        let places = ledger.map(|ledger| ledger.devices()).unwrap_or_default();
        let fallen: Vec<String> = places.into_iter().filter(|(_, place)| place.fell).map(|(name, _)| name).collect();
        fallen.iter().try_for_each(|name| self.insert(name, false))?;
        Ok(fallen)
    }
}

impl State {
    /// The connector of a device, which is started when it is first needed, with nothing plugged in.
    fn connector(&mut self, name: &str) -> Result<&RunningConnector, Failure> {
        let failed = |error: officiant_devices::Error| {
            Failure::new("virtual-device", format!("the virtual {name} does not work: {error}"))
        };
        if !self.running.contains_key(name) {
            let Some(settings) = self.devices.get(name) else {
                return Err(Failure::new("virtual-device", format!("there is no virtual device `{name}`")));
            };
            let settings = Settings { state: self.folder.join(state_file(name)), ..settings.clone() };
            let device = VirtualYubiHsm::open(&settings).map_err(failed)?;
            device.unplug();
            if let Some(ledger) = &self.ledger {
                ledger.device(name).iter().flat_map(Place::faults).for_each(|fault| device.inject(fault));
                device.watch(watcher(ledger.clone(), name.to_string()));
            }
            let running = Connector::start(device, ([127, 0, 0, 1], 0).into()).map_err(failed)?;
            self.running.insert(name.to_string(), running);
        }
        self.running.get(name).ok_or_else(|| Failure::new("virtual-device", format!("the virtual {name} went away")))
    }

    /// Writes down whether a device is in, before it is.
    fn write_down(&self, name: &str, plugged: bool) -> Result<(), Failure> {
        let Some(ledger) = &self.ledger else { return Ok(()) };
        let changed = ledger.change(name, |place| {
            place.plugged = plugged;
            place.fell = false;
        });
        changed.map_err(|error| {
            Failure::new("virtual-device", format!("where the virtual {name} is cannot be written down: {error}"))
                .next("see that the disk is there, writable and not full")
        })
    }
}

/// Writes down what a fault did, before anybody learns of it.
fn watcher(ledger: Arc<Ledger>, name: String) -> impl Fn(&[Fault], bool) + Send + 'static {
    move |faults, plugged| {
        let written = ledger.change(&name, |place| {
            place.fell |= place.plugged && !plugged;
            place.plugged = plugged;
            place.set_faults(faults);
        });
        if let Err(error) = written {
            tracing::error!(%error, "the fault of {name} may happen again after a break");
        }
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
        let virtual_device = state.connector(device)?.device().clone();
        state.write_down(device, true)?;
        if touch_reset {
            virtual_device.touch_reset().map_err(|error| {
                Failure::new("virtual-device", format!("the virtual {device} does not reset: {error}"))
            })?;
        }
        virtual_device.plug();
        Ok(())
    }

    fn remove(&self, device: &str) -> Result<(), Failure> {
        let mut state = self.state();
        let virtual_device = state.connector(device)?.device().clone();
        state.write_down(device, false)?;
        virtual_device.unplug();
        Ok(())
    }
}

/// The file of a device's state: its name, of which `check` lets nothing through that a path would mind.
fn state_file(name: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    format!("{}.json", name.replace(|character: char| !plain(character), "_"))
}

/// A new file, also where something else has its name: nothing is written through a link.
fn create_anew(path: &Path) -> std::io::Result<std::fs::File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use officiant_devices::yubihsm::Reply;
    use officiant_engine::notation::load_text;

    const DEVICE_INFO: [u8; 3] = [0x06, 0, 0];

    fn runbook() -> Runbook {
        let text = "notation: 1\ntitle: x\ndevices:\n  A: { kind: yubihsm2, rehearse: { serial: 7550054 } }\n  \
                    B: { kind: yubihsm2 }\nsections: { a: { title: x, steps: [{ end: x }] } }\n";
        load_text("runbook.yaml", text).runbook.unwrap()
    }

    /// A bench with two devices and one fault, in a folder.
    fn laid_out(folder: &Path, fault: &str) -> Bench {
        let bench = Bench::default();
        bench.lay_out(&runbook(), &Bindings::default()).unwrap();
        bench.inject("A", fault::parse(fault).unwrap()).unwrap();
        bench.power(folder).unwrap();
        bench
    }

    fn reopened(folder: &Path) -> Bench {
        let bench = Bench::default();
        let serials = bench.reopen(folder, &runbook(), &Bindings::default()).unwrap();
        assert_eq!(serials, BTreeMap::from([("A".into(), 7_550_054), ("B".into(), FIRST_SERIAL + 1)]));
        bench
    }

    fn answers(bench: &Bench) -> bool {
        let device = bench.state().connector("A").unwrap().device().clone();
        matches!(device.transceive(&DEVICE_INFO), Reply::Answer(_))
    }

    fn plugged(bench: &Bench) -> Vec<u32> {
        let present = bench.present(YUBIHSM2, &Bindings::default()).unwrap();
        present.devices.iter().map(|device| device.serial).collect()
    }

    #[test]
    fn a_bench_that_is_opened_again_has_the_devices_in_that_were_in() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("rehearsal");
        let bench = laid_out(&folder, "before:echo:vanish");
        bench.insert("A", false).unwrap();
        bench.insert("B", false).unwrap();
        bench.remove("B").unwrap();
        drop(bench);
        assert_eq!(plugged(&reopened(&folder)), [7_550_054]);
    }

    #[test]
    fn a_fault_that_happened_does_not_happen_again_and_one_that_was_counted_goes_on_counting() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("rehearsal");
        let bench = laid_out(&folder, "after:device-info#3:vanish");
        bench.insert("A", false).unwrap();
        assert!(answers(&bench));
        drop(bench);
        let bench = reopened(&folder);
        assert!(answers(&bench));
        assert!(!answers(&bench), "the third vanishes");
        drop(bench);
        let bench = reopened(&folder);
        assert!(plugged(&bench).is_empty(), "it stays where the fault left it");
        assert_eq!(bench.put_back().unwrap(), ["A"]);
        assert!((0..5).all(|_| answers(&bench)));
    }

    #[test]
    fn a_bench_opens_again_whatever_a_kill_left_of_its_folder() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("rehearsal");
        // Before there was a folder, and before there was a ledger in it.
        drop(reopened(&folder));
        std::fs::remove_file(folder.join("bench.state.json")).unwrap();
        std::fs::remove_file(folder.join("rehearsal-root.pem")).unwrap();
        drop(reopened(&folder));
        // In the middle of replacing the ledger.
        std::fs::write(folder.join("bench.state.json.new"), "{\"A\":").unwrap();
        let bench = reopened(&folder);
        bench.insert("A", false).unwrap();
        assert_eq!(plugged(&bench), [7_550_054]);
    }

    #[test]
    fn another_serial_number_in_the_bindings_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("rehearsal");
        drop(laid_out(&folder, "before:echo:vanish"));
        let bindings: Bindings = toml::from_str("[devices.A]\nserial = 7550099\n").unwrap();
        let refused = Bench::default().reopen(&folder, &runbook(), &bindings).unwrap_err();
        assert_eq!(refused, "A had the serial number 7550054, and the bindings now say 7550099");
    }
}
