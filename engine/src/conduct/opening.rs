//! Opening a ceremony: its folder, its first entry.

use super::Bindings;
use crate::{
    notation::{Runbook, RunbookFile},
    record::{Clock, Event, FORMAT, Folder, FolderError, HostFacts, Opened, Program, Writer, WriterError},
};
use std::path::Path;

/// What the first entry needs to know.
pub struct Opening<'a> {
    /// The runbook, all files merged.
    pub runbook: &'a Runbook,
    /// Its files, exactly as they were read; the first is the one that was named.
    pub files: &'a [RunbookFile],
    /// What differs between machines.
    pub bindings: &'a Bindings,
    /// The program that conducts.
    pub program: Program,
    /// The machine that it runs on.
    pub host: HostFacts,
    /// Whether this is a rehearsal.
    pub rehearsal: bool,
}

/// Why a ceremony could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// The folder could not be made.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The transcript could not be started.
    #[error(transparent)]
    Writer(#[from] WriterError),
}

impl Opening<'_> {
    /// Makes the ceremony folder, copies the runbook into it, and writes `opened`.
    pub fn open(self, root: &Path, clock: Box<dyn Clock>) -> Result<Writer, OpeningError> {
        let folder = Folder::create(root)?;
        let mut runbook = Vec::new();
        for file in self.files {
            runbook.push(folder.create_file(&format!("runbook/{}", file.path), &file.bytes)?);
        }
        let mut writer = Writer::create(root, clock)?;
        let opened = Opened {
            format: FORMAT.into(),
            program: self.program,
            title: self.runbook.title.value.clone(),
            runbook,
            bindings: self.bindings.clone(),
            participants: self.bindings.participants(self.runbook),
            host: self.host,
            session_key: writer.session_key(),
            rehearsal: self.rehearsal,
        };
        writer.append(Event::Opened(Box::new(opened)).into())?;
        writer.sync()?;
        Ok(writer)
    }
}
