//! The codes with which a device refuses a command.

use std::{fmt, str::FromStr};

/// Why a device refuses a command (*Core Concepts*, *Logs and Error Codes*): the one byte of an error answer (`0x7f`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ErrorCode {
    /// Unknown command.
    InvalidCommand = 0x01,
    /// Malformed data for the command.
    InvalidData = 0x02,
    /// The session has expired or does not exist.
    InvalidSession = 0x03,
    /// Wrong authentication key.
    AuthenticationFailed = 0x04,
    /// No more available sessions.
    SessionsFull = 0x05,
    /// Session setup failed.
    SessionFailed = 0x06,
    /// Storage full, or it could not be written.
    StorageFailed = 0x07,
    /// Wrong data length for the command.
    WrongLength = 0x08,
    /// Insufficient permissions for the command.
    InsufficientPermissions = 0x09,
    /// The log is full and force audit is enabled.
    LogFull = 0x0a,
    /// No object found matching given ID and type.
    ObjectNotFound = 0x0b,
    /// Invalid ID.
    InvalidId = 0x0c,
    /// Constraints in SSH template not met.
    SshCaConstraintViolation = 0x0e,
    /// OTP decryption failed.
    InvalidOtp = 0x0f,
    /// Demo device must be power-cycled.
    DemoMode = 0x10,
    /// Unable to overwrite object.
    ObjectExists = 0x11,
    /// The algorithm is disabled.
    AlgorithmDisabled = 0x12,
    /// The command has not terminated.
    CommandUnexecuted = 0xff,
}

impl ErrorCode {
    /// Every code, in the vendor's order.
    pub const ALL: &[Self] = &[
        Self::InvalidCommand,
        Self::InvalidData,
        Self::InvalidSession,
        Self::AuthenticationFailed,
        Self::SessionsFull,
        Self::SessionFailed,
        Self::StorageFailed,
        Self::WrongLength,
        Self::InsufficientPermissions,
        Self::LogFull,
        Self::ObjectNotFound,
        Self::InvalidId,
        Self::SshCaConstraintViolation,
        Self::InvalidOtp,
        Self::DemoMode,
        Self::ObjectExists,
        Self::AlgorithmDisabled,
        Self::CommandUnexecuted,
    ];

    /// The byte in an error answer.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The vendor's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidCommand => "INVALID COMMAND",
            Self::InvalidData => "INVALID DATA",
            Self::InvalidSession => "INVALID SESSION",
            Self::AuthenticationFailed => "AUTHENTICATION FAILED",
            Self::SessionsFull => "SESSIONS FULL",
            Self::SessionFailed => "SESSION FAILED",
            Self::StorageFailed => "STORAGE FAILED",
            Self::WrongLength => "WRONG LENGTH",
            Self::InsufficientPermissions => "INSUFFICIENT PERMISSIONS",
            Self::LogFull => "LOG FULL",
            Self::ObjectNotFound => "OBJECT NOT FOUND",
            Self::InvalidId => "INVALID ID",
            Self::SshCaConstraintViolation => "SSH CA CONSTRAINT VIOLATION",
            Self::InvalidOtp => "INVALID OTP",
            Self::DemoMode => "DEMO MODE",
            Self::ObjectExists => "OBJECT EXISTS",
            Self::AlgorithmDisabled => "ALGORITHM DISABLED",
            Self::CommandUnexecuted => "COMMAND UNEXECUTED",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ErrorCode {
    type Err = String;

    /// The vendor's name in any case, with spaces or hyphens: `STORAGE FAILED`, `storage-failed`.
    ///
    /// # Errors
    /// A sentence for the user, if no error has that name.
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.replace('-', " ");
        Self::ALL.iter().copied().find(|code| code.name().eq_ignore_ascii_case(&wanted)).ok_or_else(|| {
            format!("{text:?} is no error of the YubiHSM 2; write the vendor's name, such as storage-failed")
        })
    }
}
