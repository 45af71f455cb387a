//! SET PIN RETRIES: how often PIN and PUK may be wrong.

use crate::yubikey::{
    card::Card,
    chaining::Command,
    secret_reference::{Reference, SecretReference},
    status_word::StatusWord,
};

/// Tries of the PIN (P1) and of the PUK (P2). Both become the factory's again.
///
/// # Errors
/// - [`StatusWord::SecurityStatusNotSatisfied`]: it needs the management key and the PIN.
/// - [`StatusWord::IncorrectParameters`]: no tries at all.
/// - [`StatusWord::ConditionsOfUseNotSatisfied`]: a FIPS device whose PIN or PUK is its owner's already.
pub(super) fn execute(card: &mut Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    card.session.security.need_management()?;
    card.session.security.need_pin()?;
    if command.p1 == 0 || command.p2 == 0 {
        return Err(StatusWord::IncorrectParameters);
    }
    card.state.check_may_restore_secrets()?;
    card.change(|state| {
        state.pin = SecretReference::factory_with(Reference::Pin, command.p1);
        state.puk = SecretReference::factory_with(Reference::Puk, command.p2);
        Ok(())
    })?;
    card.session.security.pin_refused();
    Ok(Vec::new())
}
