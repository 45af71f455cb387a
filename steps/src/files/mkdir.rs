//! `files.mkdir`: a folder is there.

use super::{Place, audit::at_its_place, place::io_failure};
use officiant_engine::conduct::{Effect, Exhibit, Failure, Objection, Probed, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    fs::{DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::Path,
};

pub(super) struct Mkdir;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The folder, below the ceremony folder's `products/`; the folders above it are made too.
    path: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// Its path in the ceremony folder, from `products/` on.
    path: String,
    /// Whether it is new; a folder that is there already is left as it is.
    created: bool,
}

impl StepHandler for Mkdir {
    const NAME: &'static str = "files.mkdir";
    const SUMMARY: &'static str = "Makes a folder below `products/`.";
    const EFFECT: Effect = Effect::Changes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let place = Place::Product(format!("products/{}", Place::product(&arguments.path)?));
        let path = place.name();
        let full = place.full(stage)?;
        if full.is_dir() {
            return Ok(Outputs { path, created: false });
        }
        make(&full).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                Failure::new("exists", format!("a file is where `{path}` should be"))
                    .next(format!("look at `{path}`; move it away yourself if it does not belong there"))
            }
            _ => io_failure(&path, &error),
        })?;
        Ok(Outputs { path, created: true })
    }

    /// The folder is the one that was named.
    fn audit(&self, arguments: &Arguments, outputs: &Value, _: &Exhibit<'_>) -> Vec<Objection> {
        at_its_place(&arguments.path, outputs).into_iter().collect()
    }

    /// A folder that is there already is left as it is, so it may be made again.
    fn probe(&self, _: Arguments, _: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        Ok(Probed::NotDone)
    }
}

/// Makes a folder and those above it, mode 0700, and puts them on the disk.
fn make(folder: &Path) -> io::Result<()> {
    let missing: Vec<_> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    for folder in missing.iter().rev() {
        DirBuilder::new().mode(0o700).create(folder)?;
        folder.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())?;
    }
    if missing.is_empty() { Err(io::ErrorKind::AlreadyExists.into()) } else { Ok(()) }
}
