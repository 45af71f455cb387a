//! `officiant rehearse`.

use super::{
    Format,
    ceremony::{Prepared, bindings, console},
    every_branch::EveryBranch,
};
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
    /// Rehearse everything: both sides of each IF, each step that may or should be done, each remedy, each fault
    ///
    /// Rehearses as often as that takes, in DIR/001, DIR/002, …, and prints what was walked, and what was not and why. Exit
    /// code 0 when all that can be walked from here was walked, every rehearsal came to an END, and every record holds.
    #[arg(long, conflicts_with = "attended")]
    every_branch: bool,
    /// How the result of --every-branch is printed
    #[arg(long, value_enum, default_value_t, requires = "every_branch")]
    format: Format,
    /// Ask a person, as the ceremony will
    #[arg(long)]
    attended: bool,
    /// Answers that differ from the runbook's `rehearse:` (TOML)
    #[arg(long, value_name = "FILE", conflicts_with = "attended")]
    answers: Option<PathBuf>,
    /// Let steps run programs and touch files outside the ceremony folder, though nobody gives the go-ahead
    #[arg(long, conflicts_with = "attended")]
    outside: bool,
    /// Let a virtual device fail once, at a command; may be given several times
    ///
    /// Written DEVICE:WHEN:COMMAND[#N]:EFFECT. WHEN is before or after the command is carried out; COMMAND is the vendor's or
    /// the PIV standard's name for it, and #2 is the second such command; EFFECT is vanish, power-off, lose-answer, or
    /// error=NAME. For example HSM-1:before:generate-asymmetric-key:vanish, HSM-1:after:sign-eddsa#2:lose-answer,
    /// HSM-1:before:put-authentication-key:error=log-full or YubiKey-1:after:generate-asymmetric-key-pair:vanish. A device that
    /// vanished or lost its power is plugged in again when the people choose to try again, and when a step inserts it.
    #[arg(long, value_name = "FAULT")]
    fault: Vec<String>,
    /// Take the virtual devices as an earlier rehearsal left them, whose ceremony folder this is
    ///
    /// For ceremonies that come one after the other with the same devices. Devices that it did not have are new. Secrets that were
    /// made up in it are the same, by the ids of the steps that ask for them.
    #[arg(long, value_name = "DIR", conflicts_with = "every_branch")]
    devices: Option<PathBuf>,
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
        let mut faults = Vec::new();
        for text in &self.fault {
            let (device, fault) =
                fault::of_device(text, &runbook).map_err(|it| Outcome::not_tried(format!("--fault {text}: {it}")))?;
            faults.push((device.to_string(), fault));
        }
        bench.fetch_readers(&runbook).map_err(Outcome::not_tried)?;
        if self.every_branch {
            let (out, answers, outside, format) = (&self.out, self.answers.as_ref(), self.outside, self.format);
            let (loaded, runbook) = (&loaded, &runbook);
            return EveryBranch { loaded, runbook, bindings, out, answers, outside, faults, format }.carry_out();
        }
        let mut console = console(self.attended, true, self.outside, self.answers.as_ref(), &self.out)?;
        let mut serials = bench.lay_out(&runbook, &bindings).map_err(Outcome::not_tried)?;
        let earlier = self.devices.as_deref().map(|folder| bench.earlier(folder, &bindings, &mut serials)).transpose();
        let earlier = earlier.map_err(|it| Outcome::not_tried(format!("--devices: {it}")))?;
        for (device, fault) in faults {
            bench.inject(&device, fault);
        }
        let prepared = Prepared {
            loaded: &loaded,
            runbook: &runbook,
            registry: &registry,
            bindings,
            folder: &self.out,
            rehearsal: true,
            attended: self.attended,
        };
        let writer = prepared.open()?;
        bench.power(&self.out.join("rehearsal")).map_err(Outcome::not_tried)?;
        earlier.iter().try_for_each(|earlier| bench.take_up(earlier)).map_err(Outcome::not_tried)?;
        eprintln!("REHEARSAL on virtual devices: {}", runbook.title);
        bench.notice().into_iter().for_each(|notice| eprintln!("{notice}"));
        let mut console = Retrying::new(console.as_mut(), &bench);
        let outcome = prepared.conduct(writer, Some(serials), &mut console);
        for fault in bench.faults_left() {
            eprintln!("warning: the fault {fault} did not happen: the device was not sent so many such commands");
        }
        Ok(outcome)
    }
}
