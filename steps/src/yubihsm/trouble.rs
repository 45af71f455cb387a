//! What can go wrong between a command and its answer.

use crate::ports::guarded;
use std::error::Error as _;
use yubihsm::{client, connector, session};

/// What went wrong.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The device refused, with an error code of the vendor's.
    Refused(u8),
    /// The password is not the authentication key's, or there is no such key.
    Password {
        /// Whether the device has the key at all.
        exists: bool,
    },
    /// The connection broke, or the device no longer knows the session.
    Lost,
    /// An answer came that makes no sense.
    Garbled(String),
    /// The `yubihsm` crate panicked.
    Panicked,
}

/// Error codes (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-core-concepts.html>).
///
/// The `yubihsm` crate 0.42.1 has some of them wrong from 0x0d on, so its names are not used.
pub(super) mod code {
    pub(crate) const INVALID_COMMAND: u8 = 0x01;
    pub(crate) const INVALID_DATA: u8 = 0x02;
    pub(crate) const INVALID_SESSION: u8 = 0x03;
    pub(crate) const AUTHENTICATION_FAILED: u8 = 0x04;
    pub(crate) const SESSIONS_FULL: u8 = 0x05;
    pub(crate) const STORAGE_FAILED: u8 = 0x07;
    pub(crate) const WRONG_LENGTH: u8 = 0x08;
    pub(crate) const INSUFFICIENT_PERMISSIONS: u8 = 0x09;
    pub(crate) const LOG_FULL: u8 = 0x0a;
    pub(crate) const OBJECT_NOT_FOUND: u8 = 0x0b;
    pub(crate) const INVALID_ID: u8 = 0x0c;
    pub(crate) const OBJECT_EXISTS: u8 = 0x11;
    pub(crate) const ALGORITHM_DISABLED: u8 = 0x12;

    /// The vendor's name.
    pub(crate) fn name(code: u8) -> String {
        let name = match code {
            INVALID_COMMAND => "INVALID COMMAND",
            INVALID_DATA => "INVALID DATA",
            INVALID_SESSION => "INVALID SESSION",
            AUTHENTICATION_FAILED => "AUTHENTICATION FAILED",
            SESSIONS_FULL => "SESSIONS FULL",
            0x06 => "SESSION FAILED",
            STORAGE_FAILED => "STORAGE FAILED",
            WRONG_LENGTH => "WRONG LENGTH",
            INSUFFICIENT_PERMISSIONS => "INSUFFICIENT PERMISSIONS",
            LOG_FULL => "LOG FULL",
            OBJECT_NOT_FOUND => "OBJECT NOT FOUND",
            INVALID_ID => "INVALID ID",
            0x0e => "SSH CA CONSTRAINT VIOLATION",
            0x0f => "INVALID OTP",
            0x10 => "DEMO MODE",
            OBJECT_EXISTS => "OBJECT EXISTS",
            ALGORITHM_DISABLED => "ALGORITHM DISABLED",
            _ => return format!("error {code:#04x}"),
        };
        format!("{name} ({code:#04x})")
    }
}

/// Calls the `yubihsm` crate.
pub(super) fn tried<T>(call: impl FnOnce() -> Result<T, client::Error>) -> Result<T, Trouble> {
    guarded(call).map_or(Err(Trouble::Panicked), |result| result.map_err(|error| Trouble::of(&error)))
}

impl Trouble {
    fn of(error: &client::Error) -> Self {
        if let Some(kind) = error.device_error() {
            return Self::Refused(kind.to_u8());
        }
        let session = error.source().and_then(|source| source.downcast_ref::<session::Error>());
        let lost =
            session.and_then(|error| error.source()).is_some_and(<dyn std::error::Error>::is::<connector::Error>);
        match error.kind() {
            client::ErrorKind::AuthenticationError => {
                // The crate says so in words only; a test holds it to them.
                Self::Password { exists: !error.to_string().contains("auth key not found") }
            }
            client::ErrorKind::ConnectorError | client::ErrorKind::ClosedSessionError => Self::Lost,
            // The device refused the session itself; which error it was, the crate does not tell.
            client::ErrorKind::ResponseError
                if session.is_some_and(|error| *error.kind() == session::ErrorKind::ResponseError) =>
            {
                Self::Lost
            }
            _ if lost => Self::Lost,
            _ => Self::Garbled(error.to_string()),
        }
    }
}
