//! A seal's way into the ceremony folder: a file of its own, and a line for `ssh-keygen`.

use super::{ALLOWED_SIGNERS, FOLDER, Seal, path, signer_line};
use crate::record::{Folder, FolderError, sync_folder};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// What `allowed_signers` is replaced with, while somebody is adding a line to it.
pub(crate) const NEXT: &str = "seals/allowed_signers.new";

/// Why a seal was not kept, or not wholly.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// The seal's file was not made.
    #[error(transparent)]
    File(#[from] FolderError),
    /// The seal has no armored form.
    #[error("the seal cannot be written: {0}")]
    Form(#[from] ssh_key::Error),
    /// The seal is there and can be replayed; the line for `ssh-keygen` is not.
    #[error(
        "the seal is in `{seal}`, but its line could not be added to `{FOLDER}/{ALLOWED_SIGNERS}`: {error}. Add it yourself: {line}"
    )]
    Line {
        /// The seal's path.
        seal: String,
        /// What went wrong.
        error: io::Error,
        /// The line.
        line: String,
    },
}

/// Keeps a role's seal: a new file, mode 0600, and a line in `allowed_signers`, which is replaced as a whole.
///
/// # Errors
/// There is a seal of that role already; the file system refuses.
pub fn keep(folder: &Folder, role: &str, seal: &Seal) -> Result<(), NotKept> {
    let path = path(role);
    folder.create_file(&path, seal.armored()?.as_bytes())?;
    let line = signer_line(role, seal.key());
    list(folder, &line).map_err(|error| NotKept::Line { seal: path, error, line })
}

fn list(folder: &Folder, line: &str) -> io::Result<()> {
    let resolved = |path: &str| folder.resolve(path).map_err(io::Error::other);
    let (listed, next) = (resolved(&format!("{FOLDER}/{ALLOWED_SIGNERS}"))?, resolved(NEXT)?);
    // Held until the line is there: of two who seal at once, one waits.
    let lock = File::open(folder.root().join(FOLDER))?;
    lock.lock()?;
    // Nobody is at work on it; who was, broke off.
    match fs::remove_file(&next) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let added = add(&listed, &next, line);
    if added.is_err() {
        let _ = fs::remove_file(&next);
    }
    added?;
    sync_folder(&folder.root().join(FOLDER))
}

fn add(listed: &Path, next: &Path, line: &str) -> io::Result<()> {
    let mut text = match fs::read_to_string(listed) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    if !text.lines().any(|it| it.trim() == line) {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(next)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(next, listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_lost_when_many_seal_at_once() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(FOLDER)).unwrap();
        let folder = Folder::open(root.path());
        std::thread::scope(|scope| {
            for number in 0..8 {
                let folder = &folder;
                scope.spawn(move || list(folder, &format!("role_{number} a key")).unwrap());
            }
        });
        let text = fs::read_to_string(root.path().join("seals/allowed_signers")).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, (0..8).map(|number| format!("role_{number} a key")).collect::<Vec<_>>());
        assert!(!root.path().join(NEXT).exists());
    }

    #[test]
    fn what_somebody_left_behind_who_broke_off_is_in_nobodys_way() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(FOLDER)).unwrap();
        fs::write(root.path().join(NEXT), "half a li").unwrap();
        let folder = Folder::open(root.path());
        list(&folder, "witness a key").unwrap();
        assert_eq!(fs::read_to_string(root.path().join("seals/allowed_signers")).unwrap(), "witness a key\n");
        assert!(!root.path().join(NEXT).exists());
    }

    #[test]
    fn a_line_that_is_there_is_not_added_again_and_others_stay() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(FOLDER)).unwrap();
        fs::write(root.path().join("seals/allowed_signers"), "# by hand\nwitness a key").unwrap();
        let folder = Folder::open(root.path());
        list(&folder, "witness a key").unwrap();
        list(&folder, "auditor a key").unwrap();
        let text = fs::read_to_string(root.path().join("seals/allowed_signers")).unwrap();
        assert_eq!(text, "# by hand\nwitness a key\nauditor a key\n");
    }
}
