//! What can go wrong with a virtual device as a program: its file, its address.

use std::{io, net::SocketAddr, path::PathBuf};

use crate::Firmware;

/// Why a virtual device could not be opened, reset or served. What a *command* is refused with, the device
/// answers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The state file could not be read or written.
    #[error(
        "{path}: could not {action} the state of the virtual device: {source}; see that its folder is there and may be \
         written to, and that the disk is not full",
        path = path.display()
    )]
    Storage {
        /// The state file, or its lock or directory.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The state file is there, but is not the state of a virtual device as this program writes it.
    #[error(
        "{path}: this is not the intact state of a virtual device ({problem}); it was left as it is: put back a copy \
         of it, or name another file to start with a factory-new device",
        path = path.display()
    )]
    Damaged {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Another process serves the same state.
    #[error(
        "{path}: another process has this virtual device open; stop it first, or name another file",
        path = path.display()
    )]
    InUse {
        /// The state file.
        path: PathBuf,
    },
    /// The state file is of a device with another serial number.
    #[error(
        "{path}: this is the virtual device {found}, not {wanted}; ask for {found}, or name another file for {wanted}",
        path = path.display()
    )]
    OtherSerial {
        /// The state file.
        path: PathBuf,
        /// Serial number in the file.
        found: u32,
        /// Serial number asked for.
        wanted: u32,
    },
    /// The state file is of a device with another firmware; a device's firmware cannot be changed.
    #[error(
        "{path}: the firmware of this virtual device is {found}, not {wanted}; ask for {found}, or name another file for \
         a device with {wanted}",
        path = path.display()
    )]
    OtherFirmware {
        /// The state file.
        path: PathBuf,
        /// Version in the file.
        found: Firmware,
        /// Version asked for.
        wanted: Firmware,
    },
    /// The state file is of a device of another series.
    #[error(
        "{path}: this virtual device is {}; ask for what it is, or name another file",
        if *fips { "one of the FIPS Series" } else { "none of the FIPS Series" },
        path = path.display()
    )]
    OtherSeries {
        /// The state file.
        path: PathBuf,
        /// Whether the one in the file is of the FIPS Series.
        fips: bool,
    },
    /// A key or certificate could not be made.
    #[error("the virtual device could not {action}: {source}; try again")]
    Crypto {
        /// What was being done.
        action: &'static str,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A virtual device is for this machine only.
    #[error(
        "{address} is not a loopback address; a virtual device is served on this machine only: use 127.0.0.1:PORT or \
         [::1]:PORT"
    )]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The connector could not listen.
    #[error("could not listen on {address}: {source}; is another connector running? Name another port, or 0 for any")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why it failed.
        source: io::Error,
    },
    /// The system gave no thread to serve with.
    #[error(
        "could not start to serve the virtual device: {source}; close other programs, or raise their limit (ulimit -u)"
    )]
    Thread {
        /// Why it failed.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err` on a cryptographic or encoding step.
    pub(crate) fn crypto<E>(action: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self::Crypto { action, source: source.into() }
    }
}
