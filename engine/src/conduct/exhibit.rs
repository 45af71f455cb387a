//! What an auditor looks at: a step as it was recorded, and the ceremony folder.

use crate::record::{Folder, FolderError};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// The largest file that an audit reads, in bytes.
const LARGEST_FILE: u64 = 256 * 1024 * 1024;

/// The largest key or certificate that an audit reads, in bytes.
const LARGEST_SMALL_FILE: u64 = 64 * 1024;

/// Something that is wrong with a recorded step, or that its record does not prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// A stable kebab-case name for this sort of objection.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Whether the record does not hold because of it; an auditor should know of it otherwise.
    pub grave: bool,
}

impl Objection {
    /// An objection because of which the record does not hold.
    #[must_use]
    pub fn wrong(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), grave: true }
    }

    /// An objection that an auditor should know of.
    #[must_use]
    pub fn unproven(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), grave: false }
    }
}

/// A step that a handler carried out, as the record has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Performed {
    /// The handler.
    pub uses: String,
    /// Its arguments, secrets by name.
    pub with: Map<String, Value>,
    /// What came of it; nothing where it failed before there was anything.
    pub outputs: Option<Value>,
    /// What people answered in it, each with the slot of its question; no secret.
    pub answered: Vec<(String, Value)>,
    /// What it recorded before it was over, in order.
    pub seen: Vec<Value>,
    /// Whether it finished with its expectations.
    pub finished: bool,
    /// Whether it had been done before a break of the ceremony and was looked up afterwards.
    pub taken_up: bool,
    /// How often the ceremony broke off in the middle of it.
    pub breaks: usize,
    /// When it began.
    pub began: Timestamp,
    /// When that was recorded.
    pub at: Timestamp,
    /// The serial number of the device that its `device` argument names, when it is bound.
    pub serial: Option<u32>,
    /// The transcript's line, from 1.
    pub line: usize,
}

/// A step under audit.
pub struct Exhibit<'a> {
    pub(crate) folder: &'a Folder,
    pub(crate) rehearsal: bool,
    pub(crate) anchors: &'a [Vec<u8>],
    pub(crate) steps: &'a [Performed],
    pub(crate) this: usize,
}

impl<'a> Exhibit<'a> {
    /// The step at `this` among `steps`, which are in the record's order; nothing when there is none.
    #[must_use]
    pub fn new(
        folder: &'a Folder,
        rehearsal: bool,
        anchors: &'a [Vec<u8>],
        steps: &'a [Performed],
        this: usize,
    ) -> Option<Self> {
        (this < steps.len()).then_some(Self { folder, rehearsal, anchors, steps, this })
    }

    /// The bytes of a key or a certificate, at most 64 KiB.
    pub fn small_file(&self, path: &str) -> Result<Vec<u8>, FolderError> {
        self.folder.read_at_most(path, LARGEST_SMALL_FILE)
    }

    /// The bytes of a file of the ceremony; that they are those that were recorded is looked at elsewhere.
    pub fn file(&self, path: &str) -> Result<Vec<u8>, FolderError> {
        self.folder.read_at_most(path, LARGEST_FILE)
    }

    /// Where a file or folder of the ceremony is; no symbolic link leads there.
    pub fn path(&self, path: &str) -> Result<std::path::PathBuf, FolderError> {
        self.folder.resolve(path)
    }

    /// Whether it was a rehearsal.
    #[must_use]
    pub fn rehearsal(&self) -> bool {
        self.rehearsal
    }

    /// The certificates, DER, that the auditor trusts as the vendors' roots and intermediates; none when none were brought.
    #[must_use]
    pub fn anchors(&self) -> &[Vec<u8>] {
        self.anchors
    }

    /// The step itself.
    #[must_use]
    pub fn this(&self) -> &Performed {
        &self.steps[self.this]
    }

    /// The steps that handlers carried out before it, failed ones too, in order.
    #[must_use]
    pub fn earlier(&self) -> &[Performed] {
        &self.steps[..self.this]
    }
}
