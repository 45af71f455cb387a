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
    /// The serial numbers of the virtual devices, while a rehearsal is live.
    pub(super) virtual_serials: Option<BTreeMap<String, u32>>,
    /// How many steps were deviated from.
    pub(super) deviations: usize,
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
            deviations: 0,
            virtual_serials: None,
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
        self.virtual_serials = Some(serials);
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
        self.kinds.keys().find(|name| self.device(name).is_some_and(|(_, bound)| bound == Some(serial))).cloned()
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

    /// Copies products to the second folder that the bindings name.
    pub(super) fn copy_out(&self, products: &[FileRecord]) -> Result<(), Failure> {
        let Some(copies) = &self.bindings.products else { return Ok(()) };
        let (folder, copies) = (Folder::open(&self.folder), Folder::open(std::path::Path::new(copies)));
        for product in products {
            let path = product.path.strip_prefix("products/").unwrap_or(&product.path);
            let copied = folder.read(&product.path).and_then(|bytes| match copies.measure(path) {
                // Made by an earlier try of the same step.
                Ok(there) if there.sha256 == product.sha256 => Ok(()),
                _ => copies.create_file(path, &bytes).map(drop),
            });
            copied.map_err(|error| failure(&error))?;
        }
        Ok(())
    }

    /// Moves a product of a failed step to `evidence/`, where it stays.
    pub(super) fn set_aside(&self, product: &FileRecord) -> Result<FileRecord, Failure> {
        let name = product.path.rsplit('/').next().unwrap_or(&product.path);
        let folder = Folder::open(&self.folder);
        let bytes = folder.read(&product.path).map_err(|error| failure(&error))?;
        let aside = self.create_numbered("evidence", &format!("set-aside-{name}"), &bytes)?;
        folder.remove(&product.path).map_err(|error| failure(&error))?;
        Ok(aside)
    }

    /// Binds a device's name to a serial number.
    pub(super) fn bind(&mut self, name: &str, serial: u32) -> Result<(), Failure> {
        self.may_bind(name, serial)?;
        self.serials.insert(name.to_string(), serial);
        Ok(())
    }

    /// Whether a device's name may stand for a serial number: it stands for no other, and no other name stands for it.
    pub(super) fn may_bind(&self, name: &str, serial: u32) -> Result<(), Failure> {
        let Some((_, bound)) = self.device(name) else {
            return Err(Failure::new("unknown-device", format!("the runbook declares no device `{name}`")));
        };
        if let Some(bound) = bound.filter(|bound| *bound != serial) {
            let message = format!("this device has the serial number {serial}; {name} is the one with {bound}");
            let next = format!("remove this device and insert {name}, serial number {bound}");
            return Err(Failure::new("wrong-device", message).next(next));
        }
        match self.device_with_serial(serial).filter(|other| other != name) {
            Some(other) => {
                let message = format!("the device with the serial number {serial} is {other}, not {name}");
                Err(Failure::new("wrong-device", message).next(format!("remove it and insert {name}")))
            }
            None => Ok(()),
        }
    }

    /// How many steps were deviated from.
    #[must_use]
    pub fn deviations(&self) -> usize {
        self.deviations
    }
}

fn failure(error: &FolderError) -> Failure {
    match error {
        FolderError::Escapes(_) => Failure::new("path", error.to_string()),
        FolderError::Exists(path) => Failure::new("exists", error.to_string())
            .next(format!("look where `{path}` came from; nothing that was made is replaced")),
        FolderError::Io { .. } => {
            Failure::new("file", error.to_string()).next("see that the disk is there, writable and not full")
        }
    }
}
