//! GET PUBLIC KEY: ID (2 bytes). Answer: algorithm (1), public key.

use super::super::{
    asymmetric_key::AsymmetricKey, device::Device, error_code::ErrorCode, fields::Fields, object::ObjectType,
    session::Caller,
};

pub(super) fn execute(device: &Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let id = fields.two_bytes()?;
    fields.end()?;

    let object = device.state.find(ObjectType::AsymmetricKey, id, caller.domains)?;
    let mut answer = vec![object.algorithm.code()];
    answer.extend(AsymmetricKey::from_bytes(object.algorithm, object.key.expose())?.public_bytes());
    Ok(answer)
}
