//! SIGN EDDSA: ID (2 bytes), message. Answer: Ed25519 signature (64 bytes).

use super::super::{
    asymmetric_key::AsymmetricKey, capability::Capabilities, device::Device, error_code::ErrorCode, fields::Fields,
    object::ObjectType, session::Caller,
};

pub(super) fn execute(device: &Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let id = fields.two_bytes()?;
    let message = fields.rest();

    caller.needs(Capabilities::SIGN_EDDSA)?;
    let object = device.state.find(ObjectType::AsymmetricKey, id, caller.domains)?;
    object.needs(Capabilities::SIGN_EDDSA)?;
    let key = AsymmetricKey::from_bytes(object.algorithm, object.key.expose())?;
    key.sign_eddsa(message)
}
