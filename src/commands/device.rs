//! `officiant device`.

use super::print_line;
use crate::{
    outcome::Outcome,
    readers::{RunningReaders, USUAL_PORT},
};
use clap::{Args, Subcommand};
use officiant_devices::{
    Error,
    yubihsm::{Connector, Ed25519Attestation, Settings, VirtualYubiHsm},
};
use std::{ffi::OsString, net::SocketAddr, path::PathBuf, process::Command};

/// Arguments of `device`.
#[derive(Args)]
pub struct Device {
    #[command(subcommand)]
    kind: Kind,
}

/// The virtual devices.
#[derive(Subcommand)]
enum Kind {
    /// A virtual YubiHSM 2 behind a connector on this machine
    Yubihsm(YubiHsm),
    /// Two virtual card readers for virtual YubiKeys, which no real card reader disturbs
    Readers(Readers),
}

/// Arguments of `device readers`.
#[derive(Args)]
struct Readers {
    /// Where the first waits for a card, and the second at the next one; 0 for any two that are free
    #[arg(long, default_value_t = USUAL_PORT, value_parser = clap::value_parser!(u16).range(..65535))]
    port: u16,
    /// A program that uses them; without one, they are there until this program is stopped
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Arguments of `device yubihsm`.
#[derive(Args)]
struct YubiHsm {
    /// Its serial number
    #[arg(long)]
    serial: u32,
    /// The file that holds its state; made when it is not there
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// Where its connector listens; a loopback address
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:12345")]
    listen: SocketAddr,
    /// Its firmware version, for a new device
    #[arg(long, value_name = "VERSION")]
    firmware: Option<String>,
    /// Attest Ed25519 keys, which devices so far refuse
    #[arg(long)]
    attest_ed25519: bool,
    /// Write the certificates that its attestations lead to, as PEM, to this folder, then go on
    #[arg(long, value_name = "FOLDER")]
    anchors: Option<PathBuf>,
}

impl Device {
    /// Serves the device until the program is stopped.
    pub fn carry_out(self) -> Outcome {
        match self.kind {
            Kind::Yubihsm(yubihsm) => yubihsm.serve().unwrap_or_else(|failed| failed),
            Kind::Readers(readers) => readers.serve().unwrap_or_else(|failed| failed),
        }
    }
}

impl YubiHsm {
    fn serve(self) -> Result<Outcome, Outcome> {
        if !self.listen.ip().is_loopback() {
            // Before a new device is made, which would stay behind.
            return Err(Outcome::not_tried(Error::NotLoopback { address: self.listen }));
        }
        let mut settings = Settings::new(self.serial, &self.state);
        if let Some(firmware) = &self.firmware {
            let firmware =
                firmware.parse().map_err(|error| Outcome::not_tried(format!("--firmware {firmware}: {error}")))?;
            settings.firmware = Some(firmware);
        }
        if self.attest_ed25519 {
            settings.ed25519_attestation = Ed25519Attestation::Attested;
        }
        if let Some(folder) = &self.anchors {
            crate::bench::write_anchors(folder).map_err(Outcome::not_tried)?;
        }
        let device = VirtualYubiHsm::open(&settings).map_err(Outcome::not_tried)?;
        let connector = Connector::start(device, self.listen).map_err(Outcome::not_tried)?;
        print_line(&format!("REHEARSAL YubiHSM 2, serial number {}\nconnector  {}", self.serial, connector.url()))?;
        eprintln!("Point yubihsm-shell at it with --connector={}. Ctrl-C pulls it out.", connector.url());
        connector.serve();
        Ok(Outcome::Holds)
    }
}

impl Readers {
    fn serve(self) -> Result<Outcome, Outcome> {
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
