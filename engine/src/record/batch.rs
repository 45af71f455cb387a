//! Many new files of one folder: each is written as any other, and all are put on the disk at once.

use super::{FileRecord, Folder, FolderError, digest_hex, folder::sync_folder};
use rustix::fs::{CWD, Mode, OFlags, openat};
use std::{
    fs::File,
    io::{self, Write},
    os::fd::OwnedFd,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

/// Files that are being made in a folder, from many threads.
#[derive(Debug)]
pub struct Batch {
    path: String,
    full: PathBuf,
    folder: OwnedFd,
    made: Mutex<Vec<FileRecord>>,
}

impl Batch {
    /// Files below `folder` at `path`, a folder that is made when it is not there.
    pub(crate) fn begin(folder: &Folder, path: &str) -> Result<Self, FolderError> {
        let failed = |error: io::Error| FolderError::Io { path: path.to_string(), error };
        let full = folder.make_folders(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = openat(CWD, &full, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
        Ok(Self { path: path.to_string(), full, folder: opened, made: Mutex::default() })
    }

    /// Writes a new file, mode 0600; never replaces one. It is on the disk when the whole batch is.
    ///
    /// # Errors
    /// `name` is no name of a file, there is one of that name, or the file system refused.
    pub fn create(&self, name: &str, bytes: &[u8]) -> Result<FileRecord, FolderError> {
        self.create_known(name, bytes, digest_hex(bytes))
    }

    /// As [`Self::create`], for whoever knows the bytes' SHA-256, hex, already.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_known(&self, name: &str, bytes: &[u8], sha256: String) -> Result<FileRecord, FolderError> {
        let path = format!("{}/{name}", self.path);
        if name.is_empty()
            || name == "."
            || name == ".."
            || name.contains(['/', '\\'])
            || name.contains(char::is_control)
        {
            return Err(FolderError::Escapes(path));
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => FolderError::Exists(path.clone()),
            _ => FolderError::Io { path: path.clone(), error },
        };
        let file = openat(&self.folder, name, flags, Mode::RUSR | Mode::WUSR).map_err(|error| failed(error.into()))?;
        let file = File::from(file);
        if let Err(error) = (&file).write_all(bytes) {
            drop(file);
            let _ = rustix::fs::unlinkat(&self.folder, name, rustix::fs::AtFlags::empty());
            return Err(failed(error));
        }
        let record = FileRecord { path, sha256, size: bytes.len() as u64 };
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(record.clone());
        Ok(record)
    }

    /// The folder's path in the ceremony folder.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Puts all of them on the disk, and their names.
    ///
    /// # Errors
    /// The file system refused.
    pub(crate) fn sync(&self) -> Result<(), FolderError> {
        self.flush().map_err(|error| FolderError::Io { path: self.path.clone(), error })
    }

    #[cfg(target_os = "linux")]
    fn flush(&self) -> io::Result<()> {
        rustix::fs::syncfs(&self.folder)?;
        sync_folder(&self.full)
    }

    #[cfg(not(target_os = "linux"))]
    fn flush(&self) -> io::Result<()> {
        for record in self.made.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let name = record.path.rsplit('/').next().unwrap_or_default();
            File::open(self.full.join(name))?.sync_all()?;
        }
        sync_folder(&self.full)
    }

    /// The files that were made, by path.
    pub(crate) fn into_files(self) -> Vec<FileRecord> {
        let mut files = self.made.into_inner().unwrap_or_else(PoisonError::into_inner);
        files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_file_of_a_batch_is_new_and_in_its_folder() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::open(temporary.path());
        let batch = Batch::begin(&folder, "products/many").unwrap();
        let made = batch.create("a.json", b"{}").unwrap();
        assert_eq!(folder.measure("products/many/a.json").unwrap(), made);
        let path = temporary.path().join("products/many/a.json");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(batch.create("a.json", b"other"), Err(FolderError::Exists(_))));
        symlink(temporary.path().join("elsewhere"), temporary.path().join("products/many/link")).unwrap();
        assert!(matches!(batch.create("link", b"x"), Err(FolderError::Exists(_))));
        for name in ["", ".", "..", "../b", "b/c", "b\n"] {
            assert!(matches!(batch.create(name, b"x"), Err(FolderError::Escapes(_))), "{name:?}");
        }
        batch.sync().unwrap();
        assert_eq!(batch.into_files(), [made]);
        assert!(!temporary.path().join("elsewhere").exists());
    }

    #[test]
    fn a_batch_goes_through_no_symbolic_link() {
        let temporary = tempfile::tempdir().unwrap();
        std::fs::create_dir(temporary.path().join("real")).unwrap();
        symlink(temporary.path().join("real"), temporary.path().join("products")).unwrap();
        let folder = Folder::open(temporary.path());
        for path in ["products", "products/many"] {
            assert!(matches!(Batch::begin(&folder, path), Err(FolderError::Escapes(_))), "{path}");
        }
    }
}
