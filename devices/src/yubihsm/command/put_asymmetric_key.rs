//! PUT ASYMMETRIC KEY: ID (2 bytes), label (40), domains (2), capabilities (8), algorithm (1), private key. Answer: ID
//! (2).

use super::super::{
    asymmetric_key::AsymmetricKey,
    capability::Capabilities,
    device::Device,
    error_code::ErrorCode,
    fields::Fields,
    object::{ObjectType, Origin},
    session::Caller,
};

pub(super) fn execute(device: &mut Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let new = fields.new_object()?;
    let bytes = fields.rest();

    caller.needs(Capabilities::PUT_ASYMMETRIC_KEY)?;
    let key = AsymmetricKey::from_bytes(new.algorithm, bytes)?.to_bytes();
    let (object_type, origin) = (ObjectType::AsymmetricKey, Origin::Imported);
    let id = device.change(|state| state.add(caller, object_type, &new, Capabilities::empty(), origin, key))?;
    Ok(id.to_be_bytes().to_vec())
}
