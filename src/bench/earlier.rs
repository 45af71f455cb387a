//! Virtual devices as an earlier rehearsal left them, for those who rehearse one ceremony after the other.

use super::{Bench, create_anew, ledger::Ledger, state::state_file};
use officiant_engine::conduct::Bindings;
use std::{collections::BTreeMap, fs, io, io::Write, path::Path};

/// Where a rehearsal keeps what its made-up secrets are derived from, in its ceremony folder.
pub const SEED: &str = "rehearsal/made-up-secrets";

/// What an earlier rehearsal left: the bytes of files by their names.
pub struct Earlier(Vec<(String, Vec<u8>)>);

impl Bench {
    /// Reads the devices that are laid out from the ceremony folder of an earlier rehearsal, as far as they were used in it, and what
    /// its made-up secrets were derived from, so that they are the same. The devices' serial numbers, in `serials` too, become those
    /// of then.
    ///
    /// # Errors
    /// It cannot be read, had none of them, or the bindings name another serial number.
    pub fn earlier(
        &self,
        folder: &Path,
        bindings: &Bindings,
        serials: &mut BTreeMap<String, u32>,
    ) -> Result<Earlier, String> {
        let within = folder.join("rehearsal");
        let places = Ledger::open(&within)?.map(|ledger| ledger.devices()).unwrap_or_default();
        let mut left = Vec::new();
        for (name, settings) in &mut self.state().devices {
            let (Some(place), file) = (places.get(name), state_file(name)) else { continue };
            let Some(bytes) = read(&within.join(&file))? else { continue };
            let bound = bindings.devices.get(name).and_then(|binding| binding.serial);
            if let Some(bound) = bound.filter(|bound| *bound != place.serial) {
                return Err(format!(
                    "{name} had the serial number {} then, and the bindings say {bound}",
                    place.serial
                ));
            }
            settings.set_serial(place.serial);
            serials.insert(name.clone(), place.serial);
            left.push((file, bytes));
        }
        if left.is_empty() {
            return Err(format!("`{}` has none of the devices of this runbook", folder.display()));
        }
        let seed = SEED.rsplit('/').next().unwrap_or(SEED);
        left.extend(read(&within.join(seed))?.map(|bytes| (seed.to_string(), bytes)));
        Ok(Earlier(left))
    }

    /// Takes the devices up from there, before any of them is plugged in.
    ///
    /// # Errors
    /// The folder of this rehearsal cannot be written to.
    pub fn take_up(&self, earlier: &Earlier) -> Result<(), String> {
        let folder = self.state().folder.clone();
        for (name, bytes) in &earlier.0 {
            let path = folder.join(name);
            let written = create_anew(&path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
            written.map_err(|error| format!("`{}`: {error}", path.display()))?;
        }
        Ok(())
    }
}

/// What is in a file, if it is there.
fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("`{}`: {error}", path.display())),
    }
}
