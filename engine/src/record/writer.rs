//! Writing the transcript: chained, signed, and on the disk before anything that depends on it happens.

use super::{
    Draft, Entry, GENESIS, TRANSCRIPT,
    entry::{instant, line_digest},
    folder::sync_folder,
};
use ed25519_dalek::SigningKey;
use jiff::Timestamp;
use rand_core::OsRng;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// What time it is.
pub trait Clock {
    /// Now, UTC.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Why the record could not be kept; the ceremony must not go on.
#[derive(Debug, thiserror::Error)]
pub enum WriterError {
    /// There is a transcript in the folder.
    #[error("`{0}` holds a transcript already; name a new folder with --out")]
    Exists(String),
    /// Another process writes it.
    #[error("another officiant is at work in `{0}`; let it end first")]
    InUse(String),
    /// It is not as long as it was when it was read.
    #[error("the transcript changed while it was looked at; look at it again")]
    Changed,
    /// It is not where it was.
    #[error(
        "the ceremony folder is gone: `{0}` is not the file that is being written; bring it back, then go on with `officiant resume`"
    )]
    Gone(String),
    /// The file system refused.
    #[error("the transcript cannot be written: {0}")]
    Io(#[from] io::Error),
    /// An entry has no JSON form.
    #[error("an entry cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// The transcript of a session that is being written.
pub struct Writer {
    path: PathBuf,
    file: File,
    key: SigningKey,
    clock: Box<dyn Clock>,
    buffer: Vec<u8>,
    head: [u8; 32],
    seq: u64,
    latest: Timestamp,
    flushes: u64,
    /// The size of the whole lines, in bytes, while a torn one follows.
    torn_after: Option<u64>,
    /// Set once a write failed: what follows could leave a gap, so nothing more is taken.
    broken: bool,
}

impl Writer {
    /// Starts a new transcript in a ceremony folder, with a session key that lives in memory only.
    pub fn create(folder: &Path, clock: Box<dyn Clock>) -> Result<Self, WriterError> {
        let path = folder.join(TRANSCRIPT);
        let file =
            OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path).map_err(|error| {
                match error.kind() {
                    io::ErrorKind::AlreadyExists => WriterError::Exists(folder.display().to_string()),
                    _ => WriterError::Io(error),
                }
            })?;
        lock(&file, folder)?;
        sync_folder(folder)?;
        let latest = clock.now();
        Ok(Self::after(&End { size: 0, torn: 0, seq: 0, head: [0; 32], latest }, path, file, clock))
    }

    /// Takes a transcript up where it ends, with a new session key; what is left of a torn line is cut off when the next entry
    /// is written.
    ///
    /// # Errors
    /// Another process writes it, it does not end there any more, or the file system refuses.
    pub fn open(folder: &Path, end: &End, clock: Box<dyn Clock>) -> Result<Self, WriterError> {
        let path = folder.join(TRANSCRIPT);
        let file = OpenOptions::new().append(true).open(&path)?;
        lock(&file, folder)?;
        if file.metadata()?.len() != end.size + end.torn {
            return Err(WriterError::Changed);
        }
        Ok(Self::after(end, path, file, clock))
    }

    /// Whether nobody writes a folder's transcript now.
    ///
    /// # Errors
    /// Another process does, or the file cannot be opened.
    pub fn is_free(folder: &Path) -> Result<(), WriterError> {
        let path = folder.join(TRANSCRIPT);
        // Anything else than a regular file could be waited for when it is opened.
        if !path.symlink_metadata()?.is_file() {
            return Ok(());
        }
        lock(&File::open(path)?, folder)
    }

    fn after(end: &End, path: PathBuf, file: File, clock: Box<dyn Clock>) -> Self {
        Self {
            path,
            file,
            key: SigningKey::generate(&mut OsRng),
            clock,
            buffer: Vec::new(),
            head: end.head,
            seq: end.seq,
            latest: end.latest,
            flushes: 0,
            torn_after: (end.torn > 0).then_some(end.size),
            broken: false,
        }
    }

    /// The session's public key, hex.
    #[must_use]
    pub fn session_key(&self) -> String {
        hex::encode(self.key.verifying_key().to_bytes())
    }

    /// The SHA-256 of the last entry.
    #[must_use]
    pub fn head(&self) -> [u8; 32] {
        self.head
    }

    /// Takes an entry; it is on the disk after the next [`Writer::sync`].
    pub fn append(&mut self, draft: Draft) -> Result<(), WriterError> {
        if self.broken {
            return Err(io::Error::other("an earlier entry could not be written").into());
        }
        // A clock that is set back during the ceremony must not make time run backwards in the record.
        self.latest = self.clock.now().max(self.latest);
        let prev = if self.seq == 0 { GENESIS.to_string() } else { hex::encode(self.head) };
        let entry = Entry {
            at: instant(self.latest),
            by: draft.by,
            event: draft.event,
            prev,
            seq: self.seq,
            sig: None,
            step: draft.step,
        };
        let line = entry.sign(&self.key)?;
        self.head = line_digest(&line);
        self.seq += 1;
        self.buffer.extend_from_slice(line.as_bytes());
        self.buffer.push(b'\n');
        Ok(())
    }

    /// Puts every entry taken so far on the disk, in one write and one flush.
    pub fn sync(&mut self) -> Result<(), WriterError> {
        if self.broken {
            return Err(io::Error::other("an earlier entry could not be written").into());
        }
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.broken = true;
        self.still_there()?;
        if let Some(size) = self.torn_after.take() {
            self.file.set_len(size)?;
        }
        self.file.write_all(&self.buffer)?;
        self.file.sync_data()?;
        self.broken = false;
        self.flushes += 1;
        self.buffer.clear();
        Ok(())
    }

    /// A folder that was moved away or unmounted takes what is written to it along, and nobody would find it.
    fn still_there(&self) -> Result<(), WriterError> {
        let open = self.file.metadata()?;
        match self.path.symlink_metadata() {
            Ok(there) if (there.dev(), there.ino()) == (open.dev(), open.ino()) => Ok(()),
            _ => Err(WriterError::Gone(self.path.display().to_string())),
        }
    }
}

/// Where a transcript ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The size of its lines, in bytes with their newlines.
    pub size: u64,
    /// The size of what is left of a torn line after them, in bytes.
    pub torn: u64,
    /// How many entries there are.
    pub seq: u64,
    /// SHA-256 of the last one.
    pub head: [u8; 32],
    /// When the last one was written.
    pub latest: Timestamp,
}

/// Two sessions that write one transcript would break its chain.
fn lock(file: &File, folder: &Path) -> Result<(), WriterError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(WriterError::InUse(folder.display().to_string())),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        tracing::debug!(entries = self.seq, flushes = self.flushes, "the record is closed");
    }
}
