//! The `officiant` command: arguments, the terminal, and nothing of the ceremony itself.

mod bench;
mod commands;
mod complaints;
mod console;
mod coverage;
mod outcome;
mod program;
mod readers;
mod sealing;
mod trust;

use clap::Parser;
use commands::Command;
use std::{io::IsTerminal, process::ExitCode};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// Conducts key ceremonies from a runbook, rehearses them on virtual devices, and replays their transcripts.
#[derive(Parser)]
#[command(name = "officiant", version, propagate_version = true)]
struct Officiant {
    /// Show what happens inside; twice for more
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,

    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let officiant = Officiant::parse();
    log(officiant.verbose);
    officiant.command.carry_out().into()
}

/// Those that talk to clouds: what they log has credentials in it.
const SILENT: [&str; 4] = ["aws", "h2", "hyper", "rustls"];

/// Sends `tracing` to standard error; `-v` is debug, `-vv` is everything.
fn log(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    let targets = Targets::new().with_default(level).with_targets(SILENT.map(|target| (target, LevelFilter::OFF)));
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    tracing_subscriber::registry().with(targets).with(lines).init();
}
