//! The certificates that devices' own are to lead to.

use super::{
    folder::{entries, is_certificate, named, unreadable},
    key::Seen,
    kind::Kind,
    pins,
};
use crate::{
    files::Place,
    x509::{self, Anchors},
};
use officiant_engine::{
    conduct::{Failure, Stage},
    record::digest_hex,
};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};
use x509_cert::Certificate;

/// The largest file of anchors, in bytes: the vendor has all its intermediates in one.
const LARGEST: u64 = 1024 * 1024;

/// The most certificates.
const MOST: usize = 1_000;

/// The most folders inside each other.
const DEEPEST: usize = 4;

/// What a rehearsal's device certificates lead to, in the ceremony folder; which of them are there depends on its devices.
const REHEARSAL: [&str; 3] =
    ["rehearsal/rehearsal-root.pem", "rehearsal/rehearsal-sub-ca.pem", "rehearsal/rehearsal-piv-root.pem"];

/// Certificates that were brought, and the files they are from.
#[derive(Debug, Default)]
pub(super) struct Brought {
    pub(super) certificates: Vec<Certificate>,
    pub(super) files: Vec<Seen>,
}

impl Brought {
    /// Reads the certificates in a folder and those in it.
    ///
    /// # Errors
    /// `missing`, `no-folder`, `file`, `path`, `too-large`, `anchors` when a file is not what its name says.
    pub(super) fn from(place: &Place, stage: &Stage<'_>) -> Result<Self, Failure> {
        let (full, shown) = (place.full(stage)?, place.name());
        if !full.symlink_metadata().map_err(|error| unreadable(&shown, &error))?.is_dir() {
            return Err(Failure::new("no-folder", format!("`{shown}` is no folder")).next("name the folder itself"));
        }
        let mut brought = Self::default();
        brought.enter(place, &full, 0)?;
        Ok(brought)
    }

    fn enter(&mut self, place: &Place, full: &Path, depth: usize) -> Result<(), Failure> {
        let shown = place.name();
        for entry in entries(full, &shown)? {
            let (name, kind) = named(&entry, &shown)?;
            if kind.is_dir() && depth < DEEPEST {
                self.enter(&place.join(&name), &entry.path(), depth + 1)?;
            } else if is_certificate(&name) {
                let path = place.join(&name).name();
                if !kind.is_file() {
                    return Err(wrong(&path, "it is no regular file"));
                }
                let bytes = read(&entry.path()).map_err(|error| unreadable(&path, &error))?;
                let bytes = bytes.ok_or_else(|| wrong(&path, &format!("it is larger than {LARGEST} bytes")))?;
                self.add(path, &bytes)?;
            }
        }
        Ok(())
    }

    /// Adds the certificates of a file.
    ///
    /// # Errors
    /// `anchors`, `too-large`.
    pub(super) fn add(&mut self, path: String, bytes: &[u8]) -> Result<(), Failure> {
        self.certificates.extend(x509::bundle(bytes).map_err(|fault| wrong(&path, &fault))?);
        self.files.push(Seen { path, sha256: digest_hex(bytes) });
        if self.certificates.len() > MOST {
            let message = format!("there are more than {MOST} certificates among the anchors");
            return Err(Failure::new("too-large", message).next("bring the vendor's roots and intermediates alone"));
        }
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(u64::try_from(bytes.len()).is_ok_and(|size| size <= LARGEST).then_some(bytes))
}

fn wrong(path: &str, fault: &str) -> Failure {
    Failure::new("anchors", format!("`{path}` among the anchors: {fault}"))
        .next("take it out of the folder of anchors, or put there what it should be")
}

/// The digest by which a root is pinned.
pub(super) fn pin(certificate: &Certificate) -> String {
    digest_hex(&x509::der(certificate))
}

/// Whether the program vouches for a root.
pub(super) fn is_pinned(kind: Kind, certificate: &Certificate) -> bool {
    let digest = pin(certificate);
    pins::of(kind).iter().any(|pin| pin.sha256 == digest)
}

/// The certificates that a rehearsal's virtual devices lead to, which alone make its roots; `file` reads from its folder.
pub(super) fn of_rehearsal(file: impl Fn(&str) -> Option<Vec<u8>>) -> Anchors {
    let certificates = REHEARSAL.iter().filter_map(|path| x509::certificate(&file(path)?).ok());
    Anchors::as_brought(certificates.filter(x509::is_rehearsal))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::path::PathBuf;

    /// The vendor's certificates; nothing when they are not here.
    ///
    /// # Panics
    /// If they are not here and `CI` is set.
    pub(in crate::attestation) fn real_anchors() -> Option<Vec<Certificate>> {
        let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
        let folder = std::env::var_os("OFFICIANT_REAL_DATA").map_or_else(default, PathBuf::from).join("anchors");
        if !folder.is_dir() {
            let reason = format!("{} is not there; set OFFICIANT_REAL_DATA", folder.display());
            assert!(std::env::var_os("CI").is_none(), "{reason}");
            eprintln!("skipped: {reason}");
            return None;
        }
        let mut brought = Brought::default();
        brought.enter(&Place::Outside(folder.clone()), &folder, 0).unwrap();
        Some(brought.certificates)
    }
}
