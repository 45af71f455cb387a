//! `officiant report`.

use crate::outcome::Outcome;
use clap::Args;
use officiant_engine::{
    audit::{Depth, Scrutiny, Verdict, replay},
    report::report,
};
use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// Arguments of `report`.
#[derive(Args)]
pub struct Report {
    /// The ceremony folder
    folder: PathBuf,
    /// The HTML file to make, outside the ceremony folder; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// What you trust: a folder with `allowed_signers` files, also `NAME.allowed_signers`, and certificates
    #[arg(long, value_name = "FOLDER")]
    trust: Option<PathBuf>,
}

impl Report {
    /// Replays the ceremony and makes the page, also of a record that does not hold.
    pub fn carry_out(self) -> Outcome {
        self.make().unwrap_or_else(|failed| failed)
    }

    fn make(self) -> Result<Outcome, Outcome> {
        let to_file = self.output.as_os_str() != "-";
        if to_file {
            self.refuse_place()?;
        }
        let registry = super::system_registry();
        let trust = self.trust.as_deref().map(|trust| super::replay::load_trust(trust, &self.folder)).transpose()?;
        let scrutiny = Scrutiny { depth: Depth::EverySignature, trust };
        let replayed = replay(&self.folder, &registry, &scrutiny).map_err(Outcome::not_tried)?;
        let page = report(&self.folder, &replayed).map_err(Outcome::not_tried)?;
        if to_file { create(&self.output, page.as_bytes()) } else { print(page.as_bytes()) }?;
        if to_file {
            eprintln!("report  {}", crate::console::safe(&self.output.display().to_string()));
        }
        Ok(said(replayed.verdict))
    }

    /// A file of another's in the ceremony folder is a finding of every replay, and nothing is replaced.
    fn refuse_place(&self) -> Result<(), Outcome> {
        let file = self.output.display();
        if self.output.symlink_metadata().is_ok() {
            return Err(exists(&self.output));
        }
        let parent = self.output.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (Ok(parent), Ok(folder)) = (parent.canonicalize(), self.folder.canonicalize()) else { return Ok(()) };
        if parent.starts_with(folder) {
            return Err(Outcome::not_tried(format!(
                "`{file}` is in the ceremony folder, which holds nothing that the record does not know: make the report \
                 beside it"
            )));
        }
        Ok(())
    }
}

fn exists(file: &Path) -> Outcome {
    Outcome::not_tried(format!("`{}` exists already, and nothing is ever replaced: name another file", file.display()))
}

/// Writes a new file. Unlike the record it is made to be handed on, so it is as readable as the umask lets files be.
fn create(path: &Path, page: &[u8]) -> Result<(), Outcome> {
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::AlreadyExists => exists(path),
        _ => Outcome::not_tried(format!("`{}`: {error}", path.display())),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(page).and_then(|()| file.sync_all()).map_err(|error| {
        let _ = fs::remove_file(path);
        failed(error)
    })
}

fn print(page: &[u8]) -> Result<(), Outcome> {
    match io::stdout().write_all(page).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Outcome::not_tried(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// The same exit codes as those of `replay`.
fn said(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Holds => Outcome::Holds,
        _ => Outcome::does_not_hold(verdict.words()),
    }
}
