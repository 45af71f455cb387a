//! CREATE SESSION: ID of an authentication key (2 bytes), host challenge (8). Answer: session ID (1), card challenge
//! (8), card cryptogram (8).

use rand_core::{OsRng, RngCore};

use super::super::{
    device::Device,
    error_code::ErrorCode,
    fields::Fields,
    object::ObjectType,
    scp03::{CHALLENGE_LENGTH, Channel},
    session::Caller,
};

pub(super) fn execute(device: &mut Device, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let id = fields.two_bytes()?;
    let host_challenge = *fields.bytes()?;
    fields.end()?;

    let object = device.state.get(ObjectType::AuthenticationKey, id).ok_or(ErrorCode::ObjectNotFound)?;
    let mut keys = Fields::of(object.key.expose());
    let (encryption_key, mac_key) = (keys.bytes()?, keys.bytes()?);
    let mut card_challenge = [0; CHALLENGE_LENGTH];
    OsRng.fill_bytes(&mut card_challenge);
    let channel = Channel::open(encryption_key, mac_key, host_challenge, card_challenge);
    let card_cryptogram = channel.card_cryptogram();
    let caller = Caller {
        authentication_key: object.id,
        domains: object.domains,
        capabilities: object.capabilities,
        delegated_capabilities: object.delegated_capabilities,
    };

    let number = device.sessions.open(channel, caller)?;
    let mut answer = vec![number];
    answer.extend(card_challenge);
    answer.extend(card_cryptogram);
    Ok(answer)
}
