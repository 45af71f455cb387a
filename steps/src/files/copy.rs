//! `files.copy`: a file or folder is there a second time, and it is the same.

use super::{
    Place,
    audit::all_as_measured,
    measure::{Measured, measure, no_file},
    place::{failure, io_failure},
    walk::walk,
};
use officiant_engine::{
    conduct::{Effect, Exhibit, Failure, Objection, Probed, Stage, StepHandler},
    record::{Folder, digest_hex},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

/// The largest file that is copied, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// What is recorded before the first copy outside `products/` is made: its place was free.
const VACANT: &str = "vacant";

pub(super) struct Copy;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The file or folder; a relative path is below the ceremony folder's `products/`.
    from: String,
    /// The new file or folder; a relative path is below `products/`, and its files are then products. Nothing
    /// is replaced.
    to: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The new files, read once more after they were written.
    files: Vec<Measured>,
}

impl StepHandler for Copy {
    const NAME: &'static str = "files.copy";
    const SUMMARY: &'static str = "Copies a file or folder, never over another, and compares the digests afterwards.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn reaches_out(&self, arguments: &Arguments) -> bool {
        [&arguments.from, &arguments.to].into_iter().any(|path| Path::new(path).is_absolute())
    }

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let (from, to) = (Place::of(&arguments.from)?, Place::of(&arguments.to)?);
        let pairs = pairs(&from, &to, stage)?;
        // All of them before the first is made, so that a copy is not left half done for a reason that was known.
        for (from, to) in &pairs {
            if to.full(stage)?.symlink_metadata().is_ok() {
                return Err(exists(from, to, stage));
            }
        }
        if !matches!(to, Place::Product(_)) {
            // After a break this tells our copies from what was there before.
            stage.observe(json!({ VACANT: to.name() }))?;
        }
        let files = pairs.iter().map(|(from, to)| copy(from, to, stage)).collect::<Result<_, _>>()?;
        Ok(Outputs { files })
    }

    /// Products that are in no entry were set aside, so they are copied again. Copies elsewhere stay where they are: when all of
    /// them are there and the same, and none was there before, it was done.
    fn probe(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        let (from, to) = (Place::of(&arguments.from)?, Place::of(&arguments.to)?);
        let was_vacant = stage.observed().iter().any(|seen| seen[VACANT] == to.name());
        if matches!(to, Place::Product(_)) || !was_vacant {
            return Ok(Probed::NotDone);
        }
        let (mut copied, mut missing) = (Vec::new(), 0);
        for (from, to) in pairs(&from, &to, stage)? {
            if to.full(stage)?.symlink_metadata().is_err() {
                missing += 1;
                continue;
            }
            copied.push(same(&from, &to, stage)?);
        }
        match (copied.is_empty(), missing) {
            (_, 0) => Ok(Probed::Done(Outputs { files: copied })),
            (true, _) => Ok(Probed::NotDone),
            (false, _) => {
                let there: Vec<&str> = copied.iter().map(|file| file.path.as_str()).collect();
                Err(Failure::new(
                    "half-copied",
                    format!(
                        "the copy broke off: {missing} files are missing, and these are there: {}",
                        there.join(", ")
                    ),
                )
                .next("move away yourself what is there, and try again: everything is then copied"))
            }
        }
    }

    /// Copies elsewhere are not looked at.
    /// The new files are where they were to be, and as they were measured.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let mut objections = all_as_measured(&outputs["files"], exhibit);
        let to = Place::of(&arguments.to).map(|place| place.name()).unwrap_or_default();
        let below = |path: &str| path.strip_prefix(&to).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let files = outputs["files"].as_array().into_iter().flatten();
        for file in files.filter(|file| !file["path"].as_str().is_some_and(below)) {
            let message = format!("the step is about `{}`, what came of it about {}", arguments.to, file["path"]);
            objections.push(Objection::wrong("path", message));
        }
        objections
    }
}

/// A copy that is there, if it is the same.
fn same(from: &Place, to: &Place, stage: &Stage<'_>) -> Result<Measured, Failure> {
    let name = to.name();
    let other = || {
        Failure::new("exists", format!("`{name}` is there, and is not the same as `{}`", from.name()))
            .next(format!("look at `{name}`; move it away yourself if it is a copy that broke off, and try again"))
    };
    if !to.full(stage)?.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(other());
    }
    let wanted = measure(from, stage).map_err(|error| error.failure(&from.name()))?;
    let found = measure(to, stage).map_err(|error| error.failure(&name))?;
    if found.sha256 == wanted.sha256 { Ok(found) } else { Err(other()) }
}

