//! GET METADATA: of PIN, PUK and keys, from firmware 5.3 on.

use rsa::pkcs8::DecodePublicKey;

use crate::yubikey::{
    algorithm::{Algorithm, PinPolicy, TouchPolicy},
    card::Card,
    chaining::Command,
    private_key::rsa_public_objects,
    secret_reference::Reference,
    slot::{ATTESTATION, Slot},
    state::Origin,
    status_word::StatusWord,
    tlv,
};

const ALGORITHM: tlv::Tag = 0x01;
const POLICIES: tlv::Tag = 0x02;
const ORIGIN: tlv::Tag = 0x03;
const PUBLIC_KEY: tlv::Tag = 0x04;
const IS_FACTORY: tlv::Tag = 0x05;
const TRIES: tlv::Tag = 0x06;

/// The algorithm of PIN and PUK.
const SECRET: u8 = 0xff;
/// The management key's slot.
const MANAGEMENT: u8 = 0x9b;

/// # Errors
/// [`StatusWord::ReferenceNotFound`]: there is no such thing (P2), or no key in the slot.
pub(super) fn execute(card: &Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    if command.p1 != 0 {
        return Err(StatusWord::IncorrectP1P2);
    }
    match command.p2 {
        MANAGEMENT => Ok(management(card)),
        ATTESTATION => attestation(card),
        number => match (Reference::try_from(number), Slot::try_from(number)) {
            (Ok(reference), _) => Ok(secret(card, reference)),
            (_, Ok(slot)) => key(card, slot),
            _ => Err(StatusWord::ReferenceNotFound),
        },
    }
}

fn secret(card: &Card, reference: Reference) -> Vec<u8> {
    let secret = card.state.reference(reference);
    [
        tlv::object(ALGORITHM, &[SECRET]),
        tlv::object(IS_FACTORY, &[secret.is_factory(reference).into()]),
        tlv::object(TRIES, &[secret.limit, secret.tries]),
    ]
    .concat()
}

fn management(card: &Card) -> Vec<u8> {
    let key = &card.state.management_key;
    [
        tlv::object(ALGORITHM, &[key.algorithm.code()]),
        tlv::object(POLICIES, &[0, key.touch.code()]),
        tlv::object(IS_FACTORY, &[key.is_factory().into()]),
    ]
    .concat()
}

fn key(card: &Card, slot: Slot) -> Result<Vec<u8>, StatusWord> {
    let key = card.state.key(slot).ok_or(StatusWord::ReferenceNotFound)?;
    let public = key.private_key()?.public_objects();
    Ok(metadata(key.algorithm, key.pin_policy, key.touch_policy, key.origin, &public))
}

/// The attestation key, which was generated in the factory and is used without PIN and touch.
fn attestation(card: &Card) -> Result<Vec<u8>, StatusWord> {
    let public = card
        .attestation_key
        .public_key()
        .and_then(|key| Ok(der::Encode::to_der(&key)?))
        .ok()
        .and_then(|der| rsa::RsaPublicKey::from_public_key_der(&der).ok())
        .map(|key| rsa_public_objects(&key))
        .ok_or(StatusWord::NoPreciseDiagnosis)?;
    Ok(metadata(Algorithm::Rsa2048, PinPolicy::Never, TouchPolicy::Never, Origin::Generated, &public))
}

fn metadata(algorithm: Algorithm, pin: PinPolicy, touch: TouchPolicy, origin: Origin, public: &[u8]) -> Vec<u8> {
    [
        tlv::object(ALGORITHM, &[algorithm.code()]),
        tlv::object(POLICIES, &[pin.code(), touch.code()]),
        tlv::object(ORIGIN, &[origin.code()]),
        tlv::object(PUBLIC_KEY, public),
    ]
    .concat()
}
