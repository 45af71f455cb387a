//! The file that a device lives in.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::Error;

/// What a device remembers without power.
pub(crate) trait Kept: Serialize + DeserializeOwned {
    /// What is wrong with a state that was read from a file, as a clause.
    fn problem(&self) -> Option<String>;
}

/// Where a state is kept: one JSON file, only ever replaced as a whole. Beside it are `FILE.lock`, which shows other
/// processes that the device is in use, and for a moment `FILE.new`. All have the mode 0600, also those that others may
/// read when they are found.
pub(crate) struct Store {
    path: PathBuf,
    /// The folder, open, so that flushing a rename needs nothing that could fail for want of a descriptor.
    folder: File,
    /// Held until the store is dropped.
    lock: File,
}

/// Why a state could not be saved.
pub(crate) struct SaveError {
    pub(crate) error: Error,
    /// Whether the file nevertheless holds the new state, though perhaps not after a power loss.
    pub(crate) replaced: bool,
}

impl Store {
    /// Takes the lock.
    ///
    /// # Errors
    /// [`Error::InUse`] or [`Error::Storage`].
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        // The file itself rather than a link to it: replacing a link would leave the file behind, and its lock is
        // beside it.
        let path = &match fs::canonicalize(path) {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_path_buf(),
            Err(source) => return Err(storage(path, "find")(source)),
        };
        let folder_path = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = File::open(folder_path).map_err(storage(folder_path, "open the folder for"))?;
        let lock_path = beside(path, ".lock");
        let lock = private().write(true).create(true).truncate(false).open(&lock_path);
        let lock = lock.map_err(storage(&lock_path, "make the lock of"))?;
        match lock.try_lock() {
            Ok(()) => {
                close_to_others(&lock).map_err(storage(&lock_path, "close to others"))?;
                Ok(Self { path: path.into(), folder, lock })
            }
            Err(TryLockError::WouldBlock) => Err(Error::InUse { path: path.into() }),
            Err(TryLockError::Error(source)) => Err(storage(&lock_path, "lock")(source)),
        }
    }

    /// The state in the file; `None` if there is no file.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Storage`].
    pub(crate) fn load<S: Kept>(&self) -> Result<Option<S>, Error> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(storage(&self.path, "read")(source)),
        };
        close_to_others(&file).map_err(storage(&self.path, "close to others"))?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 << 18));
        file.read_to_end(&mut bytes).map_err(storage(&self.path, "read"))?;
        let state: S = serde_json::from_slice(&bytes).map_err(|error| self.damaged(error.to_string()))?;
        state.problem().map_or(Ok(Some(state)), |problem| Err(self.damaged(problem)))
    }

    /// Puts a state in the place of the one in the file, and flushes it. Whatever interrupts this, the file holds the
    /// one or the other.
    ///
    /// # Errors
    /// [`Error::Storage`], with whether the file holds the new state.
    pub(crate) fn save(&self, state: &impl Kept) -> Result<(), SaveError> {
        let failed = |path: &Path, action| {
            let error = storage(path, action);
            move |source| SaveError { error: error(source), replaced: false }
        };
        let new = beside(&self.path, ".new");
        // Room for a full device, so that no copy of its keys is left behind by growing.
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 << 18));
        serde_json::to_writer_pretty(&mut *bytes, state)
            .map_err(|error| failed(&self.path, "encode")(io::Error::other(error)))?;
        bytes.push(b'\n');
        // What an interrupted save left; the lock says that nobody else is writing it.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&new, "write")(error)),
            _ => {}
        }
        let mut file = private().write(true).create_new(true).open(&new).map_err(failed(&new, "write"))?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed(&new, "write"))?;
        fs::rename(&new, &self.path).map_err(failed(&self.path, "replace"))?;
        self.folder
            .sync_all()
            .map_err(|source| SaveError { error: storage(&self.path, "flush")(source), replaced: true })
    }

    pub(crate) fn damaged(&self, problem: String) -> Error {
        Error::Damaged { path: self.path.clone(), problem }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Closing the file is not enough while a process that another thread is starting still has it, until its `exec`.
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "could not unlock the state of the virtual device");
        }
    }
}

fn storage(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_path_buf();
    move |source| Error::Storage { path, action, source }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Takes from a file what others than its owner may do with it.
fn close_to_others(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let permissions = file.metadata()?.permissions();
        if permissions.mode() & 0o077 != 0 {
            file.set_permissions(fs::Permissions::from_mode(permissions.mode() & 0o700))?;
        }
    }
    Ok(())
}

/// Files that only their owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
