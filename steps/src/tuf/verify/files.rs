//! The files of a repository's metadata, as they lie in a folder.

use crate::{files::Place, text::plain};
use officiant_engine::conduct::{Failure, Stage};
use rustix::fs::OFlags;
use std::{
    collections::{BTreeMap, HashSet},
    fs::{self, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// The most bytes of a file that is read.
pub(super) const LARGEST: u64 = 64 * 1024 * 1024;

/// The most files in the folder.
const MOST_FILES: usize = 500_000;

/// Where tuf-on-ci keeps the versions of root.
pub(super) const HISTORY: &str = "root_history";

/// A folder with metadata.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    /// What it is called for people.
    pub(super) shown: String,
    /// The names in it.
    names: HashSet<String>,
    /// The newest version in a file's name, by role.
    newest: BTreeMap<String, u64>,
    /// The files with versions of root, by version.
    roots: BTreeMap<u64, Vec<String>>,
}

impl Files {
    /// Looks through a folder.
    ///
    /// # Errors
    /// `missing`, `no-folder`, `file`, `too-large`.
    pub(super) fn of(place: &Place, stage: &Stage<'_>) -> Result<Self, Failure> {
        Self::open(&place.full(stage)?, place.name())
    }

    /// Looks through a folder that is called `shown`.
    ///
    /// # Errors
    /// `missing`, `no-folder`, `file`, `too-large`.
    pub(super) fn open(folder: &Path, shown: String) -> Result<Self, Failure> {
        let next = "name the folder that `timestamp.json` or `root.json` is in";
        let failed = |error: &io::Error| match error.kind() {
            io::ErrorKind::NotFound => Failure::new("missing", format!("`{shown}` is not there")).next(next),
            _ => Failure::new("file", format!("`{shown}`: {error}")).next(next),
        };
        if !folder.symlink_metadata().map_err(|error| failed(&error))?.is_dir() {
            return Err(Failure::new("no-folder", format!("`{shown}` is no folder")).next(next));
        }
        let mut names = listed(folder).map_err(|error| failed(&error))?;
        let history = folder.join(HISTORY);
        if history.symlink_metadata().is_ok_and(|it| it.is_dir()) {
            let below = listed(&history).map_err(|error| failed(&error))?;
            names.extend(below.into_iter().map(|name| format!("{HISTORY}/{name}")));
        }
        let (mut newest, mut roots) = (BTreeMap::new(), BTreeMap::<u64, Vec<String>>::new());
        for name in &names {
            if let Some((version, role)) =
                numbered(name.strip_prefix(HISTORY).map_or(name, |it| it.trim_start_matches('/')))
            {
                if role == "root" {
                    roots.entry(version).or_default().push(name.clone());
                } else if !name.contains('/') {
                    let newest = newest.entry(role.to_string()).or_insert(version);
                    *newest = version.max(*newest);
                }
            }
        }
        for names in roots.values_mut() {
            names.sort_unstable();
        }
        Ok(Self { folder: folder.to_path_buf(), shown, names, newest, roots })
    }

    /// Whether there is something with that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The files with versions of root, by version.
    pub(super) fn roots(&self) -> &BTreeMap<u64, Vec<String>> {
        &self.roots
    }

    /// The newest version of a role that a file is called by.
    pub(super) fn newest(&self, role: &str) -> Option<u64> {
        self.newest.get(role).copied()
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// Why it cannot be read, as a clause.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        read(&self.folder.join(name))
    }
}

/// The bytes of a file that is not behind a symbolic link.
///
/// # Errors
/// Why it cannot be read, as a clause.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    // Opened without waiting, so that a pipe that nobody writes to holds nothing up.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let flags = i32::try_from(flags).map_err(|_| "it cannot be opened".to_string())?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| {
        match path.symlink_metadata() {
            Ok(it) if it.is_symlink() => "it is a symbolic link".to_string(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => "it is not there".to_string(),
            _ => format!("it cannot be opened: {error}"),
        }
    })?;
    let metadata = file.metadata().map_err(|error| format!("it cannot be read: {error}"))?;
    if !metadata.is_file() {
        return Err("it is no file".to_string());
    }
    if metadata.len() > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| format!("it cannot be read: {error}"))?;
    match bytes.len() {
        0 => Err("it is empty".to_string()),
        length if length as u64 > LARGEST => Err(format!("it is larger than {LARGEST} bytes")),
        _ => Ok(bytes),
    }
}

/// The names of what is in a folder, those alone that are text.
fn listed(folder: &Path) -> io::Result<HashSet<String>> {
    let mut names = HashSet::new();
    for entry in fs::read_dir(folder)? {
        if let Ok(name) = entry?.file_name().into_string() {
            names.insert(name);
        }
        if names.len() > MOST_FILES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("there are more than {MOST_FILES} files")));
        }
    }
    Ok(names)
}

/// The version and the role that a file is called by: `7.targets.json`.
fn numbered(name: &str) -> Option<(u64, &str)> {
    let (version, role) = name.strip_suffix(".json")?.split_once('.')?;
    let is_version = !version.starts_with('0') && version.bytes().all(|digit| digit.is_ascii_digit());
    Some((version.parse().ok().filter(|_| is_version)?, role))
}

/// A name between quotation marks as people may see it.
pub(super) fn quoted(name: &str) -> String {
    let short: String = name.chars().take(200).collect();
    let more = if short.len() < name.len() { "…" } else { "" };
    format!("`{}{more}`", plain(&short))
}
