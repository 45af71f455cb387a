//! GET DATA: an object (NIST SP 800-73-4, part 2, 3.1.2).

use crate::yubikey::{
    card::Card,
    chaining::Command,
    data_object::{DISCOVERY, DISCOVERY_TAG, ObjectId},
    status_word::StatusWord,
    tlv,
};

/// P1 and P2 of GET DATA and PUT DATA.
pub(super) const CURRENT_FILE: (u8, u8) = (0x3f, 0xff);
/// The tag list: which object.
pub(super) const TAG_LIST: tlv::Tag = 0x5c;
/// What is around the content.
pub(super) const CONTENT: tlv::Tag = 0x53;

/// # Errors
/// - [`StatusWord::SecurityStatusNotSatisfied`]: it needs the PIN, whether or not it is there.
/// - [`StatusWord::FileNotFound`]: there is none.
pub(super) fn execute(card: &Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    if (command.p1, command.p2) != CURRENT_FILE {
        return Err(StatusWord::IncorrectP1P2);
    }
    let objects = tlv::Objects::parse(&command.data).ok_or(StatusWord::IncorrectParameters)?;
    let tag = tlv::value(&objects, TAG_LIST).ok_or(StatusWord::IncorrectParameters)?;
    if tag == DISCOVERY_TAG {
        return Ok(DISCOVERY.to_vec());
    }
    let id = ObjectId::from_bytes(tag).ok_or(StatusWord::FileNotFound)?;
    if id.needs_pin() {
        card.session.security.need_pin()?;
    }
    let content = card.state.object(id).ok_or(StatusWord::FileNotFound)?;
    Ok(tlv::object(CONTENT, content))
}
