//! What must outlive the process that rehearses: which virtual devices are plugged in, and which faults are to come.

use super::{
    Kind,
    fault::{self, Fault},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The file's name; no device's file has it, since theirs have one dot.
const FILE: &str = "bench.state.json";

/// The ledger of a bench: one file in the bench's folder, only ever replaced as a whole.
///
/// It is written, and on the disk, before what it says takes effect. So whatever a step can have seen is in it, and
/// whoever kills the process in between has killed it after.
pub struct Ledger {
    folder: PathBuf,
    devices: Mutex<BTreeMap<String, Place>>,
}

/// A device's place on the bench.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// What it is; a YubiHSM 2 in the files of before there were others.
    #[serde(default)]
    kind: Kind,
    /// Its serial number.
    pub serial: u32,
    /// Whether it is plugged in.
    #[serde(default)]
    pub plugged: bool,
    /// Whether a fault took it, and nobody has plugged it in since.
    #[serde(default)]
    pub fell: bool,
    /// The faults that have not happened yet, as [`fault::spell`] writes them, counted from now.
    #[serde(default)]
    faults: Vec<String>,
}

impl Place {
    /// A device that is not plugged in.
    pub fn new(kind: Kind, serial: u32, faults: &[Fault]) -> Self {
        Self { kind, serial, plugged: false, fell: false, faults: faults.iter().copied().map(fault::spell).collect() }
    }

    /// The faults that have not happened yet.
    pub fn faults(&self) -> Vec<Fault> {
        // Each was spelt by this program, or refused when the file was read.
        self.faults.iter().filter_map(|text| fault::parse(self.kind, text).ok()).collect()
    }

    /// Says which faults have not happened yet.
    pub fn set_faults(&mut self, faults: &[Fault]) {
        self.faults = faults.iter().copied().map(fault::spell).collect();
    }
}

impl Ledger {
    /// A new ledger in a folder.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(folder: &Path, devices: BTreeMap<String, Place>) -> Result<Self, String> {
        save(folder, &devices)?;
        Ok(Self { folder: folder.into(), devices: Mutex::new(devices) })
    }

    /// The ledger in a folder; none when the process was killed before there was one.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(folder: &Path) -> Result<Option<Self>, String> {
        let path = folder.join(FILE);
        let failed = |error: &dyn std::fmt::Display| format!("`{}`: {error}", path.display());
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        let devices: BTreeMap<String, Place> = serde_json::from_slice(&bytes).map_err(|error| failed(&error))?;
        for place in devices.values() {
            for text in &place.faults {
                fault::parse(place.kind, text).map_err(|error| failed(&error))?;
            }
        }
        Ok(Some(Self { folder: folder.into(), devices: Mutex::new(devices) }))
    }

    /// Every device's place.
    pub fn devices(&self) -> BTreeMap<String, Place> {
        self.lock().clone()
    }

    /// A device's place.
    pub fn device(&self, name: &str) -> Option<Place> {
        self.lock().get(name).cloned()
    }

    /// Changes a device's place, in the file and then here.
    ///
    /// # Errors
    /// It cannot be written; then nothing was changed.
    pub fn change(&self, name: &str, change: impl FnOnce(&mut Place)) -> Result<(), String> {
        let mut devices = self.lock();
        let mut next = devices.clone();
        if let Some(place) = next.get_mut(name) {
            change(place);
        }
        if next != *devices {
            save(&self.folder, &next)?;
            *devices = next;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Place>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces the file and flushes it: whatever interrupts this, there is the old one or the new one.
fn save(folder: &Path, devices: &BTreeMap<String, Place>) -> Result<(), String> {
    let (path, new) = (folder.join(FILE), folder.join(format!("{FILE}.new")));
    let write = || -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(devices)?;
        bytes.push(b'\n');
        let mut file = super::create_anew(&new)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|error| format!("`{}`: {error}", path.display()))
}
