//! PUT DATA: an object (NIST SP 800-73-4, part 2, 3.3.1).

use super::get_data::{CONTENT, CURRENT_FILE, TAG_LIST};
use crate::yubikey::{card::Card, chaining::Command, data_object::ObjectId, status_word::StatusWord, tlv};

/// Writes an object; without content, deletes it.
///
/// # Errors
/// - [`StatusWord::SecurityStatusNotSatisfied`]: it needs the management key.
/// - [`StatusWord::IncorrectParameters`]: it is no object of this card, or malformed.
/// - [`StatusWord::NotEnoughMemory`]: the card is full.
pub(super) fn execute(card: &mut Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    card.session.security.need_management()?;
    if (command.p1, command.p2) != CURRENT_FILE {
        return Err(StatusWord::IncorrectP1P2);
    }
    let objects = tlv::Objects::parse(&command.data).ok_or(StatusWord::IncorrectParameters)?;
    let &[(TAG_LIST, tag), (CONTENT, content)] = objects.as_slice() else {
        return Err(StatusWord::IncorrectParameters);
    };
    let id = ObjectId::from_bytes(tag).ok_or(StatusWord::IncorrectParameters)?;
    card.change(|state| state.put_object(id, content))?;
    Ok(Vec::new())
}
