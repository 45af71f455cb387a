//! RESET: the PIV application, to what the factory left.

use crate::yubikey::{card::Card, chaining::Command, session::Security, status_word::StatusWord};

/// # Errors
/// [`StatusWord::ConditionsOfUseNotSatisfied`]: PIN and PUK are not both blocked.
pub(super) fn execute(card: &mut Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    if (command.p1, command.p2) != (0, 0) {
        return Err(StatusWord::IncorrectP1P2);
    }
    if !card.state.pin.is_blocked() || !card.state.puk.is_blocked() {
        return Err(StatusWord::ConditionsOfUseNotSatisfied);
    }
    card.change(|state| {
        state.reset();
        Ok(())
    })?;
    card.session.security = Security::default();
    Ok(Vec::new())
}
