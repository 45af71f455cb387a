//! The management key: how it is authenticated, and how it is kept on the device under the PIN.
//!
//! Where it is kept is not NIST's but the vendor's, as ykman and yubico-piv-tool have it
//! (<https://docs.yubico.com/yesdk/users-manual/application-piv/pin-only.html>): the key in the object of printed information, which
//! is read with the PIN alone, and that it is there in an object of the vendor's.

use super::{
    argument::FACTORY_DEFAULT,
    card::{Card, Moment},
    reference::verify,
    tlv::{field, fields, value},
    trouble::{Trouble, status},
};
use officiant_engine::conduct::{Failure, SecretName, Stage};
use std::fmt::Write;
use yubikey::{MgmAlgorithmId, MgmKey, ObjectId};
use zeroize::Zeroizing;

/// The name of the secret that is the management key which the device keeps under its PIN.
pub(super) const PROTECTED: &str = "protected";

/// Printed information (NIST SP 800-73-4, part 1, table 3).
const PRINTED: ObjectId = 0x005f_c109;
/// The vendor's object that says how the management key is kept.
const ADMIN: ObjectId = 0x005f_ff00;

/// Tags within them.
const KEPT: u8 = 0x88;
const KEY: u8 = 0x89;
/// The key before, until the new one is set; of officiant alone, and passed over by others.
const KEY_BEFORE: u8 = 0x8f;
const ADMINISTRATION: u8 = 0x80;
const FLAGS: u8 = 0x81;
const SALT: u8 = 0x82;
const FLAG_PROTECTED: u8 = 0x02;

/// The bytes of a management key.
pub(super) type Bytes = Zeroizing<Vec<u8>>;

/// What a new device has, 3DES before firmware 5.7 and AES-192 from then on.
const FACTORY: [u8; 24] = [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8];

/// The vendor's name of an algorithm.
pub(super) fn algorithm_name(algorithm: MgmAlgorithmId) -> &'static str {
    match algorithm {
        MgmAlgorithmId::ThreeDes => "TDES",
        MgmAlgorithmId::Aes128 => "AES128",
        MgmAlgorithmId::Aes192 => "AES192",
        MgmAlgorithmId::Aes256 => "AES256",
    }
}

fn length(algorithm: MgmAlgorithmId) -> usize {
    match algorithm {
        MgmAlgorithmId::Aes128 => 16,
        MgmAlgorithmId::ThreeDes | MgmAlgorithmId::Aes192 => 24,
        MgmAlgorithmId::Aes256 => 32,
    }
}

/// Authenticates with the management key of that name: the factory's, the one that the device keeps under its PIN, or one that was
/// typed in hex. Gives its bytes.
///
/// # Errors
/// `not-factory`, `not-protected`, `wrong-management-key`, `management-key-form`, those of the PIN and of a command.
pub(super) fn authenticate(
    card: &mut Card,
    stage: &mut Stage<'_>,
    name: &SecretName,
    pin: Option<&SecretName>,
) -> Result<Bytes, Failure> {
    let state = card.management_key()?;
    let device = card.name().to_string();
    match name.secret.as_str() {
        FACTORY_DEFAULT => {
            let not_factory = || {
                let message =
                    format!("the management key of {device} is not the factory's: the device was provisioned before");
                Failure::new("not-factory", message)
                    .next("reset it with piv.reset if it may lose everything, or name the key that it has now")
            };
            if state.default == Some(false) || length(state.algorithm) != FACTORY.len() {
                return Err(not_factory());
            }
            let key = Zeroizing::new(FACTORY.to_vec());
            if opens(card, state.algorithm, &key)? { Ok(key) } else { Err(not_factory()) }
        }
        PROTECTED => {
            let pin = needed(pin, "the management key that the device keeps is read with its PIN")?;
            verify(card, stage, pin)?;
            let kept = Kept::read(card, Moment::Before)?;
            for key in [kept.key, kept.before].into_iter().flatten() {
                if key.len() == length(state.algorithm) && opens(card, state.algorithm, &key)? {
                    return Ok(key);
                }
            }
            let message = format!("{device} keeps no management key under its PIN that it has");
            Err(Failure::new("not-protected", message)
                .next("name the management key that it has: `factory-default`, or one that was written down"))
        }
        _ => {
            let typed = stage.secret(name)?;
            let algorithm = algorithm_name(state.algorithm);
            let Some(key) = from_hex(typed.expose()).filter(|key| key.len() == length(state.algorithm)) else {
                let digits = 2 * length(state.algorithm);
                let message =
                    format!("this is no management key of {device}, which has {digits} hex digits ({algorithm})");
                return Err(Failure::new("management-key-form", message)
                    .next("repeat the step that asks for the management key"));
            };
            if opens(card, state.algorithm, &key)? {
                return Ok(key);
            }
            Err(Failure::new(
                "wrong-management-key",
                format!("this is not the management key of {device} ({algorithm})"),
            )
            .next("repeat the step that asks for the management key; wrong ones are not counted"))
        }
    }
}

