//! GENERATE ASYMMETRIC KEY PAIR (NIST SP 800-73-4, part 2, 3.3.2).

use super::policies;
use crate::yubikey::{
    algorithm::Algorithm,
    card::Card,
    chaining::Command,
    private_key::PrivateKey,
    slot::Slot,
    state::{Key, Origin},
    status_word::StatusWord,
    tlv,
};

/// What is around the parameters.
const TEMPLATE: tlv::Tag = 0xac;
/// The algorithm among them.
const ALGORITHM: tlv::Tag = 0x80;
/// What is around the public key.
const PUBLIC_KEY: tlv::Tag = 0x7f49;

/// Makes a key in a slot (P2), in the place of one that is there, and answers its public half.
///
/// # Errors
/// - [`StatusWord::SecurityStatusNotSatisfied`]: it needs the management key.
/// - [`StatusWord::WrongP1P2`]: no slot for keys. That of attestation is none here: a key of one's own there makes
///   attestations that nobody believes.
/// - [`StatusWord::IncorrectParameters`]: the algorithm or a policy is none of this device.
/// - [`StatusWord::ConditionsOfUseNotSatisfied`]: a FIPS device that is not in its approved mode.
pub(super) fn execute(card: &mut Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    card.session.security.need_management()?;
    if command.p1 != 0 {
        return Err(StatusWord::IncorrectP1P2);
    }
    let slot = Slot::try_from(command.p2)?;
    let objects = tlv::inside(TEMPLATE, &command.data).ok_or(StatusWord::IncorrectParameters)?;
    let Some([algorithm]) = tlv::value(&objects, ALGORITHM) else { return Err(StatusWord::IncorrectParameters) };
    let algorithm = Algorithm::try_from(*algorithm)?;
    let (pin_policy, touch_policy) = policies::asked(&objects, slot, &card.state)?;
    card.state.check_may_take_keys()?;
    let key = PrivateKey::generate(algorithm)?;
    let stored = Key { slot, algorithm, pin_policy, touch_policy, origin: Origin::Generated, private: key.to_bytes()? };
    card.change(|state| {
        state.put_key(stored);
        Ok(())
    })?;
    Ok(tlv::object(PUBLIC_KEY, &key.public_objects()))
}