/// Every file to copy, with its new place.
fn pairs(from: &Place, to: &Place, stage: &Stage<'_>) -> Result<Vec<(Place, Place)>, Failure> {
    let name = from.name();
    let full = from.full(stage)?;
    let metadata = full.metadata().map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            Failure::new("missing", format!("`{name}` is not there")).next("put it there and try again")
        }
        _ => io_failure(&name, &error),
    })?;
    match no_file(&metadata) {
        None => Ok(vec![(from.clone(), to.clone())]),
        Some(_) if metadata.is_dir() => {
            let files = walk(&full)?;
            if files.is_empty() {
                return Err(Failure::new("empty", format!("there is no file in `{name}`"))
                    .next("see that this is the right folder"));
            }
            Ok(files.iter().map(|file| (from.join(file), to.join(file))).collect())
        }
        Some(what) => Err(Failure::new("no-file", format!("`{name}` is {what}, which cannot be copied"))
            .next("name a file or a folder")),
    }
}

/// Says whether what is in the way is what was to be put there.
fn exists(from: &Place, to: &Place, stage: &Stage<'_>) -> Failure {
    let name = to.name();
    // A link leads to something that may be the same, but is another file.
    let file = to.full(stage).ok().and_then(|path| path.symlink_metadata().ok()).is_some_and(|it| it.is_file());
    let digests = (measure(from, stage), measure(to, stage));
    if let (true, (Ok(from), Ok(to))) = (file, digests)
        && from.sha256 == to.sha256
    {
        return Failure::new("exists", format!("`{name}` exists already, and is identical; nothing is ever replaced"))
            .next(format!(
                "if it is the copy that was wanted, go on without this step, or move `{name}` away yourself"
            ));
    }
    Failure::new("exists", format!("`{name}` exists already, and nothing is ever replaced"))
        .next(format!("look at `{name}`; move it away yourself if it does not belong there"))
}

fn copy(from: &Place, to: &Place, stage: &mut Stage<'_>) -> Result<Measured, Failure> {
    let name = from.name();
    let bytes = read(&from.full(stage)?, &name)?;
    match to {
        Place::Product(product) => {
            stage.product(&Place::product(product)?, &bytes)?;
        }
        Place::Outside(path) => {
            let (folder, below) = nearest_folder(path, stage)?;
            Folder::open(&folder).create_file(&below, &bytes).map_err(|error| failure(&error))?;
        }
    }
    let copied = measure(to, stage).map_err(|error| error.failure(&to.name()))?;
    if copied.sha256 != digest_hex(&bytes) {
        return Err(Failure::new(
            "digest",
            format!("`{}` is not the same as `{name}` when it is read again", copied.path),
        )
        .next("do not trust the disk that it is on; use another one"));
    }
    Ok(copied)
}

fn read(path: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| io_failure(name, &error))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| io_failure(name, &error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::new("too-large", format!("`{name}` is larger than {} MiB", LARGEST / 1024 / 1024))
            .next("copy it yourself and check it with files.check"));
    }
    Ok(bytes)
}

/// The nearest folder above an absolute path that exists, with its links resolved, and the path below it.
fn nearest_folder(path: &Path, stage: &Stage<'_>) -> Result<(PathBuf, String), Failure> {
    let name = path.display().to_string();
    let no_place = || Failure::new("path", format!("`{name}` is no place for a file")).next("name a file in a folder");
    let above = path.ancestors().skip(1).find(|folder| folder.is_dir()).ok_or_else(no_place)?;
    let below = path.strip_prefix(above).ok().and_then(Path::to_str).ok_or_else(no_place)?;
    let folder = above.canonicalize().map_err(|error| io_failure(&name, &error))?;
    let ceremony = stage.folder().canonicalize().map_err(|error| io_failure("the ceremony folder", &error))?;
    if folder.starts_with(ceremony) {
        return Err(Failure::new(
            "path",
            format!("`{name}` is in the ceremony folder, where the record must know of it"),
        )
        .next("make the path relative: it is then below `products/`"));
    }
    Ok((folder, below.to_string()))
}
