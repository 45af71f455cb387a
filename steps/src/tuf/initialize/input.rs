//! Where the list of targets comes from.

use crate::files::Place;
use officiant_engine::{
    conduct::{Failure, Stage},
    record::TRANSCRIPT,
};
use std::{
    fs::File,
    io::{self, Read},
};

/// The name that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// A list that is open.
pub(super) struct Input {
    pub(super) list: Box<dyn Read + Send>,
    /// Its size in bytes, where that is known before it is read.
    pub(super) size: Option<u64>,
}

impl Input {
    /// Opens a list: a file, or standard input where nobody is asked anything.
    ///
    /// # Errors
    /// `file`, `path`; `standard-input` in a ceremony.
    pub(super) fn open(name: &str, stage: &Stage<'_>) -> Result<Self, Failure> {
        if name == STANDARD_INPUT {
            if in_ceremony(stage) {
                let message = "in a ceremony, standard input is for the answers of people";
                return Err(Failure::new("standard-input", message).next("name a file as `targets` in the runbook"));
            }
            return Ok(Self { list: Box::new(io::stdin()), size: None });
        }
        let place = Place::of(name)?;
        let full = place.full(stage)?;
        let opened = full.metadata().and_then(|metadata| {
            if !metadata.is_file() {
                return Err(io::Error::other("it is no regular file"));
            }
            Ok((File::open(&full)?, metadata.len()))
        });
        let (list, size) = opened.map_err(|error| {
            Failure::new("file", format!("the targets in `{}`: {error}", place.name()))
                .next("see that the list is there, and readable")
        })?;
        Ok(Self { list: Box::new(list), size: Some(size) })
    }
}

/// Whether the step is one of a ceremony, and not performed by itself.
pub(super) fn in_ceremony(stage: &Stage<'_>) -> bool {
    stage.folder().join(TRANSCRIPT).exists()
}
