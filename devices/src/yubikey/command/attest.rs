//! ATTEST: that a key was made on this device.

use crate::yubikey::{
    attestation, card::Card, chaining::Command, data_object::ATTESTATION_CERTIFICATE, slot::Slot, state::Origin,
    status_word::StatusWord, tlv,
};

/// The certificate inside its object.
const CERTIFICATE: tlv::Tag = 0x70;

/// The attestation of the key in a slot (P1): X.509 DER.
///
/// # Errors
/// [`StatusWord::IncorrectParameters`]: there is no key, or it was imported; or the attestation certificate was
/// overwritten with something else.
pub(super) fn execute(card: &Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    if command.p2 != 0 {
        return Err(StatusWord::IncorrectP1P2);
    }
    let slot = Slot::try_from(command.p1)?;
    let key =
        card.state.key(slot).filter(|key| key.origin == Origin::Generated).ok_or(StatusWord::IncorrectParameters)?;
    let attesting = card
        .state
        .object(ATTESTATION_CERTIFICATE)
        .and_then(tlv::Objects::parse)
        .and_then(|objects| tlv::value(&objects, CERTIFICATE))
        .ok_or(StatusWord::IncorrectParameters)?;
    attestation::attest(
        slot.number(),
        key.private_key()?.public_key_info()?,
        [key.pin_policy.code(), key.touch_policy.code()],
        card.state.firmware,
        card.state.serial,
        card.state.form_factor(),
        attesting,
        &card.attestation_key,
    )
    .map_err(|error| {
        tracing::warn!(%error, "the attestation certificate is none");
        StatusWord::IncorrectParameters
    })
}
