//! GET OPAQUE: ID (2 bytes). Answer: the data. Object 0 is the certificate of the device's attestation key, in every
//! domain.

use super::super::{capability::Capabilities, device::Device, error_code::ErrorCode, fields::Fields, session::Caller};

pub(super) fn execute(device: &Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let id = fields.two_bytes()?;
    fields.end()?;

    caller.needs(Capabilities::GET_OPAQUE)?;
    match id {
        0 => Ok(device.state.attestation_certificate.clone()),
        // None can be put here yet.
        _ => Err(ErrorCode::ObjectNotFound),
    }
}
