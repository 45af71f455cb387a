//! The little that is there of the application for one-time passwords.

use crate::{
    Firmware,
    yubikey::{card::Card, chaining::Command, status_word::StatusWord},
};

const CONFIGURE: u8 = 0x01;
const READ_STATUS: u8 = 0x03;
/// The *slot* (P1) that gives the serial number.
const SERIAL: u8 = 0x10;

/// # Errors
/// [`StatusWord::InstructionNotSupported`]: anything but the serial number and the status.
pub(super) fn execute(card: &Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    match (command.instruction, command.p1) {
        (CONFIGURE, SERIAL) => Ok(card.state.serial.to_be_bytes().to_vec()),
        (READ_STATUS, _) => Ok(status(card.state.firmware)),
        _ => Err(StatusWord::InstructionNotSupported),
    }
}

/// The version, and that nothing was ever configured.
pub(super) fn status(firmware: Firmware) -> Vec<u8> {
    let [major, minor, build] = firmware.to_bytes();
    vec![major, minor, build, 0, 0, 0]
}
