//! IMPORT ASYMMETRIC KEY.

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

const PRIME_P: tlv::Tag = 0x01;
const PRIME_Q: tlv::Tag = 0x02;
const SCALAR: tlv::Tag = 0x06;

/// Takes a key with an algorithm (P1) into a slot (P2), in the place of one that is there: its number, or its primes with
/// what can be computed from them.
///
/// # Errors
/// - [`StatusWord::SecurityStatusNotSatisfied`]: it needs the management key.
/// - [`StatusWord::WrongP1P2`]: no slot for keys.
/// - [`StatusWord::IncorrectParameters`]: no key with this algorithm, or a policy that this device does not have.
/// - [`StatusWord::ConditionsOfUseNotSatisfied`]: a FIPS device that is not in its approved mode.
pub(super) fn execute(card: &mut Card, command: &Command) -> Result<Vec<u8>, StatusWord> {
    card.session.security.need_management()?;
    let slot = Slot::try_from(command.p2)?;
    let algorithm = Algorithm::try_from(command.p1)?;
    let objects = tlv::Objects::parse(&command.data).ok_or(StatusWord::IncorrectParameters)?;
    let part = |tag| tlv::value(&objects, tag).ok_or(StatusWord::IncorrectParameters);
    let key = match algorithm {
        Algorithm::Rsa2048 => PrivateKey::from_primes(part(PRIME_P)?, part(PRIME_Q)?)?,
        Algorithm::EccP256 | Algorithm::EccP384 => PrivateKey::from_scalar(algorithm, part(SCALAR)?)?,
    };
    let (pin_policy, touch_policy) = policies::asked(&objects, slot, &card.state)?;
    card.state.check_may_take_keys()?;
    let stored = Key { slot, algorithm, pin_policy, touch_policy, origin: Origin::Imported, private: key.to_bytes()? };
    card.change(|state| {
        state.put_key(stored);
        Ok(())
    })?;
    Ok(Vec::new())
}
