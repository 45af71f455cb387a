//! `officiant run`.

use super::ceremony::{Prepared, bindings, console};
use crate::{
    complaints,
    console::{attended, safe},
    outcome::Outcome,
};
use clap::Args;
use officiant_engine::notation::Text;
use std::path::PathBuf;

/// Arguments of `run`.
#[derive(Args)]
pub struct Run {
    /// The runbook
    runbook: PathBuf,
    /// The ceremony folder to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What differs between machines
    #[arg(long, value_name = "FILE")]
    bindings: Option<PathBuf>,
    /// Override one binding, for example devices.YubiHSM2-1.connector=http://127.0.0.1:12345
    #[arg(long, value_name = "NAME=VALUE")]
    bind: Vec<String>,
    /// Answers for a run without a terminal (TOML)
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
}

impl Run {
    /// Conducts the ceremony.
    pub fn carry_out(self) -> Outcome {
        self.conduct().unwrap_or_else(|failed| failed)
    }

    fn conduct(self) -> Result<Outcome, Outcome> {
        let registry = super::system_registry();
        let (loaded, runbook) = complaints::load_sound(&self.runbook, &registry)?;
        let bindings = bindings(self.bindings.as_ref(), &self.bind)?;
        let is_attended = self.answers.is_none() && attended();
        let mut console = console(is_attended, false, false, self.answers.as_ref(), &self.out)?;
        let prepared = Prepared {
            loaded: &loaded,
            runbook: &runbook,
            registry: &registry,
            bindings,
            folder: &self.out,
            rehearsal: false,
            attended: is_attended,
        };
        let writer = prepared.open()?;
        let unnamed =
            runbook.participants.keys().filter(|role| !prepared.bindings.participants.contains_key(role.as_str()));
        let unnamed: Vec<&str> = unnamed.map(Text::as_str).collect();
        eprintln!("CEREMONY: {}", safe(&runbook.title));
        if !unnamed.is_empty() {
            eprintln!("The bindings name nobody for: {}. The record will hold the roles alone.", unnamed.join(", "));
        }
        Ok(prepared.conduct(writer, None, console.as_mut()))
    }
}
