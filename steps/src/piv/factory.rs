//! The state in which a device leaves the factory.

use super::{
    argument::Slot,
    card::{Card, Moment},
    reference::Reference,
};
use officiant_engine::conduct::Failure;

/// What of a device is not as it left the factory, in words; nothing when all is. What firmware before 5.3 does not tell is
/// passed over, but for the certificates.
pub(super) fn used(card: &mut Card) -> Result<Vec<String>, Failure> {
    let mut used = Vec::new();
    for reference in [Reference::Pin, Reference::Puk] {
        let state = card.state(reference)?;
        if state.default == Some(false) {
            used.push(format!("its {} was changed", reference.name()));
        }
        if state.tries.is_some() && state.most.is_some() && state.tries != state.most {
            used.push(format!("a wrong {} was entered", reference.name()));
        }
    }
    if card.management_key()?.default == Some(false) {
        used.push("its management key was changed".to_string());
    }
    let tells = card.needs_firmware([5, 3, 0], "").is_ok();
    for slot in Slot::all() {
        if tells && !matches!(card.key(slot), Ok(None)) {
            used.push(format!("there is a key in slot {slot}"));
        }
        if card.object(slot.certificate(), Moment::Before)?.is_some() {
            used.push(format!("there is a certificate in slot {slot}"));
        }
    }
    Ok(used)
}
