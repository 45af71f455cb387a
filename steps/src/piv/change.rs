//! What `piv.change-pin` and `piv.change-puk` have in common
//! (NIST SP 800-73-4, part 2, 3.2.2, CHANGE REFERENCE DATA).

use super::{
    before::{self, Seen},
    card::{Card, Moment},
    history::serial_of,
    raw::Answer,
    reference::{Reference, named, padded, right},
    trouble::{Trouble, status},
};
use officiant_engine::conduct::{Exhibit, Failure, Objection, Probed, Secret, SecretName, Stage};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

/// What the step's `id` names.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// Whether it is the factory's; firmware before 5.3 does not tell.
    default: Option<bool>,
    /// How many tries there are; firmware before 5.3 does not tell of the PUK.
    tries: Option<u8>,
}

impl Reference {
    fn done(self) -> &'static str {
        match self {
            Self::Pin => "the PIN was changed",
            Self::Puk => "the PUK was changed",
        }
    }

    fn seen(self, default: Option<bool>) -> Seen {
        match self {
            Self::Pin => Seen::Pin { default },
            Self::Puk => Seen::Puk { default },
        }
    }
}

fn send(card: &mut Card, reference: Reference, current: &Secret, new: &Secret) -> Result<Answer, Trouble> {
    let data = Zeroizing::new([padded(current).as_slice(), padded(new).as_slice()].concat());
    card.send(0x24, 0, reference.number(), &data)
}

/// Changes it.
pub(super) fn perform(
    mut card: Card,
    stage: &mut Stage<'_>,
    reference: Reference,
    current: &SecretName,
    new: &SecretName,
) -> Result<Outputs, Failure> {
    let (old, new) = (named(stage, reference, current)?, named(stage, reference, new)?);
    reference.accepts(&new, &old, &card)?;
    let before = card.state(reference)?;
    reference.seen(before.default).record(stage, &card)?;
    let moment = Moment::Changing(reference.done());
    right(&mut card, stage, reference, (current, old), "change-reference-data", moment, |card, current| {
        send(card, reference, current, &new)
    })
    .map_err(|failure| too_simple(failure, reference, card.name()))?;
    card.changed(reference.done());
    outputs(&mut card, reference)
}

/// The words for a new one that the device does not take.
fn too_simple(failure: Failure, reference: Reference, device: &str) -> Failure {
    if failure.code != "refused" {
        return failure;
    }
    let name = reference.name();
    Failure::new("pin-form", format!("{device} does not take the new {name}; it was not changed"))
        .next(format!("repeat the step that asks for the new {name}, and choose one that is longer or less simple"))
}

fn outputs(card: &mut Card, reference: Reference) -> Result<Outputs, Failure> {
    let state = card.state(reference)?;
    Ok(Outputs { serial: card.serial(), default: state.default, tries: state.tries })
}

/// Whether it was changed. A new one is tried only where a wrong one leaves tries.
pub(super) fn probe(
    mut card: Card,
    stage: &mut Stage<'_>,
    reference: Reference,
    current: &SecretName,
    new: &SecretName,
) -> Result<Probed<Outputs>, Failure> {
    let Some(seen) = Seen::recorded(stage, &card)? else { return Ok(Probed::NotDone) };
    let state = card.state(reference)?;
    if seen == reference.seen(Some(true)) && state.default == Some(true) {
        return Ok(Probed::NotDone);
    }
    let (old, new) = (named(stage, reference, current)?, named(stage, reference, new)?);
    let name = reference.name();
    if state.tries.is_none_or(|tries| tries < 3) {
        return Ok(Probed::Unknown(format!(
            "few tries are left for the {name} of {}, and finding out would cost one",
            card.name()
        )));
    }
    if holds(&mut card, reference, &new)? {
        return Ok(Probed::Done(outputs(&mut card, reference)?));
    }
    if holds(&mut card, reference, &old)? {
        return Ok(Probed::NotDone);
    }
    let message = format!("neither the {name} that was to be changed nor the new one is that of {}", card.name());
    Err(Failure::new("wrong-pin", message).next(format!(
        "enter both again, as they were entered before the break; the right {name} brings all tries back"
    )))
}

/// Whether it is the one that the device has; a wrong one costs a try. Changing it into itself changes nothing.
fn holds(card: &mut Card, reference: Reference, secret: &Secret) -> Result<bool, Failure> {
    let answer = match reference {
        Reference::Pin => card.send(0x20, 0, reference.number(), &*padded(secret)),
        Reference::Puk => send(card, reference, secret, secret),
    };
    let answer = answer.map_err(|trouble| card.failure("verify", Moment::Before, &trouble))?;
    Ok(answer.status == status::OK)
}

/// It is another one than the factory's, where the device tells. That it is the one which was entered nobody can see.
pub(super) fn audit(reference: Reference, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
    if let Err(objection) = serial_of(outputs, exhibit) {
        return vec![objection];
    }
    let fits = |seen: &Seen| {
        matches!((reference, seen), (Reference::Pin, Seen::Pin { .. }) | (Reference::Puk, Seen::Puk { .. }))
    };
    let mut objections: Vec<_> = before::objections(outputs, exhibit, fits).into_iter().collect();
    if outputs["default"] == true {
        let message = format!("the {} is still the factory's", reference.name());
        objections.push(Objection::wrong("not-as-asked", message));
    }
    objections
}
