//! SET MANAGEMENT KEY.

use crate::yubikey::{
    algorithm::TouchPolicy,
    card::Card,
    chaining::Command,
    management_key::{ManagementAlgorithm, ManagementKey},
    status_word::StatusWord,
};

/// The management key's slot.
const SLOT: u8 = 0x9b;
/// P1, always.
const P1: u8 = 0xff;

/// Algorithm, slot, length, key. P2 says whether proving it will need a touch: never (`FF`) or always (`FE`).
///
/// # Errors
/// - [`StatusWord::SecurityStatusNotSatisfied`]: it needs the old one.
/// - [`StatusWord::IncorrectParameters`]: the key does not fit the algorithm, or the device does not have that.
pub(super) fn execute(card: &mut Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    card.session.security.need_management()?;
    let touch = match (command.p1, command.p2) {
        (P1, 0xff) => TouchPolicy::Never,
        (P1, 0xfe) => TouchPolicy::Always,
        _ => return Err(StatusWord::IncorrectP1P2),
    };
    let [algorithm, SLOT, length, key @ ..] = command.data.as_slice() else {
        return Err(StatusWord::IncorrectParameters);
    };
    let algorithm = ManagementAlgorithm::try_from(*algorithm)?;
    card.state.check_management_algorithm(algorithm)?;
    let new = ManagementKey { algorithm, touch, key: key.into() };
    if usize::from(*length) != key.len() || !new.fits() {
        return Err(StatusWord::IncorrectParameters);
    }
    card.change(|state| {
        state.management_key = new;
        Ok(())
    })?;
    Ok(Vec::new())
}
