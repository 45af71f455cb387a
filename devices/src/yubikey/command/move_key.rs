//! MOVE KEY, which also deletes keys: from firmware 5.7 on.

use crate::yubikey::{card::Card, chaining::Command, slot::Slot, state::Key, status_word::StatusWord};

/// Where to (P1), to delete the key.
const NOWHERE: u8 = 0xff;

/// Moves a key from one slot (P2) to another (P1).
///
/// # Errors
/// - [`StatusWord::SecurityStatusNotSatisfied`]: it needs the management key.
/// - [`StatusWord::ReferenceNotFound`]: there is no key.
/// - [`StatusWord::IncorrectParameters`]: there is a key where it is to go.
pub(super) fn execute(card: &mut Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    card.session.security.need_management()?;
    let from = Slot::try_from(command.p2)?;
    let to = if command.p1 == NOWHERE { None } else { Some(Slot::try_from(command.p1)?) };
    let key = card.state.key(from).ok_or(StatusWord::ReferenceNotFound)?.clone();
    if to.is_some_and(|to| card.state.key(to).is_some()) {
        return Err(StatusWord::IncorrectParameters);
    }
    card.change(|state| {
        state.remove_key(from);
        if let Some(slot) = to {
            state.put_key(Key { slot, ..key });
        }
        Ok(())
    })?;
    Ok(Vec::new())
}
