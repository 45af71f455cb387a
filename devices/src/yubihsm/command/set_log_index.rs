//! SET LOG INDEX: number of the last entry that was taken out (2 bytes).

use super::super::{capability::Capabilities, device::Device, error_code::ErrorCode, fields::Fields, session::Caller};

pub(super) fn execute(device: &mut Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let number = fields.two_bytes()?;
    fields.end()?;
    caller.needs(Capabilities::GET_LOG_ENTRIES)?;
    device.change(|state| state.log.take_out(number).ok_or(ErrorCode::InvalidData))?;
    Ok(Vec::new())
}
