//! The policies that a new key is given.

use crate::yubikey::{
    algorithm::{PinPolicy, TouchPolicy},
    slot::Slot,
    state::State,
    status_word::StatusWord,
    tlv,
};

const PIN_POLICY: tlv::Tag = 0xaa;
const TOUCH_POLICY: tlv::Tag = 0xab;
/// The slot's own.
const DEFAULT: u8 = 0;

/// The policies that a command asks for, or those of the slot.
///
/// # Errors
/// [`StatusWord::IncorrectParameters`]: there are no such policies, or not on this device.
pub(super) fn asked(
    objects: &[(tlv::Tag, &[u8])],
    slot: Slot,
    state: &State,
) -> Result<(PinPolicy, TouchPolicy), StatusWord> {
    let pin = match code(objects, PIN_POLICY)? {
        DEFAULT => slot.default_pin_policy(),
        code => {
            let policy = PinPolicy::from_code(code).ok_or(StatusWord::IncorrectParameters)?;
            state.check_pin_policy(policy)?;
            policy
        }
    };
    let touch = match code(objects, TOUCH_POLICY)? {
        DEFAULT => TouchPolicy::Never,
        code => TouchPolicy::from_code(code).ok_or(StatusWord::IncorrectParameters)?,
    };
    Ok((pin, touch))
}

fn code(objects: &[(tlv::Tag, &[u8])], tag: tlv::Tag) -> Result<u8, StatusWord> {
    match tlv::value(objects, tag) {
        None => Ok(DEFAULT),
        Some([code]) => Ok(*code),
        Some(_) => Err(StatusWord::IncorrectParameters),
    }
}