/// A PIN that the arguments must have.
///
/// # Errors
/// `wrong-argument`
pub(super) fn needed<'a>(pin: Option<&'a SecretName>, why: &str) -> Result<&'a SecretName, Failure> {
    pin.ok_or_else(|| {
        Failure::new("wrong-argument", format!("there is no `pin`: {why}"))
            .next("name a secret for `pin` in the runbook")
    })
}

/// Whether it is the device's management key; it is authenticated then.
pub(super) fn opens(card: &mut Card, algorithm: MgmAlgorithmId, key: &[u8]) -> Result<bool, Failure> {
    let Ok(key) = MgmKey::from_bytes(key, Some(algorithm)) else { return Ok(false) };
    match card.attempt(|yubikey| yubikey.authenticate(&key)) {
        Ok(()) => Ok(true),
        Err(Trouble::Refused(status::SECURITY_STATUS_NOT_SATISFIED)) => Ok(false),
        Err(trouble) => Err(card.failure("authenticate", Moment::Before, &trouble)),
    }
}

/// Sets the management key; the present one must be authenticated.
pub(super) fn set(card: &mut Card, algorithm: MgmAlgorithmId, key: &[u8], moment: Moment) -> Result<(), Failure> {
    let mut data = Zeroizing::new(vec![u8::from(algorithm), 0x9b]);
    data.extend(u8::try_from(key.len()));
    data.extend(key);
    match card.send(0xff, 0xff, 0xff, &data) {
        Ok(answer) if answer.status == status::OK => Ok(()),
        Ok(answer) => Err(card.failure("set-management-key", moment, &Trouble::Refused(answer.status))),
        Err(trouble) => Err(card.failure("set-management-key", moment, &trouble)),
    }
}

/// What the device keeps under its PIN.
#[derive(Default)]
pub(super) struct Kept {
    /// The management key.
    pub(super) key: Option<Bytes>,
    /// The one before, while it is changed.
    pub(super) before: Option<Bytes>,
}

impl Kept {
    /// Reads it; the PIN must be verified.
    pub(super) fn read(card: &mut Card, moment: Moment) -> Result<Self, Failure> {
        let Some(object) = card.object(PRINTED, moment)? else { return Ok(Self::default()) };
        let inner = fields(&object).and_then(|outer| fields(value(&outer, KEPT.into())?)).unwrap_or_default();
        let key = |tag: u8| value(&inner, tag.into()).map(|key| Zeroizing::new(key.to_vec()));
        Ok(Self { key: key(KEY), before: key(KEY_BEFORE) })
    }

    /// Writes it; the management key must be authenticated.
    pub(super) fn write(&self, card: &mut Card, moment: Moment) -> Result<(), Failure> {
        let mut inner = Zeroizing::new(Vec::new());
        for (tag, key) in [(KEY, &self.key), (KEY_BEFORE, &self.before)] {
            if let Some(key) = key {
                inner.extend(field(tag, key));
            }
        }
        let object = if inner.is_empty() { Vec::new() } else { field(KEPT, &inner) };
        card.put(PRINTED, &Zeroizing::new(object), moment)
    }
}

/// Whether the device says that it keeps its management key under the PIN.
pub(super) fn is_protected(card: &mut Card, moment: Moment) -> Result<bool, Failure> {
    let Some(object) = card.object(ADMIN, moment)? else { return Ok(false) };
    let inner = fields(&object).and_then(|outer| fields(value(&outer, ADMINISTRATION.into())?)).unwrap_or_default();
    Ok(value(&inner, FLAGS.into()).and_then(<[u8]>::first).is_some_and(|flags| flags & FLAG_PROTECTED != 0))
}

/// Says on the device whether it keeps its management key under the PIN; what else is said there stays, but for the salt of a key
/// that was derived from the PIN.
pub(super) fn say_protected(card: &mut Card, protected: bool, moment: Moment) -> Result<(), Failure> {
    let object = card.object(ADMIN, moment)?;
    let said = object.as_ref().map(|object| object.as_slice()).unwrap_or_default();
    let inner = fields(said).and_then(|outer| fields(value(&outer, ADMINISTRATION.into())?)).unwrap_or_default();
    let flags = value(&inner, FLAGS.into()).and_then(<[u8]>::first).copied().unwrap_or_default();
    let flags = if protected { flags | FLAG_PROTECTED } else { flags & !FLAG_PROTECTED };
    let mut new = field(FLAGS, &[flags]);
    for (tag, value) in inner {
        if let Ok(tag) = u8::try_from(tag)
            && ![FLAGS, SALT].contains(&tag)
        {
            new.extend(field(tag, value));
        }
    }
    card.put(ADMIN, &field(ADMINISTRATION, &new), moment)
}

/// A key as it is typed: hex digits, spaces between them passed over.
pub(super) fn from_hex(text: &str) -> Option<Bytes> {
    let digits = Zeroizing::new(text.chars().filter(|character| !character.is_whitespace()).collect::<String>());
    hex::decode(digits.as_str()).ok().map(Zeroizing::new)
}

/// A key as it is written down: hex digits in groups of four, eight groups to a line.
pub(super) fn to_groups(key: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(key.len() * 3));
    for (index, pair) in key.chunks(2).enumerate() {
        if index > 0 {
            text.push(if index % 8 == 0 { '\n' } else { ' ' });
        }
        for byte in pair {
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}
