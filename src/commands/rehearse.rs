//! `officiant rehearse`.

use super::ceremony::{Prepared, bindings, console};
use crate::{
    bench::{Bench, Retrying, fault},
    complaints,
    console::attended,
    outcome::Outcome,
};
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
    /// Let a virtual device fail once at a command: before or after it is carried out, the device vanishes, powers off,
    /// loses its answer, or answers an error. As DEVICE:WHEN:COMMAND[#N]:EFFECT, for example
    /// HSM-1:before:generate-asymmetric-key:vanish, HSM-1:after:sign-eddsa#2:power-off, HSM-1:after:put-authentication-key:lose-answer,
    /// HSM-1:before:create-session:error=sessions-full. The people plug the device in again when they choose to try again, or
    /// when a step of the runbook says so; may be given several times
    #[arg(long, value_name = "FAULT")]
    fault: Vec<String>,
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
        let mut console = console(self.attended, true, self.outside, self.answers.as_ref(), &self.out)?;
        let serials = bench.lay_out(&runbook, &bindings).map_err(Outcome::not_tried)?;
        for text in &self.fault {
            let wrong = |error: String| Outcome::not_tried(format!("--fault {text}: {error}"));
            let (device, fault) = fault::of_device(text).map_err(wrong)?;
            bench.inject(device, fault).map_err(wrong)?;
        }
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
        let mut console = Retrying::new(console.as_mut(), &bench);
        Ok(prepared.conduct(writer, Some(serials), &mut console))
    }
}
