//! What lies on a bench, and what is plugged in.

use super::{
    Kind,
    anchors::{write_anchors, write_piv_anchors},
    device::{Device, Settings},
    fault::Fault,
    hand::STALE,
    ledger::{Ledger, Place},
};
use officiant_engine::conduct::Failure;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// What lies on a bench.
#[derive(Default)]
pub struct State {
    pub folder: PathBuf,
    pub devices: BTreeMap<String, Settings>,
    pub faults: BTreeMap<String, Vec<Fault>>,
    /// There once the bench has a folder.
    pub ledger: Option<Arc<Ledger>>,
    /// The virtual readers, none where no card needs one.
    pub readers: Vec<SocketAddr>,
    /// When somebody last pulled a card out.
    pub removed: Option<Instant>,
    pub running: BTreeMap<String, Device>,
}

impl State {
    /// Writes what the certificates of the devices lead to.
    pub fn write_anchors(&self, folder: &Path) -> Result<(), String> {
        let has = |kind| self.devices.values().any(|settings| settings.kind() == kind);
        if has(Kind::YubiHsm) {
            write_anchors(folder)?;
        }
        if has(Kind::YubiKey) {
            write_piv_anchors(folder)?;
        }
        Ok(())
    }

    /// A device, which is made when it is first needed, with nothing plugged in.
    pub fn device(&mut self, name: &str) -> Result<&mut Device, Failure> {
        if !self.running.contains_key(name) {
            let Some(settings) = self.devices.get(name) else {
                return Err(Failure::new("virtual-device", format!("there is no virtual device `{name}`")));
            };
            let device = settings.open(&self.folder.join(state_file(name))).map_err(|error| broken(name, &error))?;
            if let Some(ledger) = &self.ledger {
                ledger.device(name).iter().flat_map(Place::faults).for_each(|fault| device.inject(fault));
                device.watch(watcher(ledger.clone(), name.to_string()));
            }
            self.running.insert(name.to_string(), device);
        }
        self.running
            .get_mut(name)
            .ok_or_else(|| Failure::new("virtual-device", format!("the virtual {name} went away")))
    }

    /// Plugs a device in; a card goes into the first reader that is free.
    pub fn plug(&mut self, name: &str) -> Result<(), Failure> {
        let device = self.device(name)?;
        let free = match device {
            Device::YubiHsm(connector) => {
                connector.device().plug();
                return Ok(());
            }
            Device::YubiKey { .. } if device.reader().is_some() => return Ok(()),
            Device::YubiKey { .. } => self.free_reader(name)?,
        };
        self.device(name)?.put_into(free).map_err(|error| broken(name, &error))
    }

    /// How long the smart card service may not yet have noticed that a card is out, before one is put in.
    pub fn unnoticed(&self, name: &str) -> Duration {
        let fell = self.ledger.as_ref().and_then(|ledger| ledger.device(name)).is_some_and(|place| place.fell);
        let since = if fell { Some(Duration::ZERO) } else { self.removed.map(|removed| removed.elapsed()) };
        since.and_then(|since| STALE.checked_sub(since)).unwrap_or_default()
    }

    /// The first reader that no card is in.
    pub fn free_reader(&self, name: &str) -> Result<SocketAddr, Failure> {
        let taken: BTreeMap<SocketAddr, &String> =
            self.running.iter().filter_map(|(name, device)| Some((device.reader()?, name))).collect();
        let free = self.readers.iter().find(|reader| !taken.contains_key(reader));
        free.copied().ok_or_else(|| {
            let within: Vec<&str> = taken.into_values().map(String::as_str).collect();
            let count = self.readers.len();
            let message = format!("a rehearsal has {count} virtual readers, and {} are in them", within.join(" and "));
            let next = format!("let the runbook take one of them out before it inserts {name}");
            Failure::new("no-reader", message).next(next)
        })
    }

    /// Writes down whether a device is in, before it is.
    pub fn write_down(&self, name: &str, plugged: bool) -> Result<(), Failure> {
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

/// A virtual device that does not work, as a step's failure.
fn broken(name: &str, error: &officiant_devices::Error) -> Failure {
    Failure::new("virtual-device", format!("the virtual {name} does not work: {error}"))
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

/// The file of a device's state: its name, of which `check` lets nothing through that a path would mind.
pub fn state_file(name: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    format!("{}.json", name.replace(|character: char| !plain(character), "_"))
}
