//! The transcript: what an entry is, how it is written so that it survives, and how it is read back.

mod batch;
mod canonical;
mod entry;
mod event;
mod folder;
mod reader;
mod words;
mod writer;

pub use batch::Batch;
pub use entry::{Draft, Entry, GENESIS, instant, settled};
pub use event::{
    Aborted, Answered, Approval, Began, Checkpoint, ClockReading, Decided, Deviated, Ended, Entered, Event, Expected,
    Failed, Finished, HostFacts, Left, Observed, Opened, ParticipantRecord, Probe, Program, Resumed, Retried, Skipped,
    Torn,
};
pub use folder::{FileRecord, Folder, FolderError, digest_file, digest_hex};
pub(crate) use folder::{regular, sync_folder};
pub use reader::{Line, Unreadable, read};
pub use words::words;
pub use writer::{Clock, End, SystemClock, Writer, WriterError};

/// The transcript's file name in the ceremony folder.
pub const TRANSCRIPT: &str = "transcript.jsonl";

/// The format that `opened` names.
pub const FORMAT: &str = "officiant-transcript/1";

/// The folder of the runbook's files, in the ceremony folder.
pub const RUNBOOK: &str = "runbook";

/// The folder of what the ceremony makes.
pub const PRODUCTS: &str = "products";

/// The folder of photos, command output, and what was set aside.
pub const EVIDENCE: &str = "evidence";
