//! What `tough` can load, found out before it is let at it: its schemes, the ids that it takes, its patience.

use crate::tuf::metadata::{Document, Scheme};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The largest file of metadata that is read, in bytes.
pub(super) const LARGEST: u64 = 64 * 1024 * 1024;

/// The most roots that are looked at.
const MOST_ROOTS: u64 = 1_024;

/// The metadata that the client begins with.
pub(super) struct Reach {
    /// The trusted root.
    pub(super) root: Vec<u8>,
    /// Why the client cannot load the repository, as a clause.
    pub(super) barrier: Option<String>,
}

impl Reach {
    /// Looks at a folder of metadata; `root` is the trusted one, by default the first in the folder, and `most_roles` says how
    /// many delegated roles the client is let at.
    ///
    /// # Errors
    /// What cannot be read, as a clause.
    pub(super) fn of(folder: &Path, root: Option<PathBuf>, most_roles: u64) -> Result<Self, String> {
        let path = root.unwrap_or_else(|| folder.join("1.root.json"));
        let root = read(&path)?;
        let document = document(&path)?;
        let mut barrier = by_keys(&document, "root")?;
        let mut version = document.version()?;
        while barrier.is_none() && version < MOST_ROOTS {
            version += 1;
            let next = folder.join(format!("{version}.root.json"));
            if !next.exists() {
                break;
            }
            barrier = by_keys(&self::document(&next)?, &format!("root {version}"))?;
        }
        let barrier = barrier.map_or_else(|| by_roles(folder, most_roles), |barrier| Ok(Some(barrier)))?;
        Ok(Self { root, barrier })
    }
}

fn by_keys(document: &Document, name: &str) -> Result<Option<String>, String> {
    let keys = document.keys()?;
    Ok(keys.values().find_map(|key| match &key.public {
        Ok(public) if public.scheme() == Scheme::EcdsaP384 => {
            Some(format!("{} in {name} is of {}, which `tough` does not know", key.called(), Scheme::EcdsaP384.name()))
        }
        Ok(_) if !key.is_compliant() => {
            Some(format!("the id of {} in {name} is not the hash of the key, and `tough` refuses that", key.called()))
        }
        Ok(_) => None,
        Err(why) => Some(format!("{} in {name}: {why}", key.called())),
    }))
}

/// The client compares every role with every other one, so that a thousand of them take it a minute, and sixteen thousand hours.
fn by_roles(folder: &Path, most_roles: u64) -> Result<Option<String>, String> {
    let timestamp = document(&folder.join("timestamp.json"))?;
    let version = timestamp.signed.get("meta").and_then(|meta| meta["snapshot.json"]["version"].as_u64());
    let version = version.ok_or("timestamp.json names no version of the snapshot")?;
    let numbered = folder.join(format!("{version}.snapshot.json"));
    let snapshot = document(&if numbered.exists() { numbered } else { folder.join("snapshot.json") })?;
    let roles = snapshot.signed.get("meta").and_then(|meta| meta.as_object()).map_or(0, serde_json::Map::len) as u64;
    let delegated = roles.saturating_sub(1);
    Ok((delegated > most_roles).then(|| {
        format!(
            "there are {delegated} delegated roles, and `tough` is let at {most_roles}: its time grows with the square of their number"
        )
    }))
}

fn document(path: &Path) -> Result<Document, String> {
    Document::read(&read(path)?).map_err(|why| format!("`{}`: {why}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let read = || {
        let metadata = path.metadata()?;
        if !metadata.is_file() || metadata.len() > LARGEST {
            return Err(io::Error::other("it is no file of metadata"));
        }
        fs::read(path)
    };
    read().map_err(|error| format!("`{}`: {error}", path.display()))
}
