//! CHANGE REFERENCE DATA: PIN or PUK, by itself (NIST SP 800-73-4, part 2, 3.2.2).

use crate::yubikey::{
    card::Card,
    chaining::Command,
    secret_reference::{LENGTH, Reference},
    status_word::StatusWord,
};

/// The old one and the new one, eight bytes each.
///
/// # Errors
/// - [`StatusWord::VerificationFailed`], [`StatusWord::AuthenticationMethodBlocked`]: for the old one.
/// - [`StatusWord::IncorrectParameters`], [`StatusWord::ConditionsOfUseNotSatisfied`]: for the new one.
pub(super) fn execute(card: &mut Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    if command.p1 != 0 {
        return Err(StatusWord::IncorrectP1P2);
    }
    replace(card, Reference::try_from(command.p2)?, Reference::try_from(command.p2)?, &command.data)
}

/// Gives `changed` a new value, for whoever knows `known`.
pub(super) fn replace(
    card: &mut Card,
    known: Reference,
    changed: Reference,
    values: &[u8],
) -> Result<Vec<u8>, StatusWord> {
    if values.len() != 2 * LENGTH {
        return Err(StatusWord::IncorrectParameters);
    }
    let (old, new) = values.split_at(LENGTH);
    super::verify::compare(card, known, old)?;
    card.state.check_new_secret(new)?;
    card.change(|state| {
        state.reference_mut(changed).replace(new);
        Ok(())
    })?;
    Ok(Vec::new())
}
