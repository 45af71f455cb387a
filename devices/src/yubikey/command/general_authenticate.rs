//! GENERAL AUTHENTICATE: proving the management key, and using the others (NIST SP 800-73-4, part 2, 3.2.4).

use rand_core::{OsRng, RngCore};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::yubikey::{
    algorithm::{Algorithm, PinPolicy, TouchPolicy},
    card::Card,
    chaining::Command,
    management_key::ManagementAlgorithm,
    session::Challenge,
    slot::Slot,
    status_word::StatusWord,
    tlv,
};

/// The dynamic authentication template: what is around everything.
const TEMPLATE: tlv::Tag = 0x7c;
const WITNESS: tlv::Tag = 0x80;
const CHALLENGE: tlv::Tag = 0x81;
const RESPONSE: tlv::Tag = 0x82;
const EXPONENTIATION: tlv::Tag = 0x85;

/// The management key's slot.
const MANAGEMENT: u8 = 0x9b;

/// Algorithm (P1) and slot (P2).
///
/// # Errors
/// - [`StatusWord::SecurityStatusNotSatisfied`]: not the management key; or the PIN or a touch is wanting.
/// - [`StatusWord::WrongP1P2`]: no slot whose key a client can use.
/// - [`StatusWord::IncorrectParameters`]: no key in the slot, one of another algorithm, or nothing that it can be used
///   on.
pub(super) fn execute(card: &mut Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    let objects = tlv::inside(TEMPLATE, &command.data).ok_or(StatusWord::IncorrectParameters)?;
    match command.p2 {
        MANAGEMENT => management(card, command.p1, &objects),
        slot => key(card, command.p1, Slot::try_from(slot)?, &objects),
    }
}

/// Two exchanges: mutual authentication (the client asks for a witness) or single (it asks for a challenge).
fn management(card: &mut Card, algorithm: u8, objects: &[(tlv::Tag, &[u8])]) -> Result<Vec<u8>, StatusWord> {
    let challenge = card.session.security.challenge.take();
    if ManagementAlgorithm::try_from(algorithm)? != card.state.management_key.algorithm {
        return Err(StatusWord::IncorrectParameters);
    }
    let value = |tag| tlv::value(objects, tag);
    match (value(WITNESS), value(CHALLENGE), value(RESPONSE), challenge) {
        (Some([]), _, _, _) => {
            let witness = random(card.state.management_key.algorithm.block_length());
            let encrypted = card.state.management_key.encrypt(&witness)?;
            card.session.security.challenge = Some(Challenge::Witness(witness));
            Ok(template(WITNESS, &encrypted))
        }
        (None, Some([]), _, _) => {
            let challenge = random(card.state.management_key.algorithm.block_length());
            let answer = template(CHALLENGE, &challenge);
            card.session.security.challenge = Some(Challenge::Plain(challenge));
            Ok(answer)
        }
        (Some(answer), Some(challenge), _, Some(Challenge::Witness(witness))) => {
            let response = card.state.management_key.encrypt(challenge)?;
            prove(card, &witness, answer)?;
            Ok(template(RESPONSE, &response))
        }
        (None, None, Some(answer), Some(Challenge::Plain(challenge))) => {
            let wanted = Zeroizing::new(card.state.management_key.encrypt(&challenge)?);
            prove(card, &wanted, answer)?;
            Ok(Vec::new())
        }
        _ => Err(StatusWord::IncorrectParameters),
    }
}

fn prove(card: &mut Card, wanted: &[u8], answer: &[u8]) -> Result<(), StatusWord> {
    card.session.security.management = false;
    if !bool::from(wanted.ct_eq(answer)) {
        return Err(StatusWord::SecurityStatusNotSatisfied);
    }
    if card.state.management_key.touch != TouchPolicy::Never {
        card.wait_for_touch("to accept the management key")?;
    }
    card.session.security.management = true;
    Ok(())
}

/// Signs, or agrees on a secret.
fn key(card: &mut Card, algorithm: u8, slot: Slot, objects: &[(tlv::Tag, &[u8])]) -> Result<Vec<u8>, StatusWord> {
    let key = card.state.key(slot).ok_or(StatusWord::IncorrectParameters)?;
    if Algorithm::try_from(algorithm)? != key.algorithm {
        return Err(StatusWord::IncorrectParameters);
    }
    let (private, pin_policy, touch_policy) = (key.private_key()?, key.pin_policy, key.touch_policy);
    match pin_policy {
        PinPolicy::Never => {}
        PinPolicy::Once => {
            card.session.security.need_pin()?;
            card.session.security.take_fresh_pin();
        }
        PinPolicy::Always if card.session.security.take_fresh_pin() => {}
        PinPolicy::Always => return Err(StatusWord::SecurityStatusNotSatisfied),
    }
    match touch_policy {
        TouchPolicy::Never => {}
        TouchPolicy::Cached if card.session.is_touch_cached() => {}
        TouchPolicy::Cached | TouchPolicy::Always => card.wait_for_touch(&format!("to use the key in slot {slot}"))?,
    }
    let result = match (tlv::value(objects, CHALLENGE), tlv::value(objects, EXPONENTIATION)) {
        (Some(digest), None) => private.sign(digest)?,
        (None, Some(point)) => private.agree(point)?,
        _ => return Err(StatusWord::IncorrectParameters),
    };
    Ok(template(RESPONSE, &result))
}

fn template(tag: tlv::Tag, value: &[u8]) -> Vec<u8> {
    tlv::object(TEMPLATE, &tlv::object(tag, value))
}

fn random(length: usize) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    OsRng.fill_bytes(&mut bytes);
    bytes
}
