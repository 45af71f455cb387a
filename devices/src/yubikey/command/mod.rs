//! The commands: a file each, named as the documents name them (NIST SP 800-73-4, part 2; Yubico's *PIV commands*,
//! <https://docs.yubico.com/yesdk/users-manual/application-piv/commands.html>).
//!
//! Each checks, in this order: what was proved, its parameters, its data. The documents give the rules but not their
//! order; a client that breaks several learns of one of them.

mod attest;
mod change_reference_data;
mod code;
mod general_authenticate;
mod generate_asymmetric_key_pair;
mod get_data;
mod get_metadata;
mod import_asymmetric_key;
mod move_key;
mod otp;
mod policies;
mod put_data;
mod read_device_info;
mod reset;
mod reset_retry_counter;
mod select;
mod set_management_key;
mod set_pin_retries;
mod verify;

use super::{application::Application, card::Card, chaining::Command, status_word::StatusWord};

pub use code::CommandCode;

/// Carries out a command, in the application that is selected.
pub(super) fn execute(card: &mut Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    let code = CommandCode::from_code(command.instruction);
    match card.session.application {
        _ if code == Some(CommandCode::Select) => select::execute(card, command),
        Some(Application::Piv) => execute_piv(card, code, command),
        Some(Application::Management) if code == Some(CommandCode::ReadDeviceInfo) => {
            read_device_info::execute(card, command)
        }
        Some(Application::Otp) => otp::execute(card, command),
        Some(Application::Management) | None => Err(StatusWord::InstructionNotSupported),
    }
}

fn execute_piv(card: &mut Card, code: Option<CommandCode>, command: &Command) -> Result<Vec<u8>, StatusWord> {
    let firmware = card.state.firmware;
    match code {
        Some(CommandCode::Attest) => attest::execute(card, command),
        Some(CommandCode::ChangeReferenceData) => change_reference_data::execute(card, command),
        Some(CommandCode::GeneralAuthenticate) => general_authenticate::execute(card, command),
        Some(CommandCode::GenerateAsymmetricKeyPair) => generate_asymmetric_key_pair::execute(card, command),
        Some(CommandCode::GetData) => get_data::execute(card, command),
        Some(CommandCode::GetMetadata) if firmware.at_least(5, 3, 0) => get_metadata::execute(card, command),
        Some(CommandCode::GetSerial) => Ok(card.state.serial.to_be_bytes().to_vec()),
        Some(CommandCode::GetVersion) => Ok(firmware.to_bytes().to_vec()),
        Some(CommandCode::ImportAsymmetricKey) => import_asymmetric_key::execute(card, command),
        Some(CommandCode::MoveKey) if firmware.at_least(5, 7, 0) => move_key::execute(card, command),
        Some(CommandCode::PutData) => put_data::execute(card, command),
        Some(CommandCode::Reset) => reset::execute(card, command),
        Some(CommandCode::ResetRetryCounter) => reset_retry_counter::execute(card, command),
        Some(CommandCode::SetManagementKey) => set_management_key::execute(card, command),
        Some(CommandCode::SetPinRetries) => set_pin_retries::execute(card, command),
        Some(CommandCode::Verify) => verify::execute(card, command),
        _ => Err(StatusWord::InstructionNotSupported),
    }
}
