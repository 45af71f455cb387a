//! `officiant device yubihsm`.

use super::super::print_line;
use crate::outcome::Outcome;
use clap::Args;
use officiant_devices::{
    Error, Firmware,
    yubihsm::{Connector, Ed25519Attestation, Settings, VirtualYubiHsm},
};
use std::{net::SocketAddr, path::PathBuf};

/// Arguments of `device yubihsm`.
#[derive(Args)]
pub struct YubiHsm {
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
    firmware: Option<Firmware>,
    /// Attest Ed25519 keys, which devices so far refuse
    #[arg(long)]
    attest_ed25519: bool,
    /// Write the certificates that its attestations lead to, as PEM, to this folder, then go on
    #[arg(long, value_name = "FOLDER")]
    anchors: Option<PathBuf>,
}

impl YubiHsm {
    /// Serves the device until the program is stopped.
    pub fn serve(self) -> Result<Outcome, Outcome> {
        if !self.listen.ip().is_loopback() {
            // Before a new device is made, which would stay behind.
            return Err(Outcome::not_tried(Error::NotLoopback { address: self.listen }));
        }
        let mut settings = Settings::new(self.serial, &self.state);
        settings.firmware = self.firmware;
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
