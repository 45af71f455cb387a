//! Signing with a key in a slot: PIN and touch as its policies have it
//! (<https://docs.yubico.com/yesdk/users-manual/application-piv/apdu/auth-sign.html>).

use super::{
    argument::{PinPolicy, Slot, TouchPolicy},
    card::{Card, Key, Moment},
    management::needed,
    reference::verify,
    trouble::{Trouble, status},
};
use officiant_engine::conduct::{Failure, Notice, SecretName, Stage};
use yubikey::piv;

/// Signs, and verifies the signature with the slot's public key.
///
/// # Errors
/// `touch-missed`, `untrue-signature`, those of the PIN and of a command.
pub(super) fn sign(
    card: &mut Card,
    stage: &mut Stage<'_>,
    slot: Slot,
    key: &Key,
    pin: Option<&SecretName>,
    message: &[u8],
) -> Result<Vec<u8>, Failure> {
    if key.pin_policy != PinPolicy::Never {
        verify(card, stage, needed(pin, "the key wants it")?)?;
    }
    if key.touch_policy != TouchPolicy::Never {
        stage.show(Notice::Information(format!("Touch {} when it blinks, within 15 seconds.", card.name())));
    }
    signature(card, slot, key, message)
}

/// Signs when the PIN was verified.
pub(super) fn signature(card: &mut Card, slot: Slot, key: &Key, message: &[u8]) -> Result<Vec<u8>, Failure> {
    const DONE: &str = "the signature was made";
    let to_sign = key.public.to_sign(message);
    let signed = card.attempt(|yubikey| {
        let device_slot = slot.to_device().ok_or(yubikey::Error::KeyError)?;
        piv::sign_data(yubikey, &to_sign, key.algorithm.to_device(), device_slot)
    });
    let signature = match signed {
        Ok(signature) => signature.to_vec(),
        // The PIN has just been verified, so only the touch can be missing.
        Err(Trouble::Refused(status::SECURITY_STATUS_NOT_SATISFIED)) if key.touch_policy != TouchPolicy::Never => {
            return Err(Failure::new(
                "touch-missed",
                format!("{} was not touched in time; nothing was signed", card.name()),
            )
            .next("try again, and touch it when it blinks"));
        }
        Err(Trouble::Refused(status::SECURITY_STATUS_NOT_SATISFIED)) => {
            return Err(card.failure("general-authenticate", Moment::Before, &Trouble::Disturbed));
        }
        Err(trouble) => return Err(card.failure("general-authenticate", Moment::Changing(DONE), &trouble)),
    };
    if key.public.verifies(message, &signature) {
        return Ok(signature);
    }
    Err(Failure::new(
        "untrue-signature",
        format!("the signature from {} does not verify; it was not kept", card.name()),
    )
    .next("do not use this device; keep it as it is, and find out what it is"))
}
