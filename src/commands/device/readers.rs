//! `officiant device readers`.

use super::super::print_line;
use crate::{
    outcome::Outcome,
    readers::{RunningReaders, USUAL_PORT},
};
use clap::Args;
use std::{ffi::OsString, process::Command};

/// Arguments of `device readers`.
#[derive(Args)]
pub struct Readers {
    /// The port where the first waits for a card, the second at the next one; 0 for any two that are free
    #[arg(long, default_value_t = USUAL_PORT, value_parser = clap::value_parser!(u16).range(..65535))]
    port: u16,
    /// A program that uses them; without one, they are there until this program is stopped
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Readers {
    /// Serves the readers, to a program alone or to whoever asks.
    pub fn serve(self) -> Result<Outcome, Outcome> {
        let running = RunningReaders::start(self.port).map_err(Outcome::not_tried)?;
        if let Some((program, arguments)) = self.command.split_first() {
            let error = running.become_program(Command::new(program).args(arguments));
            return Err(Outcome::not_tried(format!("{}: {error}", program.display())));
        }
        for (variable, value) in running.readers().environment() {
            print_line(&format!("{variable}={value}"))?;
        }
        eprintln!("Set both for the programs that are to use these card readers. Ctrl-C takes them away.");
        let said = running.wait();
        Err(Outcome::does_not_hold(format!("the smart card service of the virtual readers ended by itself: {said}")))
    }
}
