//! `officiant device`.

mod readers;
mod touch;
mod yubihsm;
mod yubikey;

use crate::outcome::Outcome;
use clap::{Args, Subcommand};

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
    Yubihsm(yubihsm::YubiHsm),
    /// A virtual YubiKey in a virtual card reader
    Yubikey(yubikey::YubiKey),
    /// Two virtual card readers for virtual YubiKeys, apart from this machine's real ones
    Readers(readers::Readers),
}

impl Device {
    /// Serves the device until the program is stopped.
    pub fn carry_out(self) -> Outcome {
        let served = match self.kind {
            Kind::Yubihsm(yubihsm) => yubihsm.serve(),
            Kind::Yubikey(yubikey) => yubikey.serve(),
            Kind::Readers(readers) => readers.serve(),
        };
        served.unwrap_or_else(|failed| failed)
    }
}
