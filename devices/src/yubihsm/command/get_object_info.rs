//! GET OBJECT INFO: ID (2 bytes), type (1). Answer: capabilities (8), ID (2), length (2), domains (2), type (1),
//! algorithm (1), sequence (1), origin (1), label (40), delegated capabilities (8).

use super::super::{device::Device, error_code::ErrorCode, fields::Fields, object::ObjectType, session::Caller};

pub(super) fn execute(device: &Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let id = fields.two_bytes()?;
    let object_type = ObjectType::try_from(fields.byte()?)?;
    fields.end()?;

    let object = device.state.find(object_type, id, caller.domains)?;
    let mut info = Vec::with_capacity(66);
    info.extend(object.capabilities.bits().to_be_bytes());
    info.extend(object.id.to_be_bytes());
    info.extend(object.algorithm.object_length().to_be_bytes());
    info.extend(object.domains.0.to_be_bytes());
    info.extend([object.object_type.code(), object.algorithm.code(), object.sequence, object.origin.code()]);
    info.extend(object.label.0);
    info.extend(object.delegated_capabilities.bits().to_be_bytes());
    Ok(info)
}
