//! The state of a ceremony while it is conducted.

use super::{Bindings, Failure, Halt, Question, Secret, stage::again};
use crate::{
    notation::Runbook,
    record::{Batch, FileRecord, Folder, FolderError, HostFacts},
};
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    path::PathBuf,
};

/// More files than these are put on the disk, and set aside, together.
const MANY: usize = 64;

/// A computer of the runbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::conduct) struct At {
    /// Its name.
    pub(super) name: String,
    /// What it is called.
    pub(super) title: String,
    /// Whether it was found to be offline, as it must be; people who deviated from the check may go on as they are.
    pub(super) offline: bool,
}

/// A secret, or that it is lost: no session has those of the one before.
#[derive(Debug, Clone)]
pub(in crate::conduct) struct Kept {
    /// The secret; in a replay an empty stand-in.
    pub(super) secret: Option<Secret>,
    /// The question that asked for it.
    pub(super) question: Option<Question>,
}

/// A session that goes on with a ceremony.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// What differs on its machine.
    pub bindings: Bindings,
    /// Its machine.
    pub host: HostFacts,
}

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
    /// The secrets of the sections that are performed, the innermost last.
    secrets: Vec<BTreeMap<String, Kept>>,
    /// The secrets that were asked for again in the step that is performed, for which nothing speaks yet.
    entered_again: Vec<String>,
    /// The computer that the people are at, or go to.
    pub(super) computer: Option<At>,
    /// Whether files are made where their path says, and not below `products/` and `evidence/`.
    loose: bool,
    /// Why the ceremony stopped in the middle of a handler.
    pub(super) halted: Option<Halt>,
}

