//! AUTHENTICATE SESSION: session ID (1 byte), host cryptogram (8), MAC (8).

use super::super::{device::Device, error_code::ErrorCode, fields::Fields, message::Message};

pub(super) fn execute(device: &mut Device, message: Message<'_>) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(message.data);
    let number = fields.byte()?;
    let host_cryptogram = *fields.bytes()?;
    let _mac: &[u8; 8] = fields.bytes()?;
    fields.end()?;

    let mut session = device.sessions.take(number)?;
    if session.authenticated {
        // Once is enough; a second one is none of the session's messages, and leaves it alone.
        device.sessions.put_back(number, session);
        return Err(ErrorCode::InvalidSession);
    }
    if !session.channel.authenticate(message, host_cryptogram) {
        return Err(ErrorCode::AuthenticationFailed);
    }
    session.authenticated = true;
    device.sessions.put_back(number, session);
    Ok(Vec::new())
}
