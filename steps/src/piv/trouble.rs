//! What can go wrong between a command and its answer.

use crate::ports::guarded;

/// What went wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The card refused, with a status word.
    Refused(u16),
    /// The card refused, and the `yubikey` crate does not tell with what.
    Unsaid,
    /// There is no such object or key.
    NotFound,
    /// The card or its reader is gone.
    Lost,
    /// Another program reset the card meanwhile.
    Disturbed,
    /// Another program has the card to itself.
    Busy,
    /// The smart card service is gone.
    NoService,
    /// An answer came that makes no sense.
    Garbled,
    /// The `yubikey` crate panicked.
    Panicked,
}

/// Status words (NIST SP 800-73-4, part 2, table 1; <https://docs.yubico.com/yesdk/users-manual/yubikey-reference/apdu.html>).
pub(super) mod status {
    pub(crate) const OK: u16 = 0x9000;
    pub(crate) const SECURITY_STATUS_NOT_SATISFIED: u16 = 0x6982;
    pub(crate) const AUTHENTICATION_METHOD_BLOCKED: u16 = 0x6983;
    pub(crate) const CONDITIONS_NOT_SATISFIED: u16 = 0x6985;
    pub(crate) const INCORRECT_PARAMETERS: u16 = 0x6a80;
    pub(crate) const FUNCTION_NOT_SUPPORTED: u16 = 0x6a81;
    pub(crate) const FILE_NOT_FOUND: u16 = 0x6a82;
    pub(crate) const NOT_ENOUGH_MEMORY: u16 = 0x6a84;
    pub(crate) const REFERENCED_DATA_NOT_FOUND: u16 = 0x6a88;
    pub(crate) const INSTRUCTION_NOT_SUPPORTED: u16 = 0x6d00;

    /// The standard's name.
    pub(crate) fn name(status: u16) -> String {
        let name = match status {
            SECURITY_STATUS_NOT_SATISFIED => "SECURITY STATUS NOT SATISFIED",
            AUTHENTICATION_METHOD_BLOCKED => "AUTHENTICATION METHOD BLOCKED",
            CONDITIONS_NOT_SATISFIED => "CONDITIONS NOT SATISFIED",
            INCORRECT_PARAMETERS => "INCORRECT PARAMETERS",
            FUNCTION_NOT_SUPPORTED => "FUNCTION NOT SUPPORTED",
            FILE_NOT_FOUND => "FILE NOT FOUND",
            NOT_ENOUGH_MEMORY => "NOT ENOUGH MEMORY",
            REFERENCED_DATA_NOT_FOUND => "REFERENCED DATA NOT FOUND",
            INSTRUCTION_NOT_SUPPORTED => "INSTRUCTION NOT SUPPORTED",
            _ => return format!("status {status:04x}"),
        };
        format!("{name} ({status:04x})")
    }

    /// How many tries are left after a wrong PIN or PUK.
    pub(crate) fn tries(status: u16) -> Option<u8> {
        match status {
            AUTHENTICATION_METHOD_BLOCKED => Some(0),
            _ if status & 0xfff0 == 0x63c0 => Some(status.to_be_bytes()[1] & 0x0f),
            _ => None,
        }
    }
}

/// Calls the `yubikey` crate.
pub(super) fn tried<T>(call: impl FnOnce() -> yubikey::Result<T>) -> Result<T, Trouble> {
    guarded(call).map_or(Err(Trouble::Panicked), |result| result.map_err(Trouble::from))
}

impl From<yubikey::Error> for Trouble {
    fn from(error: yubikey::Error) -> Self {
        match error {
            yubikey::Error::PcscError { inner: Some(error) } => error.into(),
            yubikey::Error::PcscError { inner: None } => Self::Lost,
            yubikey::Error::AuthenticationError => Self::Refused(status::SECURITY_STATUS_NOT_SATISFIED),
            yubikey::Error::AlgorithmError => Self::Refused(status::INCORRECT_PARAMETERS),
            yubikey::Error::NotSupported => Self::Refused(status::INSTRUCTION_NOT_SUPPORTED),
            yubikey::Error::NotFound => Self::NotFound,
            yubikey::Error::ParseError | yubikey::Error::SizeError | yubikey::Error::InvalidObject => Self::Garbled,
            _ => Self::Unsaid,
        }
    }
}

impl From<pcsc::Error> for Trouble {
    fn from(error: pcsc::Error) -> Self {
        match error {
            pcsc::Error::NoService | pcsc::Error::ServiceStopped | pcsc::Error::InvalidHandle => Self::NoService,
            pcsc::Error::SharingViolation => Self::Busy,
            pcsc::Error::ResetCard => Self::Disturbed,
            _ => Self::Lost,
        }
    }
}
