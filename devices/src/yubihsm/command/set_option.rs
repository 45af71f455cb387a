//! SET OPTION: the option's tag (1 byte), the length of its value (2), its value. What is fixed stays so until the device is
//! reset; the guide does not say how a change of it is refused.

use super::{
    super::{
        audit_log::AuditOption, capability::Capabilities, device::Device, error_code::ErrorCode, fields::Fields,
        session::Caller,
    },
    code::CommandCode,
};

/// Whether commands fail that cannot be logged: one byte.
pub(super) const FORCE_AUDIT: u8 = 1;
/// Which commands are logged: for each its code and a byte.
pub(super) const COMMAND_AUDIT: u8 = 3;

pub(super) fn execute(device: &mut Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let tag = fields.byte()?;
    let length = fields.two_bytes()?;
    let value = fields.rest();
    if value.len() != usize::from(length) {
        return Err(ErrorCode::WrongLength);
    }
    caller.needs(Capabilities::SET_OPTION)?;
    let firmware = device.state.firmware;
    let option = |code: u8| AuditOption::from_code(code).ok_or(ErrorCode::InvalidData);
    let changed = |from: AuditOption, to: AuditOption| {
        if from == AuditOption::Fixed && to != from { Err(ErrorCode::InvalidData) } else { Ok(to) }
    };
    device.change(|state| {
        match (tag, value) {
            (FORCE_AUDIT, [code]) => state.log.force = changed(state.log.force, option(*code)?)?,
            (COMMAND_AUDIT, pairs) if !pairs.is_empty() && pairs.len() % 2 == 0 => {
                for pair in pairs.chunks_exact(2) {
                    let (command, to) = (pair[0], option(pair[1])?);
                    if !CommandCode::of_firmware(firmware).any(|known| known.code() == command) {
                        return Err(ErrorCode::InvalidData);
                    }
                    state.log.set_option(command, changed(state.log.option(command, firmware), to)?);
                }
            }
            _ => return Err(ErrorCode::InvalidData),
        }
        Ok(())
    })?;
    Ok(Vec::new())
}
