//! What depends on the firmware version.

use crate::Firmware;

/// The firmware of a new device.
pub(super) const FIRMWARE: Firmware = Firmware::new(2, 4, 0);

/// The highest algorithm identifier that DEVICE INFO lists; it lists all from 1 on. The vendor's list of algorithms
/// grew by `rsa-pkcs1-decrypt` (48) with 2.2, by asymmetric authentication and AES (to 54) with 2.3, by `aes-kwp`
/// (55) with 2.4. A real device lists what it can do; this one, what the real one can.
pub(super) const fn highest_algorithm(firmware: Firmware) -> u8 {
    if firmware.at_least(2, 4, 0) {
        55
    } else if firmware.at_least(2, 3, 0) {
        54
    } else if firmware.at_least(2, 2, 0) {
        48
    } else {
        47
    }
}

/// The longest message the device handles, with its three bytes of header. `python-yubihsm` and `libyubihsm` know
/// 2048 bytes before 2.4.0 and 3136 from there on, and keep one byte below.
pub(super) const fn longest_message(firmware: Firmware) -> usize {
    if firmware.at_least(2, 4, 0) { 3136 - 1 } else { 2048 - 1 }
}

/// The most data that the answer to an encrypted command can have, so that padded, and with header, session ID and
/// MAC around it, it is no longer than the longest message.
pub(super) const fn longest_encrypted_data(firmware: Firmware) -> usize {
    let padded = (longest_message(firmware) - 3 - 1 - 8) / 16 * 16;
    padded - 1 - 3
}
