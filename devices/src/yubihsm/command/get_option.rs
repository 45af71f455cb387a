//! GET OPTION: the option's tag (1 byte). Answer: its value.

use super::{
    super::{capability::Capabilities, device::Device, error_code::ErrorCode, fields::Fields, session::Caller},
    code::CommandCode,
    set_option::{COMMAND_AUDIT, FORCE_AUDIT},
};

pub(super) fn execute(device: &Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let tag = fields.byte()?;
    fields.end()?;
    caller.needs(Capabilities::GET_OPTION)?;
    let (log, firmware) = (&device.state.log, device.state.firmware);
    match tag {
        FORCE_AUDIT => Ok(vec![log.force as u8]),
        COMMAND_AUDIT => Ok(CommandCode::of_firmware(firmware)
            .flat_map(|command| [command.code(), log.option(command.code(), firmware) as u8])
            .collect()),
        _ => Err(ErrorCode::InvalidData),
    }
}
