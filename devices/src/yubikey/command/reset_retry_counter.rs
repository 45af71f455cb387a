//! RESET RETRY COUNTER: a new PIN by the PUK (NIST SP 800-73-4, part 2, 3.2.3).

use crate::yubikey::{card::Card, chaining::Command, secret_reference::Reference, status_word::StatusWord};

/// PUK and new PIN, eight bytes each.
///
/// # Errors
/// As CHANGE REFERENCE DATA, for the PUK.
pub(super) fn execute(card: &mut Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    if command.p1 != 0 {
        return Err(StatusWord::IncorrectP1P2);
    }
    if Reference::try_from(command.p2)? != Reference::Pin {
        return Err(StatusWord::ReferenceNotFound);
    }
    super::change_reference_data::replace(card, Reference::Puk, Reference::Pin, &command.data)
}
