//! RESET DEVICE: every object gone, the factory's authentication key back, and a reboot.

use super::super::{capability::Capabilities, device::Device, error_code::ErrorCode, fields::Fields, session::Session};

pub(super) fn execute(device: &mut Device, session: &mut Session, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    Fields::of(data).end()?;
    session.caller.needs(Capabilities::RESET_DEVICE)?;
    device.change(|state| {
        state.restore_factory_objects();
        Ok(())
    })?;
    // The answer is still the session's; then the device starts afresh.
    session.ended = true;
    device.sessions.close_all();
    Ok(Vec::new())
}
