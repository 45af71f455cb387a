//! VERIFY: the PIN (NIST SP 800-73-4, part 2, 3.2.1).

use crate::yubikey::{
    card::Card,
    chaining::Command,
    secret_reference::{LENGTH, Reference},
    status_word::StatusWord,
};

/// Takes back that the PIN was verified (P1).
const FORGET: u8 = 0xff;

/// Compares the PIN; without data, says whether it was verified and how many tries are left.
///
/// # Errors
/// - [`StatusWord::VerificationFailed`], [`StatusWord::AuthenticationMethodBlocked`].
/// - [`StatusWord::IncorrectParameters`]: not eight bytes; no try is lost.
/// - [`StatusWord::ReferenceNotFound`]: something else than the PIN.
pub(super) fn execute(card: &mut Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    if Reference::try_from(command.p2)? != Reference::Pin {
        return Err(StatusWord::ReferenceNotFound);
    }
    match (command.p1, command.data.len()) {
        (FORGET, 0) => {
            card.session.security.pin_refused();
            Ok(Vec::new())
        }
        (0, 0) if card.session.security.is_pin_verified() => Ok(Vec::new()),
        (0, 0) => Err(card.state.pin.state()),
        (0, LENGTH) => {
            compare(card, Reference::Pin, &command.data)?;
            card.session.security.pin_verified();
            Ok(Vec::new())
        }
        (0, _) => Err(StatusWord::IncorrectParameters),
        _ => Err(StatusWord::IncorrectP1P2),
    }
}

/// Compares PIN or PUK, and stores how many tries are left before anybody learns the result. A wrong PIN takes back that
/// it was verified.
///
/// # Errors
/// Those of [`SecretReference::verify`](crate::yubikey::secret_reference::SecretReference::verify), and
/// [`StatusWord::MemoryFailure`].
pub(super) fn compare(card: &mut Card, reference: Reference, value: &[u8]) -> Result<(), StatusWord> {
    let mut next = card.state.reference(reference).clone();
    let result = next.verify(value);
    if reference == Reference::Pin && result.is_err() {
        card.session.security.pin_refused();
    }
    if next.tries != card.state.reference(reference).tries {
        card.change(|state| {
            *state.reference_mut(reference) = next;
            Ok(())
        })?;
    }
    result
}
