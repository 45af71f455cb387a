//! The files in a folder.

use super::{measure::no_file, place::io_failure};
use officiant_engine::conduct::Failure;
use std::{fs, path::Path};

/// The most files that are copied at once.
const MOST_FILES: usize = 10_000;
/// The most folders inside each other.
const DEEPEST: usize = 32;

/// The paths of all files in a folder, relative to it, with `/` between the parts, in order.
///
/// A symbolic link, a pipe or the like is a failure: a copy without it would not be a copy.
pub(super) fn walk(folder: &Path) -> Result<Vec<String>, Failure> {
    let mut files = Vec::new();
    enter(folder, "", 0, &mut files)?;
    files.sort_unstable();
    Ok(files)
}

fn enter(folder: &Path, prefix: &str, depth: usize, files: &mut Vec<String>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| io_failure(&folder.display().to_string(), &error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.contains('\\') && !name.chars().any(char::is_control))
        else {
            let message = format!(
                "`{}` in `{}` is no name that the record can hold",
                name.to_string_lossy().escape_debug(),
                folder.display()
            );
            return Err(Failure::new("path", message).next("rename it"));
        };
        let path = format!("{prefix}{name}");
        let metadata = entry.metadata().map_err(failed)?;
        match no_file(&metadata) {
            None => files.push(path),
            Some(_) if metadata.is_dir() && depth < DEEPEST => {
                enter(&entry.path(), &format!("{path}/"), depth + 1, files)?;
            }
            Some(_) if metadata.is_dir() => {
                let message = format!("`{path}` has more than {DEEPEST} folders inside each other");
                return Err(Failure::new("too-large", message).next("copy what is needed of it"));
            }
            Some(what) => {
                return Err(Failure::new("no-file", format!("`{path}` is {what}, which cannot be copied"))
                    .next("take it out of the folder, or put the file itself there"));
            }
        }
        if files.len() > MOST_FILES {
            let message = format!("`{}` has more than {MOST_FILES} files", folder.display());
            return Err(Failure::new("too-large", message).next("copy what is needed of it"));
        }
    }
    Ok(())
}