impl Ceremony {
    /// A ceremony before its first step, with devices of these kinds, by name.
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
            secrets: vec![BTreeMap::new()],
            entered_again: Vec::new(),
            computer: None,
            loose: false,
            halted: None,
        }
    }

    /// The ceremony of a runbook before its first step.
    #[must_use]
    pub fn of(runbook: &Runbook, folder: PathBuf, bindings: Bindings, rehearsal: bool) -> Self {
        let kinds = runbook.devices.iter().map(|(name, device)| (name.value.clone(), device.kind.value.clone()));
        Self::new(folder, bindings, rehearsal, kinds.collect())
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
        self.keep(name, Kept { secret: Some(secret), question: None });
    }

    /// Keeps a secret with the question that asked for it.
    pub(super) fn keep(&mut self, name: &str, kept: Kept) {
        if let Some(secrets) = self.secrets.last_mut() {
            secrets.insert(name.to_string(), kept);
        }
    }

    /// Puts another in a secret's place.
    pub(super) fn correct(&mut self, name: &str, secret: Secret) {
        if let Some(kept) = self.secrets.last_mut().and_then(|secrets| secrets.get_mut(name)) {
            kept.secret = Some(secret);
        }
    }

    pub(super) fn secret(&self, name: &str) -> Option<&Kept> {
        self.secrets.last()?.get(name)
    }

    /// The question that asks for a secret again, when it is lost.
    pub(crate) fn asks_again(&self, name: &str, by: Option<&str>) -> Option<Question> {
        let kept = self.secret(name).filter(|kept| kept.secret.is_none())?;
        Some(again(name, kept.question.clone()).by_default(by))
    }

    /// Takes the secrets of a section away, for the time another one is performed.
    pub(super) fn enter(&mut self) {
        self.secrets.push(BTreeMap::new());
    }

    /// Forgets the secrets of a section and takes those of the one before it up again.
    pub(super) fn leave(&mut self) {
        self.secrets.pop();
    }

    /// Keeps a secret that was lost and asked for again.
    pub(crate) fn keep_again(&mut self, name: &str, secret: Secret) {
        if let Some(kept) = self.secrets.last_mut().and_then(|secrets| secrets.get_mut(name)) {
            kept.secret = Some(secret);
            self.entered_again.push(name.to_string());
        }
    }

    /// What a step's success or failure says of the secrets that were asked for again in it: after a failure they may have
    /// been the reason, and are asked for once more.
    pub(super) fn prove_secrets(&mut self, held: bool) {
        for name in std::mem::take(&mut self.entered_again) {
            if let Some(kept) = self.secrets.last_mut().and_then(|secrets| secrets.get_mut(&name)).filter(|_| !held) {
                kept.secret = None;
            }
        }
    }

    /// The secrets that steps may still need and that a new session does not have, by name.
    #[must_use]
    pub fn lost_secrets(&self) -> BTreeSet<&str> {
        self.secrets.iter().flat_map(BTreeMap::keys).map(String::as_str).collect()
    }

    /// Goes on in another session: on the machine of these bindings, without the secrets that were entered before.
    ///
    /// # Errors
    /// The session cannot be one of this ceremony.
    pub(crate) fn begin_session(&mut self, session: Session) -> Result<(), Failure> {
        self.may_go_on(&session)?;
        self.bindings = session.bindings;
        for kept in self.secrets.iter_mut().flat_map(BTreeMap::values_mut) {
            kept.secret = None;
        }
        Ok(())
    }

    /// Whether the ceremony can go on with these bindings on this machine.
    pub(crate) fn may_go_on(&self, session: &Session) -> Result<(), Failure> {
        let Session { bindings, host } = session;
        if (&bindings.participants, &bindings.inputs) != (&self.bindings.participants, &self.bindings.inputs) {
            return Err(Failure::new(
                "other-bindings",
                "the bindings name other participants or inputs than the ceremony has",
            )
            .next("leave them out; they are in the record already"));
        }
        // What bindings said of a device that was never seen may have been a mistake.
        for (name, serial) in &self.serials {
            let bound = bindings.devices.get(name).and_then(|binding| binding.serial);
            if let Some(other) = bound.filter(|bound| bound != serial) {
                let message = format!("the bindings say that {name} has the serial number {other}, and it is {serial}");
                return Err(
                    Failure::new("wrong-device", message).next(format!("let {name} be {serial} in the bindings"))
                );
            }
        }
        if let Some(At { title, offline: true, .. }) = self.computer.as_ref().filter(|_| !self.rehearsal)
            && let Some(online) = host.online().filter(|online| !online.is_empty())
        {
            let message =
                format!("{title} must be offline, and these network interfaces are up: {}", online.join(", "));
            return Err(Failure::new("online", message).next("pull the cable or take them down, then go on"));
        }
        Ok(())
    }

    /// The computer that the people are at, or go to, by title.
    #[must_use]
    pub fn computer(&self) -> Option<&str> {
        self.computer.as_ref().map(|at| at.title.as_str())
    }

    /// The serial numbers that device names are bound to.
    #[must_use]
    pub fn serials(&self) -> &BTreeMap<String, u32> {
        &self.serials
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
        let below = if self.loose { None } else { Some(below) };
        create_numbered(&Folder::open(&self.folder), below, name, bytes)
    }

    /// Files that are made together below `products/`.
    pub(super) fn batch(&self, path: &str) -> Result<Batch, Failure> {
        let path = if self.loose { path.to_string() } else { format!("products/{path}") };
        Batch::begin(&Folder::open(&self.folder), &path).map_err(|error| failure(&error))
    }

    /// Keeps bytes as a new file in `evidence/`.
    pub(crate) fn keep_evidence(&self, name: &str, bytes: &[u8]) -> Result<FileRecord, Failure> {
        self.create_numbered("evidence", name, bytes)
    }

    /// Copies products to the second folder that the bindings name.
    pub(super) fn copy_out(&self, products: &[FileRecord]) -> Result<(), Failure> {
        let Some(copies) = &self.bindings.products else { return Ok(()) };
        let (folder, copies) = (Folder::open(&self.folder), Folder::open(std::path::Path::new(copies)));
        let mut batches: BTreeMap<&str, Batch> = BTreeMap::new();
        for product in products {
            let path = below_products(&product.path).unwrap_or(&product.path);
            let copied =
                folder.read(&product.path).and_then(|bytes| match (copies.measure(path), path.rsplit_once('/')) {
                    // Made by an earlier try of the same step.
                    (Ok(there), _) if there.sha256 == product.sha256 => Ok(()),
                    (_, Some((place, name))) if products.len() > MANY => {
                        let batch = match batches.entry(place) {
                            Entry::Occupied(batch) => batch.into_mut(),
                            Entry::Vacant(vacant) => vacant.insert(Batch::begin(&copies, place)?),
                        };
                        batch.create(name, &bytes).map(drop)
                    }
                    _ => copies.create_file(path, &bytes).map(drop),
                });
            copied.map_err(|error| failure(&error))?;
        }
        batches.values().try_for_each(Batch::sync).map_err(|error| failure(&error))
    }

    /// Moves what a failed step made, or one that broke off, to `evidence/`; says where each is now, and which stayed where they are.
    pub(crate) fn set_all_aside(&self, products: Vec<FileRecord>) -> (Vec<FileRecord>, Vec<(FileRecord, Failure)>) {
        let (mut moved, mut left) = (Vec::new(), Vec::new());
        let together = (products.len() > MANY).then(|| self.together(&products));
        match &together {
            Some(Err(failure)) => left.extend(products.into_iter().map(|product| (product, failure.clone()))),
            together => {
                for product in products {
                    let aside = match together {
                        Some(Ok(aside)) => aside.take(&product),
                        _ => self.set_aside(&product),
                    };
                    match aside {
                        Ok(aside) => moved.push(aside),
                        Err(failure) => left.push((product, failure)),
                    }
                }
            }
        }
        if let Some(Ok(aside)) = together
            && let Err(failure) = aside.sync()
        {
            tracing::warn!(failure.message, "what was set aside may not be on the disk yet");
        }
        (moved, left)
    }

    /// Folders of their own for many files, which keep the places that they have to each other.
    fn together(&self, products: &[FileRecord]) -> Result<Together, Failure> {
        let folder = Folder::open(&self.folder);
        let place = vacant(&folder, "evidence", "set-aside")?;
        let copies = match &self.bindings.products {
            Some(copies) => {
                let copies = Folder::open(std::path::Path::new(copies));
                let there =
                    |product: &FileRecord| below_products(&product.path).is_some_and(|path| copies.size(path).is_ok());
                let place = products.iter().any(there).then(|| vacant(&copies, "set-aside", "many")).transpose()?;
                place.map(|place| (copies, place))
            }
            None => None,
        };
        Ok(Together { folder, place, copies })
    }

    /// Moves a file that a failed step made, or one that broke off, to `evidence/`, where it stays; a copy of it in the second
    /// folder makes room too.
    pub(crate) fn set_aside(&self, product: &FileRecord) -> Result<FileRecord, Failure> {
        let name = product.path.rsplit('/').next().unwrap_or(&product.path);
        // A number and a word come before it, and no file system takes more than 255 bytes.
        let start = (name.len().saturating_sub(200)..name.len()).find(|at| name.is_char_boundary(*at));
        let name = start.and_then(|start| name.get(start..)).unwrap_or(name);
        let folder = Folder::open(&self.folder);
        let bytes = folder.read(&product.path).map_err(|error| failure(&error))?;
        if let (Some(copies), Some(path)) = (&self.bindings.products, below_products(&product.path)) {
            let copies = Folder::open(std::path::Path::new(copies));
            // A copy that was broken off in the middle would be in the way of the next one.
            if let Ok(copy) = copies.read_at_most(path, product.size)
                && bytes.starts_with(&copy)
            {
                create_numbered(&copies, Some("set-aside"), name, &copy)?;
                copies.remove(path).map_err(|error| failure(&error))?;
            }
        }
        let aside = self.create_numbered("evidence", &format!("set-aside-{name}"), &bytes)?;
        if let Err(error) = folder.remove(&product.path) {
            // Neither of two that are the same would be in the right place.
            let _ = folder.remove(&aside.path);
            return Err(failure(&error));
        }
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

/// Where many files of a step that failed are moved to.
struct Together {
    folder: Folder,
    place: String,
    /// The same for their copies in the second folder.
    copies: Option<(Folder, String)>,
}

impl Together {
    fn take(&self, product: &FileRecord) -> Result<FileRecord, Failure> {
        // What was to be evidence has no copy.
        let below = below_products(&product.path);
        let path = format!("{}/{}", self.place, below.unwrap_or(&product.path));
        if let (Some((copies, place)), Some(below)) = (&self.copies, below)
            && let Ok(copy) = copies.read_at_most(below, product.size)
            && self.folder.read(&product.path).map_err(|error| failure(&error))?.starts_with(&copy)
        {
            copies.rename(below, &format!("{place}/{below}")).map_err(|error| failure(&error))?;
        }
        self.folder.rename(&product.path, &path).map_err(|error| failure(&error))?;
        Ok(FileRecord { path, ..product.clone() })
    }

    fn sync(&self) -> Result<(), Failure> {
        let copies = self.copies.as_ref().map_or(Ok(()), |(copies, _)| copies.sync_all());
        self.folder.sync_all().and(copies).map_err(|error| failure(&error))
    }
}

/// The first numbered folder that is not there, below another.
fn vacant(folder: &Folder, below: &str, name: &str) -> Result<String, Failure> {
    for number in 1..=9_999 {
        let path = format!("{below}/{number:04}-{name}");
        if !folder.resolve(&path).map_err(|error| failure(&error))?.exists() {
            return Ok(path);
        }
    }
    Err(Failure::new("too-many-files", format!("there are 9,999 folders called `{name}`")))
}

/// A product's path below `products/`; nothing for another file.
fn below_products(path: &str) -> Option<&str> {
    path.strip_prefix("products/")
}

/// Writes a new file under the first number that is free.
fn create_numbered(folder: &Folder, below: Option<&str>, name: &str, bytes: &[u8]) -> Result<FileRecord, Failure> {
    for number in 1..=9_999 {
        let path = below.map_or_else(|| format!("{number:04}-{name}"), |below| format!("{below}/{number:04}-{name}"));
        match folder.create_file(&path, bytes) {
            Err(FolderError::Exists(_)) => {}
            other => return other.map_err(|error| failure(&error)),
        }
    }
    Err(Failure::new("too-many-files", format!("there are 9,999 files called `{name}`")))
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
