//! The subcommands, one file each.

mod ceremony;
mod check;
mod device;
mod every_branch;
mod rehearse;
mod replay;
mod report;
mod resume;
mod run;
mod schema;
mod seal;
mod step;
mod steps;

use crate::outcome::Outcome;
use clap::{Subcommand, ValueEnum};
use officiant_engine::conduct::Registry;
use officiant_steps::ports::{Ports, SystemPorts};
use std::sync::Arc;

/// What officiant does.
#[derive(Subcommand)]
pub enum Command {
    /// Everything about a runbook that can be known without running it
    Check(check::Check),
    /// Run a runbook on virtual devices
    Rehearse(rehearse::Rehearse),
    /// Conduct a ceremony
    Run(run::Run),
    /// Go on with a ceremony after a break
    Resume(resume::Resume),
    /// Verify a ceremony's record and perform it once more from it; needs nothing but its folder
    Replay(replay::Replay),
    /// Seal a ceremony's record with a key of your own, when the ceremony is over
    Seal(seal::Seal),
    /// Make a ceremony's record a page that a person reads: one HTML file
    Report(report::Report),
    /// The step handlers: all of them, or one in full
    Steps(steps::Steps),
    /// Perform one step handler by itself, outside any ceremony; prints its outputs as JSON
    Step(step::Step),
    /// Print a JSON Schema
    Schema(schema::SchemaCommand),
    /// A virtual device to practise on, also with the vendor's own tools
    Device(device::Device),
}

impl Command {
    /// Carries the subcommand out.
    pub fn carry_out(self) -> Outcome {
        match self {
            Self::Check(check) => check.carry_out(),
            Self::Rehearse(rehearse) => rehearse.carry_out(),
            Self::Run(run) => run.carry_out(),
            Self::Resume(resume) => resume.carry_out(),
            Self::Replay(replay) => replay.carry_out(),
            Self::Seal(seal) => seal.carry_out(),
            Self::Report(report) => report.carry_out(),
            Self::Steps(steps) => steps.carry_out(),
            Self::Step(step) => step.carry_out(),
            Self::Schema(schema) => schema.carry_out(),
            Self::Device(device) => device.carry_out(),
        }
    }
}

/// The step handlers, on this machine's own ports.
pub fn system_registry() -> Registry {
    let ports: Arc<dyn Ports> = Arc::new(SystemPorts::new());
    officiant_steps::registry(&ports)
}

/// How results are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Prints a result as JSON on standard output.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), Outcome> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Outcome::not_tried(format!("the result has no JSON form: {error}")))?;
    print_line(&text)
}

/// Prints a line on standard output; a reader that went away is no error worth a panic.
pub fn print_line(text: &str) -> Result<(), Outcome> {
    use std::io::Write;
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Outcome::not_tried(format!("standard output: {error}"))),
    }
}
