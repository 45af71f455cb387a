//! DELETE OBJECT: ID (2 bytes), type (1).

use super::super::{device::Device, error_code::ErrorCode, fields::Fields, object::ObjectType, session::Caller};

pub(super) fn execute(device: &mut Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let id = fields.two_bytes()?;
    let object_type = ObjectType::try_from(fields.byte()?)?;
    fields.end()?;

    caller.needs(object_type.delete_capability())?;
    device.state.find(object_type, id, caller.domains)?;
    device.change(|state| {
        state.remove(object_type, id);
        Ok(())
    })?;
    Ok(Vec::new())
}
