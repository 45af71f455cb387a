//! READ DEVICE INFO, of the management application.

use crate::yubikey::{card::Card, chaining::Command, status_word::StatusWord, tlv};

/// Applications that a real device has: all but YubiHSM Auth, which came with 5.4.3 (Yubico's *Get device information*).
const SUPPORTED: [u8; 2] = [0x02, 0x3f];
/// Those that are enabled on this one: PIV.
const ENABLED: [u8; 2] = [0x00, 0x10];
/// PIV among the applications that are or can be in the FIPS approved mode, which are counted otherwise.
const FIPS_PIV: [u8; 2] = [0x00, 0x02];

/// The length, then data objects.
///
/// # Errors
/// [`StatusWord::IncorrectP1P2`]: there is but one page.
pub(super) fn execute(card: &Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    if (command.p1, command.p2) != (0, 0) {
        return Err(StatusWord::IncorrectP1P2);
    }
    let state = &card.state;
    let mut objects = vec![
        tlv::object(0x01, &SUPPORTED),
        tlv::object(0x02, &state.serial.to_be_bytes()),
        tlv::object(0x03, &ENABLED),
        tlv::object(0x04, &[state.form_factor()]),
        tlv::object(0x05, &state.firmware.to_bytes()),
        // How long until it is ejected, and until a challenge is given up; flags; no configuration lock.
        tlv::object(0x06, &[0, 0]),
        tlv::object(0x07, &[15]),
        tlv::object(0x08, &[0]),
        tlv::object(0x0a, &[0]),
    ];
    if state.firmware.at_least(5, 7, 0) {
        let of_series = |is: bool| if is { FIPS_PIV } else { [0, 0] };
        objects.push(tlv::object(0x14, &of_series(state.fips)));
        objects.push(tlv::object(0x15, &of_series(state.is_fips_approved())));
        objects.push(tlv::object(0x16, &[u8::from(state.fips)]));
    }
    let objects = objects.concat();
    let length = u8::try_from(objects.len()).map_err(|_| StatusWord::NoPreciseDiagnosis)?;
    Ok([&[length], objects.as_slice()].concat())
}
