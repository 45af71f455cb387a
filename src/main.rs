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

/// Sends `tracing` to standard error; `-v` is debug, `-vv` is everything.
fn log(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(level)
        .init();
}
