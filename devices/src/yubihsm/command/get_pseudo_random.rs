//! GET PSEUDO RANDOM: how many bytes (2 bytes). Answer: those bytes.

use rand_core::{OsRng, RngCore};

use super::super::{
    capability::Capabilities, device::Device, error_code::ErrorCode, fields::Fields, limits, session::Caller,
};

pub(super) fn execute(device: &Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let length = usize::from(fields.two_bytes()?);
    fields.end()?;

    caller.needs(Capabilities::GET_PSEUDO_RANDOM)?;
    if length > limits::longest_encrypted_data(device.state.firmware) {
        return Err(ErrorCode::WrongLength);
    }
    let mut bytes = vec![0; length];
    OsRng.fill_bytes(&mut bytes);
    Ok(bytes)
}
