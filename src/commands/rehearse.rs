//! `officiant rehearse`.

use super::ceremony::{Prepared, bindings, console};
use crate::{bench::Bench, complaints, console::attended, outcome::Outcome};
use clap::Args;
use officiant_steps::ports::Ports;
use std::{path::PathBuf, sync::Arc};

/// Arguments of `rehearse`.
#[derive(Args)]
pub struct Rehearse {
    /// The runbook
    runbook: PathBuf,
    /// The ceremony folder to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Ask a person, as the ceremony will
    #[arg(long)]
    attended: bool,
    /// Answers that differ from the runbook's `rehearse:` (TOML)
    #[arg(long, value_name = "FILE", conflicts_with = "attended")]
    answers: Option<PathBuf>,
    /// Let steps run programs and touch files outside the ceremony folder, though nobody gives the go-ahead
    #[arg(long, conflicts_with = "attended")]
    outside: bool,
    /// What differs between machines
    #[arg(long, value_name = "FILE")]
    bindings: Option<PathBuf>,
    /// Override one binding
    #[arg(long, value_name = "NAME=VALUE")]
    bind: Vec<String>,
}

impl Rehearse {
    /// Rehearses the ceremony.
    pub fn carry_out(self) -> Outcome {
        self.conduct().unwrap_or_else(|failed| failed)
    }

    fn conduct(self) -> Result<Outcome, Outcome> {
        let bench = Arc::new(Bench::default());
        let ports: Arc<dyn Ports> = bench.clone();
        let registry = officiant_steps::registry(&ports);
        let (loaded, runbook) = complaints::load_sound(&self.runbook, &registry)?;
        let mut bindings = bindings(self.bindings.as_ref(), &self.bind)?;
        // Where the real devices are says nothing of the virtual ones.
        bindings.yubihsm.connectors.clear();
        bindings.devices.values_mut().for_each(|device| device.connector = None);
        if self.attended && !attended() {
            return Err(Outcome::not_tried("--attended needs a terminal on standard input and standard error"));
        }
        let mut console = console(self.attended, true, self.outside, self.answers.as_ref())?;
        let serials = bench.lay_out(&runbook, &bindings).map_err(Outcome::not_tried)?;
        let prepared = Prepared {
            loaded: &loaded,
            runbook: &runbook,
            registry: &registry,
            bindings,
            folder: &self.out,
            rehearsal: true,
        };
        let writer = prepared.open()?;
        bench.power(&self.out.join("rehearsal")).map_err(Outcome::not_tried)?;
        eprintln!("REHEARSAL on virtual devices: {}", runbook.title);
        Ok(prepared.conduct(writer, Some(serials), console.as_mut()))
    }
}
