//! The folders of devices, and the files in them.

use super::{
    key::Seen,
    pattern::{Captured, Pattern},
};
use crate::{files::Place, text::plain, x509::LARGEST};
use officiant_engine::{
    conduct::{Failure, Stage},
    record::digest_hex,
};
use std::{
    fs::{self, DirEntry, File},
    io::{self, Read},
    path::Path,
};

/// The most devices that are looked at.
const MOST_DEVICES: usize = 1_000;

/// The most files in a folder.
const MOST_FILES: usize = 2_000;

/// The most bytes in all files that are looked at.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// What files of certificates end in.
const CERTIFICATES: [&str; 4] = ["pem", "der", "crt", "cer"];

/// How the files in a device's folder are called.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) certificate: Pattern,
    pub(super) attestation: Pattern,
    pub(super) public_keys: Vec<Pattern>,
    /// Whether each key's public key must be there.
    pub(super) public_key_needed: bool,
}

impl Layout {
    /// Whether a file of that name in the folder of a device is looked at.
    pub(super) fn knows(&self, serial: &str, file: &str) -> bool {
        let mut patterns = [&self.certificate, &self.attestation].into_iter().chain(&self.public_keys);
        is_readme(file) || patterns.any(|pattern| pattern.captures(serial, file).is_some())
    }
}

/// A device's folder.
#[derive(Debug, Clone)]
pub(super) struct DeviceFolder {
    /// The folder's name, as it is written.
    pub(super) name: String,
    /// The serial number that the name is.
    pub(super) serial: u32,
    /// Its path: from `products/` on in the ceremony folder, absolute elsewhere.
    pub(super) path: String,
    /// The files that the layout names, and `README.md`, by name.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// What of the folder cannot be judged, as clauses.
    pub(super) faults: Vec<String>,
}

impl DeviceFolder {
    /// The files whose names match, with what their names have in the place of `{key}` or `{slot}`.
    pub(super) fn matching<'a>(
        &'a self,
        pattern: &'a Pattern,
    ) -> impl Iterator<Item = (Captured, &'a str, &'a [u8])> + 'a {
        let captures = |name: &str| pattern.captures(&self.name, name);
        self.files.iter().filter_map(move |(name, bytes)| Some((captures(name)?, name.as_str(), bytes.as_slice())))
    }

    /// The files as they are reported.
    pub(super) fn seen(&self) -> Vec<Seen> {
        let seen = |(name, bytes): &(String, Vec<u8>)| Seen {
            path: format!("{}/{name}", self.path),
            sha256: digest_hex(bytes),
        };
        self.files.iter().map(seen).collect()
    }

    /// Who holds the device, as `README.md` says: `held by: NAME`.
    pub(super) fn held_by(&self) -> Option<String> {
        let (_, readme) = self.files.iter().find(|(name, _)| is_readme(name))?;
        let text = String::from_utf8_lossy(readme);
        text.lines().find_map(|line| line.trim().strip_prefix("held by:")).map(|name| plain(name.trim()))
    }
}

/// What was found in a folder of devices, or in a device's.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) devices: Vec<DeviceFolder>,
    /// What was not looked at, by name.
    pub(super) passed_over: Vec<String>,
    /// What cannot be judged, as clauses.
    pub(super) faults: Vec<String>,
    /// How many bytes were read.
    bytes: usize,
}

/// Whether a folder's name says that it is a device's.
pub(super) fn is_serial(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|digit| digit.is_ascii_digit())
}

/// The serial number that a folder's name is.
pub(super) fn serial(name: &str) -> Option<u32> {
    if is_serial(name) { name.parse().ok() } else { None }
}

