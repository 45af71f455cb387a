//! The bench of a rehearsal: virtual devices, and the hand that plugs them in.

mod anchors;
mod device;
mod earlier;
pub mod fault;
mod hand;
mod kind;
mod ledger;
mod retry;
mod state;

pub use anchors::{write_anchors, write_piv_anchors};
pub use earlier::SEED;
pub use kind::Kind;
pub use retry::Retrying;

use crate::readers;
use device::{Device, Settings};
use fault::Fault;
use hand::STALE;
use ledger::{Ledger, Place};
use officiant_devices::AttestationKey;
use officiant_engine::{
    conduct::{Bindings, Failure},
    notation::{Complaint, Complaints, Runbook},
};
use officiant_steps::ports::Hand;
use state::State;
use std::{
    collections::BTreeMap,
    fs::DirBuilder,
    iter,
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// The virtual devices of a rehearsal.
///
/// A new rehearsal calls [`lay_out`](Self::lay_out), then [`power`](Self::power) once the ceremony folder is there. One
/// that goes on after a break calls [`reopen`](Self::reopen) instead of both.
#[derive(Default)]
pub struct Bench(Mutex<State>);

impl Bench {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides what each device of the runbook is; returns their serial numbers.
    pub fn lay_out(&self, runbook: &Runbook, bindings: &Bindings) -> Result<BTreeMap<String, u32>, String> {
        let mut state = self.state();
        for ((name, device), made_up) in runbook.devices.iter().zip(0..) {
            let Some(kind) = Kind::of(&device.kind) else {
                return Err(format!("there is no virtual {} to rehearse {name} with", device.kind));
            };
            let virtual_device = device.rehearse.as_ref();
            let bound = bindings.devices.get(name.as_str()).and_then(|binding| binding.serial);
            let serial = bound.or(virtual_device.and_then(|it| it.serial)).unwrap_or(kind.first_serial() + made_up);
            let settings = Settings::new(kind, serial, virtual_device).map_err(|why| format!("{name}: {why}"))?;
            let faults = virtual_device.map(|it| it.faults.as_slice()).unwrap_or_default();
            let faults =
                faults.iter().map(|it| fault::of_runbook(kind, it).map_err(|(_, why)| format!("{name}: {why}")));
            state.faults.insert(name.value.clone(), faults.collect::<Result<_, _>>()?);
            state.devices.insert(name.value.clone(), settings);
        }
        let mut names: BTreeMap<u32, &String> = BTreeMap::new();
        for (name, settings) in &state.devices {
            if let Some(other) = names.insert(settings.serial(), name) {
                return Err(format!("{other} and {name} have the same serial number, {}", settings.serial()));
            }
        }
        Ok(state.devices.iter().map(|(name, settings)| (name.clone(), settings.serial())).collect())
    }

    /// Gives the bench the virtual readers for the runbook's YubiKeys, if it has any. It may start this program anew, and so
    /// comes before anything is asked or written.
    ///
    /// # Errors
    /// There can be no readers here: says what is missing, and what to do.
    pub fn fetch_readers(&self, runbook: &Runbook) -> Result<(), String> {
        if runbook.devices.values().any(|device| Kind::of(&device.kind) == Some(Kind::YubiKey)) {
            let first = readers::ensure()?.first;
            let second = first.port().checked_add(1).map(|port| SocketAddr::new(first.ip(), port));
            self.state().readers = iter::once(first).chain(second).collect();
        }
        Ok(())
    }

    /// What people should know of the devices of a rehearsal before it begins.
    pub fn notice(&self) -> Option<&'static str> {
        let has_cards = self.state().devices.values().any(|settings| settings.kind() == Kind::YubiKey);
        has_cards.then_some("A virtual YubiKey that waits for a touch is touched at once.")
    }

    /// Complains of what a runbook says of its virtual devices that is not for their kind.
    pub fn check(runbook: &Runbook, complaints: &mut Complaints) {
        for device in runbook.devices.values() {
            let (Some(kind), Some(virtual_device)) = (Kind::of(&device.kind), &device.rehearse) else { continue };
            for fault in &virtual_device.faults {
                if let Err((place, message)) = fault::of_runbook(kind, fault) {
                    complaints.push(Complaint::error("rehearse", place, message));
                }
            }
            let strange = match kind {
                Kind::YubiHsm => virtual_device.fips.map(|_| "`fips` is for a virtual `yubikey`, this is a `yubihsm2`"),
                Kind::YubiKey => {
                    let said = virtual_device.attests_ed25519;
                    said.map(|_| "`attests_ed25519` is for a virtual `yubihsm2`, this is a `yubikey`")
                }
            };
            if let Some(message) = strange {
                complaints.push(Complaint::error("rehearse", device.kind.at, message));
            }
        }
        complaints.settle();
    }

    /// Lets a device that is laid out fail, before it has power.
    pub fn inject(&self, device: &str, fault: Fault) {
        self.state().faults.entry(device.to_string()).or_default().push(fault);
    }

    /// Gives all devices that are laid out one attestation key, which takes a moment to make.
    pub fn share(&self, key: &AttestationKey) {
        self.state().devices.values_mut().for_each(|settings| settings.set_attestation_key(key));
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
        self.state().running.values().for_each(|device| device.inject(fault));
    }

    /// Takes back the faults that have not happened.
    pub fn disarm(&self) {
        self.state().running.values().for_each(Device::clear_faults);
    }

    /// Gives the devices a folder for their state, and writes what their certificates lead to beside it.
    pub fn power(&self, folder: &Path) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("`{}`: {error}", folder.display());
        DirBuilder::new().mode(0o700).create(folder).map_err(failed)?;
        self.power_in(folder)
    }

    fn power_in(&self, folder: &Path) -> Result<(), String> {
        let mut state = self.state();
        state.write_anchors(folder)?;
        let place = |(name, settings): (&String, &Settings)| {
            let faults = state.faults.get(name).map(Vec::as_slice).unwrap_or_default();
            (name.clone(), Place::new(settings.kind(), settings.serial(), faults))
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
        let places = ledger.devices();
        let mut state = self.state();
        state.write_anchors(folder)?;
        for (name, settings) in &mut state.devices {
            let Some(place) = places.get(name) else {
                return Err(format!("{name} was not on the bench when the rehearsal began"));
            };
            let bound = bindings.devices.get(name).and_then(|binding| binding.serial);
            if let Some(bound) = bound.filter(|bound| *bound != place.serial) {
                let before = place.serial;
                return Err(format!("{name} had the serial number {before}, and the bindings now say {bound}"));
            }
            settings.set_serial(place.serial);
        }
        state.ledger = Some(Arc::new(ledger));
        state.folder = folder.to_path_buf();
        for (name, _) in places.iter().filter(|(_, place)| place.plugged) {
            state.plug(name).map_err(|failure| failure.message)?;
        }
        drop(state);
        self.await_cards();
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
        if fallen.is_empty() && !self.cards().is_empty() {
            // A card whose answer was lost was out for a moment.
            thread::sleep(STALE);
            self.await_cards();
        }
        Ok(fallen)
    }
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
    use officiant_steps::ports::{Ports, YUBIHSM2};

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
        bench.inject("A", fault::parse(Kind::YubiHsm, fault).unwrap());
        bench.power(folder).unwrap();
        bench
    }

    fn reopened(folder: &Path) -> Bench {
        let bench = Bench::default();
        let serials = bench.reopen(folder, &runbook(), &Bindings::default()).unwrap();
        assert_eq!(serials, BTreeMap::from([("A".into(), 7_550_054), ("B".into(), 9_000_002)]));
        bench
    }

    fn answers(bench: &Bench) -> bool {
        let mut state = bench.state();
        let Device::YubiHsm(connector) = state.device("A").unwrap() else { panic!("A is a YubiHSM 2") };
        let device = connector.device().clone();
        drop(state);
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
