//! The state of a ceremony while it is conducted.

use super::{Bindings, Failure, Halt, Secret};
use crate::record::{FileRecord, Folder, FolderError};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, path::PathBuf};

/// What the interpreter and the step handlers share.
pub struct Ceremony {
    /// The ceremony folder.
    pub(super) folder: PathBuf,
    /// What differs between machines.
    pub(super) bindings: Bindings,
    /// Whether this is a rehearsal.
    pub(super) rehearsal: bool,
    /// The kind of each declared device.
    pub(super) kinds: BTreeMap<String, String>,
    /// The serial numbers that device names are bound to.
    pub(super) serials: BTreeMap<String, u32>,
    /// The serial numbers of the virtual devices, in a rehearsal.
    pub(super) virtual_serials: BTreeMap<String, u32>,
    /// The values that are named in the section that is performed.
    pub(super) scope: Map<String, Value>,
    /// The secrets of the section that is performed.
    secrets: BTreeMap<String, Secret>,
    /// Whether files are made where their path says, and not below `products/` and `evidence/`.
    loose: bool,
    /// Why the ceremony stopped in the middle of a handler.
    pub(super) halted: Option<Halt>,
}

impl Ceremony {
    /// A ceremony before its first step.
    #[must_use]
    pub fn new(folder: PathBuf, bindings: Bindings, rehearsal: bool, kinds: BTreeMap<String, String>) -> Self {
        Self {
            folder,
            bindings,
            rehearsal,
            kinds,
            serials: BTreeMap::new(),
            virtual_serials: BTreeMap::new(),
            scope: Map::new(),
            secrets: BTreeMap::new(),
            loose: false,
            halted: None,
        }
    }

    /// One step by itself: files are made in `folder` where their path says, and devices go by the serial numbers given.
    #[must_use]
    pub fn single(
        folder: PathBuf,
        bindings: Bindings,
        kinds: BTreeMap<String, String>,
        serials: BTreeMap<String, u32>,
    ) -> Self {
        Self { serials, loose: true, ..Self::new(folder, bindings, false, kinds) }
    }

    /// Makes the virtual devices' serial numbers known to what a rehearsal answers.
    #[must_use]
    pub fn with_virtual_devices(mut self, serials: BTreeMap<String, u32>) -> Self {
        self.virtual_serials = serials;
        self
    }

    /// Keeps a secret under a name, for the steps that follow.
    pub fn keep_secret(&mut self, name: &str, secret: Secret) {
        self.secrets.insert(name.to_string(), secret);
    }

    pub(super) fn secret(&self, name: &str) -> Option<Secret> {
        self.secrets.get(name).cloned()
    }

    /// Takes the secrets of a section away, for the time another one is performed.
    pub(super) fn swap_secrets(&mut self, secrets: BTreeMap<String, Secret>) -> BTreeMap<String, Secret> {
        std::mem::replace(&mut self.secrets, secrets)
    }

    /// The kind and the serial number of a device; the bindings' serial number counts from the start.
    pub(super) fn device(&self, name: &str) -> Option<(String, Option<u32>)> {
        let kind = self.kinds.get(name)?.clone();
        let bound = self.bindings.devices.get(name).and_then(|binding| binding.serial);
        Some((kind, self.serials.get(name).copied().or(bound)))
    }

    pub(super) fn device_with_serial(&self, serial: u32) -> Option<String> {
        self.serials.iter().find(|(_, bound)| **bound == serial).map(|(name, _)| name.clone())
    }

    pub(super) fn create(&self, below: &str, path: &str, bytes: &[u8]) -> Result<FileRecord, Failure> {
        let path = if self.loose { path.to_string() } else { format!("{below}/{path}") };
        Folder::open(&self.folder).create_file(&path, bytes).map_err(|error| failure(&error))
    }

    pub(super) fn create_numbered(&self, below: &str, name: &str, bytes: &[u8]) -> Result<FileRecord, Failure> {
        let folder = Folder::open(&self.folder);
        for number in 1..=9_999 {
            let path = if self.loose { format!("{number:04}-{name}") } else { format!("{below}/{number:04}-{name}") };
            match folder.create_file(&path, bytes) {
                Err(FolderError::Exists(_)) => {}
                other => return other.map_err(|error| failure(&error)),
            }
        }
        Err(Failure::new("too-many-files", format!("there are 9,999 files called `{name}`")))
    }

    /// Copies a product to the second folder that the bindings name.
    pub(super) fn copy_out(&self, file: &FileRecord, bytes: &[u8]) -> Result<(), Failure> {
        let Some(copies) = &self.bindings.products else { return Ok(()) };
        let path = file.path.strip_prefix("products/").unwrap_or(&file.path);
        Folder::open(std::path::Path::new(copies)).create_file(path, bytes).map(drop).map_err(|error| failure(&error))
    }
}

fn failure(error: &FolderError) -> Failure {
    match error {
        FolderError::Escapes(_) => Failure::new("path", error.to_string()),
        FolderError::Exists(path) => Failure::new("exists", error.to_string())
            .next(format!("look at `{path}`; move it away yourself if it does not belong there")),
        FolderError::Io { .. } => {
            Failure::new("file", error.to_string()).next("see that the disk is there, writable and not full")
        }
    }
}