/// Looks through a device's folder, whose name is a serial number, or through a folder of them.
///
/// # Errors
/// `missing`, `no-folder`, `file`, `path`, `too-large`.
pub(super) fn find(place: &Place, stage: &Stage<'_>, layout: &Layout) -> Result<Found, Failure> {
    let (full, shown) = (place.full(stage)?, place.name());
    if !full.symlink_metadata().map_err(|error| unreadable(&shown, &error))?.is_dir() {
        return Err(Failure::new("no-folder", format!("`{shown}` is no folder")).next("name the folder itself"));
    }
    let mut found = Found::default();
    let name = full.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if is_serial(name) {
        found.device(name, &shown, &full, layout)?;
        return Ok(found);
    }
    for entry in entries(&full, &shown)? {
        let (name, kind) = named(&entry, &shown)?;
        if kind.is_symlink() {
            found.faults.push(format!("`{name}` is a symbolic link"));
        } else if kind.is_dir() && is_serial(&name) {
            found.device(&name, &place.join(&name).name(), &entry.path(), layout)?;
        } else if kind.is_dir() && has_certificates(&entry.path(), &shown)? {
            found.faults.push(format!("`{name}` has certificates in it, and its name is no serial number"));
        } else {
            found.passed_over.push(plain(&name));
        }
        if found.devices.len() > MOST_DEVICES || found.bytes > MOST_BYTES {
            let message = format!("there are more than {MOST_DEVICES} devices or {MOST_BYTES} bytes in `{shown}`");
            return Err(Failure::new("too-large", message).next("split the folder"));
        }
    }
    Ok(found)
}

impl Found {
    fn device(&mut self, name: &str, shown: &str, full: &Path, layout: &Layout) -> Result<(), Failure> {
        let Some(serial) = serial(name) else {
            self.faults.push(format!("`{name}` is no serial number, which is below 4294967296"));
            return Ok(());
        };
        let (mut files, mut faults) = (Vec::new(), Vec::new());
        for entry in entries(full, shown)? {
            let (file, kind) = named(&entry, shown)?;
            if kind.is_symlink() {
                faults.push(format!("`{file}` is a symbolic link"));
            } else if !layout.knows(name, &file) {
                self.passed_over.push(plain(&format!("{name}/{file}")));
            } else if !kind.is_file() {
                faults.push(format!("`{file}` is no file"));
            } else {
                match read(&entry.path()) {
                    Ok(Ok(bytes)) => {
                        self.bytes += bytes.len();
                        files.push((file, bytes));
                    }
                    Ok(Err(fault)) => faults.push(format!("`{file}` {fault}")),
                    Err(error) => faults.push(format!("`{file}` cannot be read: {error}")),
                }
            }
        }
        let (name, path) = (name.to_string(), shown.to_string());
        self.devices.push(DeviceFolder { name, serial, path, files, faults });
        Ok(())
    }
}

/// The entries of a folder, by name.
pub(super) fn entries(full: &Path, shown: &str) -> Result<Vec<DirEntry>, Failure> {
    let failed = |error: io::Error| unreadable(shown, &error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(full).map_err(failed)? {
        entries.push(entry.map_err(failed)?);
        if entries.len() > MOST_FILES {
            let message = format!("`{shown}` has more than {MOST_FILES} files");
            return Err(Failure::new("too-large", message).next("name the folder that is meant"));
        }
    }
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

/// The name and the type of an entry; the type is a link's own.
pub(super) fn named(entry: &DirEntry, shown: &str) -> Result<(String, fs::FileType), Failure> {
    let name = entry.file_name();
    let Some(name) = name.to_str().filter(|name| !name.contains('\\') && !name.chars().any(char::is_control)) else {
        let message =
            format!("`{}` in `{shown}` is no name that the record can hold", name.to_string_lossy().escape_debug());
        return Err(Failure::new("path", message).next("rename it"));
    };
    Ok((name.to_string(), entry.file_type().map_err(|error| unreadable(shown, &error))?))
}

/// The bytes of a file; that there are too many of them, as a clause.
pub(super) fn read(path: &Path) -> io::Result<Result<Vec<u8>, String>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|size| size <= LARGEST);
    Ok(if fits { Ok(bytes) } else { Err(format!("is larger than {LARGEST} bytes")) })
}

/// Whether a name is that of a file of certificates.
pub(super) fn is_certificate(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|it| it.to_str()).map(str::to_ascii_lowercase);
    extension.is_some_and(|extension| CERTIFICATES.contains(&extension.as_str()))
}

fn has_certificates(folder: &Path, shown: &str) -> Result<bool, Failure> {
    Ok(entries(folder, shown)?.iter().any(|entry| entry.file_name().to_str().is_some_and(is_certificate)))
}

fn is_readme(name: &str) -> bool {
    name.eq_ignore_ascii_case("README.md")
}

pub(super) fn unreadable(shown: &str, error: &io::Error) -> Failure {
    let next = "see that the folder is there and readable";
    match error.kind() {
        io::ErrorKind::NotFound => Failure::new("missing", format!("`{shown}` is not there")).next(next),
        _ => Failure::new("file", format!("`{shown}`: {error}")).next(next),
    }
}
