//! `officiant device yubikey`.

use super::{super::print_line, touch::Terminal};
use crate::{
    outcome::Outcome,
    readers::{self, Claim, Reader, USUAL_PORT},
};
use clap::{Args, ValueEnum};
use officiant_devices::{
    Firmware,
    yubikey::{Connection, Settings, Touch, Toucher, VirtualYubiKey},
};
use std::{
    io::{self, IsTerminal},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

/// Arguments of `device yubikey`.
#[derive(Args)]
pub struct YubiKey {
    /// Its serial number
    #[arg(long)]
    serial: u32,
    /// The file that holds its state; made when it is not there
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// Its firmware version, for a new device: 5.4.3, unless said otherwise
    #[arg(long, value_name = "VERSION")]
    firmware: Option<Firmware>,
    /// A device of the FIPS Series, for a new device
    #[arg(long)]
    fips: bool,
    /// The port of its virtual reader; the first empty one of those of `device readers`, unless said otherwise
    #[arg(long)]
    port: Option<u16>,
    /// Who touches it when it waits for that: whoever presses a key in this terminal, or nobody, as if it were touched
    /// at once; `ask`, unless there is no terminal
    #[arg(long, value_name = "WHO")]
    touch: Option<Who>,
    /// Write the certificate that its attestations lead to, as PEM, to this folder, then go on
    #[arg(long, value_name = "FOLDER")]
    anchors: Option<PathBuf>,
}

/// Who touches the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Who {
    /// Somebody at the terminal
    Ask,
    /// Nobody has to
    Automatic,
}

impl YubiKey {
    /// Serves the device until the program is stopped.
    pub fn serve(self) -> Result<Outcome, Outcome> {
        // Before a new device is made, which would stay behind.
        let (reader, _claim) = self.reader().map_err(Outcome::not_tried)?;
        let terminal = self.terminal()?;
        let mut settings = Settings::new(self.serial, &self.state);
        settings.firmware = self.firmware;
        settings.fips = self.fips.then_some(true);
        if let Some(terminal) = &terminal {
            settings.touch = Touch::By(Arc::clone(terminal) as Arc<dyn Toucher>);
        }
        if let Some(folder) = &self.anchors {
            crate::bench::write_piv_anchors(folder).map_err(Outcome::not_tried)?;
        }
        let card = VirtualYubiKey::open(&settings).map_err(Outcome::not_tried)?;
        let series = if card.is_fips() { " FIPS" } else { "" };
        let what = format!("REHEARSAL YubiKey 5{series}, serial number {}, firmware {}", self.serial, card.firmware());
        let connection = Connection::start(card, reader).map_err(Outcome::not_tried)?;
        if let Some(terminal) = terminal {
            terminal.stop_at_signals(connection.stop_handle());
        }
        print_line(&format!("{what}\nreader  {reader}"))?;
        eprintln!("Its clients are those that `officiant device readers` tells where it is. Ctrl-C pulls it out.");
        connection.serve();
        Ok(Outcome::Holds)
    }

    /// The reader that it is put into, and the claim on it.
    fn reader(&self) -> Result<(SocketAddr, Claim), String> {
        let look = |port| match Reader::at(port) {
            Reader::Missing => Err(Reader::Missing),
            Reader::Occupied => Err(Reader::Occupied),
            Reader::Empty | Reader::Unknown => match Claim::on(port) {
                Some(claim) => Ok((SocketAddr::from((Ipv4Addr::LOCALHOST, port)), claim)),
                None => Err(Reader::Occupied),
            },
        };
        if let Some(port) = self.port {
            return look(port).map_err(|found| match found {
                Reader::Missing => format!("there is no card reader at port {port}; {START_READERS}"),
                _ => format!("there is a card in the reader at port {port} already; name another"),
            });
        }
        let first = readers::Readers::of_environment().map_or(USUAL_PORT, |readers| readers.first.port());
        let second = first.saturating_add(1);
        look(first).or_else(|found| match (found, look(second)) {
            (_, Ok(empty)) => Ok(empty),
            (Reader::Missing, Err(Reader::Missing)) => {
                Err(format!("there is no card reader at port {first}; {START_READERS}"))
            }
            _ => Err(format!(
                "there is a card in both card readers, at the ports {first} and {second}, already; take one out, or start \
                 other readers: officiant device readers --port 0"
            )),
        })
    }

    /// The terminal where somebody touches it.
    fn terminal(&self) -> Result<Option<Arc<Terminal>>, Outcome> {
        let there = io::stdin().is_terminal();
        match self.touch {
            Some(Who::Automatic) => Ok(None),
            None if !there => Ok(None),
            Some(Who::Ask) if !there => {
                Err(Outcome::not_tried("--touch ask: there is no terminal where a key could be pressed; use automatic"))
            }
            None | Some(Who::Ask) => Ok(Some(Arc::default())),
        }
    }
}

const START_READERS: &str = "start one in another terminal: officiant device readers";
