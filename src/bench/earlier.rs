//! Virtual devices as an earlier rehearsal left them, for those who rehearse one ceremony after the other.

use super::{Bench, create_anew, state::state_file};
use std::{fs, io::Write, path::Path};

/// Where a rehearsal keeps what its made-up secrets are derived from, in its ceremony folder.
pub const SEED: &str = "rehearsal/made-up-secrets";

/// What an earlier rehearsal left.
pub struct Earlier(Vec<(String, Vec<u8>)>);

impl Bench {
    /// Reads the devices that are laid out from the ceremony folder of an earlier rehearsal, as far as it had them, and what its
    /// made-up secrets were derived from, so that they are the same.
    ///
    /// # Errors
    /// It cannot be read, or had none of them.
    pub fn earlier(&self, folder: &Path) -> Result<Earlier, String> {
        let folder = folder.join("rehearsal");
        let names: Vec<String> = self.state().devices.keys().map(|name| state_file(name)).collect();
        let seed = SEED.rsplit('/').next().unwrap_or(SEED).to_string();
        let mut left = Vec::new();
        for name in names.iter().chain([&seed]) {
            match fs::read(folder.join(name)) {
                Ok(bytes) => left.push((name.clone(), bytes)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(format!("`{}`: {error}", folder.join(name).display())),
            }
        }
        if !left.iter().any(|(name, _)| names.contains(name)) {
            return Err(format!("`{}` has none of the devices of this runbook", folder.display()));
        }
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
