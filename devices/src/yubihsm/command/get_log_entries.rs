//! GET LOG ENTRIES. Answer: unlogged boots (2 bytes), unlogged authentications (2), number of entries (1), entries (32 each).

use super::super::{capability::Capabilities, device::Device, error_code::ErrorCode, fields::Fields, session::Caller};

pub(super) fn execute(device: &Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    Fields::of(data).end()?;
    caller.needs(Capabilities::GET_LOG_ENTRIES)?;
    let log = &device.state.log;
    let mut answer = log.unlogged_boots.to_be_bytes().to_vec();
    answer.extend(log.unlogged_authentications.to_be_bytes());
    answer.push(log.used());
    answer.extend(log.entries.iter().flat_map(|entry| entry.to_bytes()));
    Ok(answer)
}
