//! The ceremony folder: files are made new, never replaced, and nothing escapes from it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs::{DirBuilder, File, Metadata, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Component, Path, PathBuf},
};

/// A file of the ceremony, as the transcript names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileRecord {
    /// Its path in the ceremony folder, with `/` between the parts.
    pub path: String,
    /// SHA-256, hex.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

/// The SHA-256 of some bytes, hex.
#[must_use]
pub fn digest_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Why a file of the ceremony could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The path leads out of the folder, or has parts that no file should have.
    #[error("`{0}` is not a path inside the ceremony folder")]
    Escapes(String),
    /// There is a file with that name.
    #[error("`{0}` exists already, and nothing is ever replaced")]
    Exists(String),
    /// The file system refused.
    #[error("`{path}`: {error}")]
    Io {
        /// The path.
        path: String,
        /// What the file system said.
        error: io::Error,
    },
}

/// The ceremony folder.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Makes a new folder, mode 0700, with its subfolders; an existing empty one is taken over.
    pub fn create(root: &Path) -> Result<Self, FolderError> {
        let failed = |error: io::Error| FolderError::Io { path: root.display().to_string(), error };
        match DirBuilder::new().mode(0o700).create(root) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if root.read_dir().map_err(failed)?.next().is_some() {
                    return Err(FolderError::Exists(root.display().to_string()));
                }
                std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
        let folder = Self::open(root);
        for name in ["runbook", "products", "evidence", "seals"] {
            DirBuilder::new().mode(0o700).create(root.join(name)).map_err(failed)?;
        }
        sync_folder(root).map_err(failed)?;
        let parent = root.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        sync_folder(parent).map_err(failed)?;
        Ok(folder)
    }

    /// An existing folder.
    #[must_use]
    pub fn open(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a file of the transcript is, if its path stays inside the folder and goes through no symbolic link.
    pub fn resolve(&self, path: &str) -> Result<PathBuf, FolderError> {
        let escapes = || FolderError::Escapes(path.to_string());
        let relative = Path::new(path);
        let fine = !path.is_empty()
            && path.len() <= 1_024
            && !path.contains(['\\', '\0'])
            && !path.chars().any(char::is_control)
            && relative.components().all(|part| matches!(part, Component::Normal(_)))
            // `a//b` and `a/./b` would be second names of one file.
            && relative.components().collect::<PathBuf>().as_os_str() == relative.as_os_str();
        if !fine {
            return Err(escapes());
        }
        let mut full = self.root.clone();
        for part in relative.components() {
            full.push(part);
            if full.symlink_metadata().is_ok_and(|metadata| metadata.file_type().is_symlink()) {
                return Err(escapes());
            }
        }
        Ok(full)
    }

    /// Writes a new file, mode 0600, and puts it on the disk before it returns.
    pub fn create_file(&self, path: &str, bytes: &[u8]) -> Result<FileRecord, FolderError> {
        let full = self.resolve(path)?;
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => FolderError::Exists(path.to_string()),
            _ => FolderError::Io { path: path.to_string(), error },
        };
        full.parent().map_or(Ok(()), |parent| self.make_missing(path, parent))?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&full).map_err(failed)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        if let Err(error) = written {
            drop(file);
            let _ = std::fs::remove_file(&full);
            return Err(failed(error));
        }
        full.parent().map_or(Ok(()), sync_folder).map_err(failed)?;
        Ok(FileRecord { path: path.to_string(), sha256: digest_hex(bytes), size: bytes.len() as u64 })
    }

    /// Makes a folder, mode 0700, and those that it is in, as far as they are not there, and says where it is.
    pub(super) fn make_folders(&self, path: &str) -> Result<PathBuf, FolderError> {
        let full = self.resolve(path)?;
        self.make_missing(path, &full)?;
        Ok(full)
    }

    fn make_missing(&self, path: &str, full: &Path) -> Result<(), FolderError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => FolderError::Exists(path.to_string()),
            _ => FolderError::Io { path: path.to_string(), error },
        };
        if !self.root.is_dir() {
            let path = self.root.display().to_string();
            return Err(FolderError::Io {
                path,
                error: io::Error::new(io::ErrorKind::NotFound, "there is no such folder"),
            });
        }
        let mut made = Vec::new();
        let mut missing = Some(full);
        while let Some(folder) = missing.filter(|folder| !folder.exists()) {
            made.push(folder);
            missing = folder.parent();
        }
        for folder in made.iter().rev() {
            DirBuilder::new().mode(0o700).create(folder).map_err(failed)?;
            folder.parent().map_or(Ok(()), sync_folder).map_err(failed)?;
        }
        Ok(())
    }

    /// Moves a file, as it is, to where there is none.
    pub(crate) fn rename(&self, from: &str, to: &str) -> Result<(), FolderError> {
        let failed = |error: io::Error| FolderError::Io { path: from.to_string(), error };
        let (old, new) = (self.resolve(from)?, self.resolve(to)?);
        regular(&old).map_err(failed)?;
        new.parent().map_or(Ok(()), |parent| self.make_missing(to, parent))?;
        if new.symlink_metadata().is_ok() {
            return Err(FolderError::Exists(to.to_string()));
        }
        std::fs::rename(old, new).map_err(failed)
    }

    /// Puts everything on the disk that was written to the file system that the folder is on.
    pub(crate) fn sync_all(&self) -> Result<(), FolderError> {
        let failed = |error: io::Error| FolderError::Io { path: self.root.display().to_string(), error };
        #[cfg(target_os = "linux")]
        File::open(&self.root).and_then(|root| Ok(rustix::fs::syncfs(root)?)).map_err(failed)?;
        #[cfg(not(target_os = "linux"))]
        rustix::fs::sync();
        sync_folder(&self.root).map_err(failed)
    }

    /// The bytes of a regular file; opening anything else could wait forever.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, FolderError> {
        let full = self.resolve(path)?;
        let bytes = regular(&full).and_then(|_| std::fs::read(full));
        bytes.map_err(|error| FolderError::Io { path: path.to_string(), error })
    }

    /// The bytes of a regular file of at most that many.
    pub(crate) fn read_at_most(&self, path: &str, most: u64) -> Result<Vec<u8>, FolderError> {
        if self.size(path)? > most {
            let error = io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {most} bytes"));
            return Err(FolderError::Io { path: path.to_string(), error });
        }
        self.read(path)
    }

    /// Removes a file whose bytes are kept elsewhere.
    pub(crate) fn remove(&self, path: &str) -> Result<(), FolderError> {
        let full = self.resolve(path)?;
        let failed = |error: io::Error| FolderError::Io { path: path.to_string(), error };
        std::fs::remove_file(&full).map_err(failed)?;
        full.parent().map_or(Ok(()), sync_folder).map_err(failed)
    }

    /// The size of a file as it is now, without opening it.
    pub(crate) fn size(&self, path: &str) -> Result<u64, FolderError> {
        let full = self.resolve(path)?;
        let failed = |error: io::Error| FolderError::Io { path: path.to_string(), error };
        Ok(regular(&full).map_err(failed)?.len())
    }

    /// The digest and size of a file as it is now.
    pub fn measure(&self, path: &str) -> Result<FileRecord, FolderError> {
        let full = self.resolve(path)?;
        let failed = |error: io::Error| FolderError::Io { path: path.to_string(), error };
        let (sha256, size) = regular(&full).and_then(|_| digest_file(&full)).map_err(failed)?;
        Ok(FileRecord { path: path.to_string(), sha256, size })
    }
}

/// What is known of a regular file before it is opened: opening anything else could wait forever.
pub(crate) fn regular(path: &Path) -> io::Result<Metadata> {
    let metadata = path.symlink_metadata()?;
    match metadata.file_type() {
        kind if kind.is_file() => Ok(metadata),
        kind if kind.is_symlink() => Err(io::Error::other("it is a symbolic link, which is not followed")),
        _ => Err(io::Error::other("it is no regular file")),
    }
}

/// SHA-256 (hex) and size of a file, read in pieces.
pub fn digest_file(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut size = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((hex::encode(hasher.finalize()), size));
        }
        hasher.update(&buffer[..read]);
        size += read as u64;
    }
}

/// Puts a folder's own entries on the disk.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
