//! Writing in a clone: whole files, each in the place of the old one at once.

use super::tree::Tree;
use officiant_engine::conduct::Failure;
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// What the names of files begin with that are not in their places yet.
const UNFINISHED: &str = ".officiant-";

/// Brings a folder from one tree to another.
///
/// # Errors
/// `file`; in doubt once the first file is in its place.
pub(super) fn write(folder: &Path, before: &Tree, after: &Tree) -> Result<(), Failure> {
    let failed = |path: &Path, error: &io::Error| {
        Failure::new("file", format!("`{}` cannot be written: {error}", path.display()))
            .next("see that the disk is there, writable and not full")
    };
    DirBuilder::new().recursive(true).create(folder).map_err(|error| failed(folder, &error))?;
    let mut places = Vec::new();
    for (path, bytes) in after.iter().filter(|(path, bytes)| before.get(*path) != Some(bytes)) {
        let place = folder.join(path);
        let unfinished = beside(&place);
        lay_down(&unfinished, bytes).map_err(|error| failed(&place, &error))?;
        places.push((unfinished, place));
    }
    for (unfinished, place) in &places {
        fs::rename(unfinished, place).map_err(|error| failed(place, &error).in_doubt())?;
    }
    for path in before.keys().filter(|path| !after.contains_key(*path)) {
        let place = folder.join(path);
        fs::remove_file(&place).map_err(|error| failed(&place, &error).in_doubt())?;
    }
    let folders = places.iter().filter_map(|(_, place)| place.parent()).chain([folder]);
    for folder in folders {
        // Not every file system takes a folder for something that can be put on the disk.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

/// The name of a file that is not in its place yet.
fn beside(place: &Path) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!("{UNFINISHED}{name}"))
}

fn lay_down(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).create(folder)?;
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
