//! SIGN ECDSA: ID (2 bytes), digest, "possibly zero-left-padded". Answer: DER signature.

use super::super::{
    asymmetric_key::AsymmetricKey, capability::Capabilities, device::Device, error_code::ErrorCode, fields::Fields,
    object::ObjectType, session::Caller,
};

/// Bytes of the digests that the vendor's `ecdsa-…` algorithms make: SHA-1 to SHA-512.
const DIGEST_LENGTHS: [usize; 4] = [20, 32, 48, 64];

pub(super) fn execute(device: &Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let id = fields.two_bytes()?;
    let digest = fields.rest();
    if !DIGEST_LENGTHS.contains(&digest.len()) {
        return Err(ErrorCode::WrongLength);
    }

    caller.needs(Capabilities::SIGN_ECDSA)?;
    let object = device.state.find(ObjectType::AsymmetricKey, id, caller.domains)?;
    object.needs(Capabilities::SIGN_ECDSA)?;
    let key = AsymmetricKey::from_bytes(object.algorithm, object.key.expose())?;
    key.sign_ecdsa(digest)
}
