//! PUT AUTHENTICATION KEY: ID (2 bytes), label (40), domains (2), capabilities (8), algorithm (1), delegated
//! capabilities (8), encryption key (16), MAC key (16). Answer: ID (2).

use super::super::{
    algorithm::Algorithm,
    capability::Capabilities,
    device::Device,
    error_code::ErrorCode,
    fields::Fields,
    object::{ObjectType, Origin},
    session::Caller,
    state::AUTHENTICATION_KEY_LENGTH,
};

pub(super) fn execute(device: &mut Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let new = fields.new_object()?;
    let delegated_capabilities = fields.capabilities()?;
    let keys: &[u8; AUTHENTICATION_KEY_LENGTH] = fields.bytes()?;
    fields.end()?;

    caller.needs(Capabilities::PUT_AUTHENTICATION_KEY)?;
    if new.algorithm != Algorithm::Aes128YubicoAuthentication {
        return Err(ErrorCode::InvalidData);
    }
    let (object_type, origin) = (ObjectType::AuthenticationKey, Origin::Imported);
    let id = device
        .change(|state| state.add(caller, object_type, &new, delegated_capabilities, origin, keys.as_slice().into()))?;
    Ok(id.to_be_bytes().to_vec())
}
