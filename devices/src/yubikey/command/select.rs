//! SELECT: an application by its identifier.

use crate::yubikey::{
    application::Application, card::Card, chaining::Command, session::Security, status_word::StatusWord,
};

/// By name (P1).
const BY_NAME: u8 = 0x04;
/// What PIV says of itself (NIST SP 800-73-4, part 2, 3.1.1), byte for byte as real devices do: the rest of its
/// identifier, and who registered it.
const PIV: &[u8] =
    &[0x61, 0x11, 0x4f, 0x06, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00, 0x79, 0x07, 0x4f, 0x05, 0xa0, 0x00, 0x00, 0x03, 0x08];

/// Selects, and forgets what was proved to another application. PIV that is selected again goes on as it was (NIST SP
/// 800-73-4, part 2, 3.1.1).
///
/// # Errors
/// [`StatusWord::FileNotFound`]: there is no such application; the one that was selected stays so.
pub(super) fn execute(card: &mut Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    if command.p1 != BY_NAME {
        return Err(StatusWord::IncorrectP1P2);
    }
    let application = Application::with_identifier(&command.data).ok_or(StatusWord::FileNotFound)?;
    if card.session.application != Some(application) {
        card.session.security = Security::default();
    }
    card.session.application = Some(application);
    let firmware = card.state.firmware;
    Ok(match application {
        Application::Piv => PIV.to_vec(),
        Application::Management => format!("Virtual mgr - FW version {firmware}").into_bytes(),
        Application::Otp => super::otp::status(firmware),
    })
}
