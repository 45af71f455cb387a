//! The record as a page that a person reads: one HTML file that loads nothing and runs nothing.
//!
//! Everything in a record may be the words of whoever forged it. It gets onto the page through one function alone, see
//! [`page`], and never into markup.

mod course;
mod devices;
mod files;
mod item;
mod ledger;
mod machines;
mod model;
mod names;
mod page;
mod pictures;
mod seals;
mod sentence;
mod shown;
mod timeline;
mod times;
mod verdict;

use crate::{
    audit::Replayed,
    record::{self, Folder, Unreadable},
};
use std::path::Path;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// There is no transcript to read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The transcript is not the one that was replayed.
    #[error("the transcript was changed while it was read; look who is writing to it, then make the report again")]
    Changed,
    /// The page could not be put together.
    #[error("the page could not be put together: {0}")]
    Page(String),
}

/// The page of a ceremony folder, UTF-8 HTML, with what its replay came to.
///
/// # Errors
/// There is no transcript to read, or another one than was replayed.
pub fn report(root: &Path, replayed: &Replayed) -> Result<String, ReportError> {
    let (lines, _) = record::read(root)?;
    let head = lines.last().map(|line| hex::encode(line.digest)).unwrap_or_default();
    if head != replayed.head || lines.len() != replayed.entries {
        return Err(ReportError::Changed);
    }
    page::render(&model::Report::of(&Folder::open(root), &lines, replayed))
}
