//! The frame of every message.

use super::error_code::ErrorCode;

/// Set in the first byte of an answer (*Command Reference*).
const ANSWER: u8 = 0x80;
/// First byte of an answer that is an error.
const ERROR: u8 = 0x7f;

/// A command: its code (1 byte), the length of its data (2 bytes, big-endian), its data.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) code: u8,
    pub(super) data: &'a [u8],
    /// All of it, for its MAC.
    pub(super) whole: &'a [u8],
}

impl<'a> Message<'a> {
    /// # Errors
    /// [`ErrorCode::WrongLength`] if the header is cut short or its length is not that of the data.
    pub(super) fn parse(whole: &'a [u8]) -> Result<Self, ErrorCode> {
        match whole {
            [code, high, low, data @ ..] if usize::from(u16::from_be_bytes([*high, *low])) == data.len() => {
                Ok(Self { code: *code, data, whole })
            }
            _ => Err(ErrorCode::WrongLength),
        }
    }
}

/// The message that answers a command.
pub(super) fn answer(command: u8, result: Result<Vec<u8>, ErrorCode>) -> Vec<u8> {
    // Data that no frame can hold cannot come from a command that checked its length.
    let fitting = result.and_then(|data| match u16::try_from(data.len()) {
        Ok(length) => Ok((length, data)),
        Err(_) => Err(ErrorCode::WrongLength),
    });
    match fitting {
        Ok((length, data)) => {
            let mut message = Vec::with_capacity(3 + data.len());
            message.push(command | ANSWER);
            message.extend(length.to_be_bytes());
            message.extend(data);
            message
        }
        Err(code) => vec![ERROR, 0, 1, code.code()],
    }
}
