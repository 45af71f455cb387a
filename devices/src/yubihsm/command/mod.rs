//! The commands: a file each, named as the vendor names them (*Command Reference*).
//!
//! Each checks, in this order: the length of its data, what the session may do, what is asked for, what the object may
//! be used for. The guide gives the rules but not their order; a client that breaks several learns of one of them.

mod authenticate_session;
mod blink_device;
mod change_authentication_key;
mod close_session;
mod code;
mod create_session;
mod delete_object;
mod device_info;
mod echo;
mod generate_asymmetric_key;
mod get_log_entries;
mod get_object_info;
mod get_opaque;
mod get_option;
mod get_pseudo_random;
mod get_public_key;
mod get_storage_info;
mod list_objects;
mod put_asymmetric_key;
mod put_authentication_key;
mod reset_device;
mod set_log_index;
mod set_option;
mod sign_attestation_certificate;
mod sign_ecdsa;
mod sign_eddsa;

use super::{device::Device, error_code::ErrorCode, message::Message, session::Session};

pub use code::CommandCode;

/// Carries out a command that came outside a session: the few that may.
pub(super) fn execute_bare(device: &mut Device, message: Message<'_>) -> Result<Vec<u8>, ErrorCode> {
    match CommandCode::from_code(message.code) {
        Some(CommandCode::Echo) => echo::execute(message.data),
        Some(CommandCode::DeviceInfo) => device_info::execute(device, message.data),
        Some(CommandCode::CreateSession) => create_session::execute(device, message.data),
        Some(CommandCode::AuthenticateSession) => authenticate_session::execute(device, message),
        _ => Err(ErrorCode::InvalidCommand),
    }
}

/// Carries out a command that came inside a session.
pub(super) fn execute(device: &mut Device, session: &mut Session, message: Message<'_>) -> Result<Vec<u8>, ErrorCode> {
    let (caller, data) = (session.caller, message.data);
    match CommandCode::from_code(message.code) {
        Some(CommandCode::BlinkDevice) => blink_device::execute(data),
        Some(CommandCode::ChangeAuthenticationKey) => change_authentication_key::execute(device, &caller, data),
        Some(CommandCode::CloseSession) => close_session::execute(session, data),
        Some(CommandCode::DeleteObject) => delete_object::execute(device, &caller, data),
        Some(CommandCode::DeviceInfo) => device_info::execute(device, data),
        Some(CommandCode::Echo) => echo::execute(data),
        Some(CommandCode::GenerateAsymmetricKey) => generate_asymmetric_key::execute(device, &caller, data),
        Some(CommandCode::GetLogEntries) => get_log_entries::execute(device, &caller, data),
        Some(CommandCode::GetOption) => get_option::execute(device, &caller, data),
        Some(CommandCode::GetObjectInfo) => get_object_info::execute(device, &caller, data),
        Some(CommandCode::GetOpaque) => get_opaque::execute(device, &caller, data),
        Some(CommandCode::GetPseudoRandom) => get_pseudo_random::execute(device, &caller, data),
        Some(CommandCode::GetPublicKey) => get_public_key::execute(device, &caller, data),
        Some(CommandCode::GetStorageInfo) => get_storage_info::execute(device, data),
        Some(CommandCode::ListObjects) => list_objects::execute(device, &caller, data),
        Some(CommandCode::PutAsymmetricKey) => put_asymmetric_key::execute(device, &caller, data),
        Some(CommandCode::PutAuthenticationKey) => put_authentication_key::execute(device, &caller, data),
        Some(CommandCode::ResetDevice) => reset_device::execute(device, session, data),
        Some(CommandCode::SetLogIndex) => set_log_index::execute(device, &caller, data),
        Some(CommandCode::SetOption) => set_option::execute(device, &caller, data),
        Some(CommandCode::SignAttestationCertificate) => sign_attestation_certificate::execute(device, &caller, data),
        Some(CommandCode::SignEcdsa) => sign_ecdsa::execute(device, &caller, data),
        Some(CommandCode::SignEddsa) => sign_eddsa::execute(device, &caller, data),
        _ => Err(ErrorCode::InvalidCommand),
    }
}
