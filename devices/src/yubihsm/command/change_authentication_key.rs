//! CHANGE AUTHENTICATION KEY: ID (2 bytes), algorithm (1), encryption key (16), MAC key (16). Answer: ID (2).
//!
//! A session can only change the key that opened it; any other ID is invalid, as the vendor's tests have it. Firmware
//! 2.1 and later.

use super::super::{
    algorithm::Algorithm, capability::Capabilities, device::Device, error_code::ErrorCode, fields::Fields,
    session::Caller, state::AUTHENTICATION_KEY_LENGTH,
};

pub(super) fn execute(device: &mut Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    if !device.state.firmware.at_least(2, 1, 0) {
        return Err(ErrorCode::InvalidCommand);
    }
    let mut fields = Fields::of(data);
    let id = fields.two_bytes()?;
    let algorithm = Algorithm::try_from(fields.byte()?)?;
    let keys: &[u8; AUTHENTICATION_KEY_LENGTH] = fields.bytes()?;
    fields.end()?;

    caller.needs(Capabilities::CHANGE_AUTHENTICATION_KEY)?;
    if id != caller.authentication_key {
        return Err(ErrorCode::InvalidId);
    }
    if algorithm != Algorithm::Aes128YubicoAuthentication {
        return Err(ErrorCode::InvalidData);
    }
    device.change(|state| state.replace_key(id, algorithm, &keys.as_slice().into()))?;
    Ok(id.to_be_bytes().to_vec())
}
