//! ECHO: the data, back.

use super::super::error_code::ErrorCode;

/// At least one byte; the length of a message is the only other bound.
pub(super) fn execute(data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    if data.is_empty() { Err(ErrorCode::WrongLength) } else { Ok(data.to_vec()) }
}
