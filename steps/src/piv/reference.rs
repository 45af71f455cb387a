//! PIN and PUK: how they are asked for, and asked for again
//! (<https://docs.yubico.com/yesdk/users-manual/application-piv/pin-puk-mgmt-key.html>).

use super::{
    argument::FACTORY_DEFAULT,
    card::{Card, Moment},
    raw::Answer,
    trouble::{Trouble, status},
};
use officiant_engine::conduct::{Failure, Question, QuestionKind, Secret, SecretName, Stage};
use serde_json::Value;
use yubikey::Version;
use zeroize::Zeroizing;

/// PIN or PUK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference {
    Pin,
    Puk,
}

/// What the device tells of its PIN or PUK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// Whether it is the factory's; firmware before 5.3 does not tell.
    pub(super) default: Option<bool>,
    /// How many tries are left; firmware before 5.3 does not tell of the PUK.
    pub(super) tries: Option<u8>,
    /// How many there are after a right one.
    pub(super) most: Option<u8>,
}

/// Slots of the questions that a step asks that takes a PIN.
pub(crate) const PIN_AGAIN: &str = "pin-again";
/// The same for the PUK.
pub(super) const PUK_AGAIN: &str = "puk-again";
/// Whether the last try is to be used.
pub(crate) const LAST_TRY: &str = "last-try";

/// How often one is asked for again that has not the right form, which costs no try.
const MOST_MALFORMED: usize = 3;

/// Bytes of a PIN or PUK; shorter ones are filled up.
const LONGEST: usize = 8;

impl Reference {
    /// NIST's number (SP 800-73-4, part 1, table 4b); 0x81 is the vendor's for the PUK too.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Pin => 0x80,
            Self::Puk => 0x81,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pin => "PIN",
            Self::Puk => "PUK",
        }
    }

    /// What a new device has.
    fn factory(self) -> Secret {
        Secret::new(match self {
            Self::Pin => "123456".to_string(),
            Self::Puk => "12345678".to_string(),
        })
    }

    fn slot(self) -> &'static str {
        match self {
            Self::Pin => PIN_AGAIN,
            Self::Puk => PUK_AGAIN,
        }
    }

    /// What is wrong with the form of one that is to be used, as a clause.
    fn malformed(self, secret: &Secret) -> Option<String> {
        let bytes = secret.expose().len();
        let fits = (6..=LONGEST).contains(&bytes) && secret.expose().is_ascii();
        (!fits).then(|| format!("a {} has 6 to 8 characters, digits in most cases", self.name()))
    }

    /// Makes sure that a new one will be taken, before the device sees it.
    ///
    /// # Errors
    /// `pin-form`, `factory-pin`.
    pub(super) fn accepts(self, new: &Secret, current: &Secret, card: &Card) -> Result<(), Failure> {
        let name = self.name();
        let refuse = |code, message: String| {
            Err(Failure::new(code, message).next(format!("repeat the step that asks for the new {name}")))
        };
        if let Some(form) = self.malformed(new) {
            return refuse("pin-form", format!("the new {name} has not the right form: {form}"));
        }
        if !new.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse("pin-form", format!("the new {name} has a character that cannot be typed everywhere"));
        }
        if *new == self.factory() {
            return refuse("factory-pin", format!("the factory's {name} is public and protects nothing"));
        }
        if new == current {
            return refuse("factory-pin", format!("the new {name} is the one that is to be changed"));
        }
        if card.firmware() >= Version::new([5, 7, 0]) && card.is_fips() {
            if new.expose().len() < LONGEST {
                return refuse(
                    "pin-form",
                    format!("{} is a FIPS device: its {name} must have 8 characters", card.name()),
                );
            }
            let bytes = new.expose().as_bytes();
            if bytes.iter().all(|byte| Some(byte) == bytes.first()) {
                return refuse("pin-form", format!("{} takes no {name} of one character alone", card.name()));
            }
        }
        Ok(())
    }
}

/// The PIN or PUK with that name.
pub(super) fn named(stage: &mut Stage<'_>, reference: Reference, name: &SecretName) -> Result<Secret, Failure> {
    if name.secret == FACTORY_DEFAULT { Ok(reference.factory()) } else { stage.secret(name) }
}

/// Verifies the PIN, and asks for it again while it is wrong.
///
/// # Errors
/// `wrong-pin`, `pin-blocked`, `last-try`, `not-factory`, `pin-form`, and those of a command.
pub(super) fn verify(card: &mut Card, stage: &mut Stage<'_>, name: &SecretName) -> Result<(), Failure> {
    let pin = named(stage, Reference::Pin, name)?;
    let attempt = |card: &mut Card, pin: &Secret| card.send(0x20, 0, Reference::Pin.number(), &*padded(pin));
    right(card, stage, Reference::Pin, (name, pin), "verify", Moment::Before, attempt).map(drop)
}

/// A command that takes the PIN or PUK, carried out with the right one: one that is wrong is asked for again with the tries that
/// are left, and the last try is used only when somebody says so. Gives the right one, which the secret is from then on.
///
/// # Errors
/// `wrong-pin`, `pin-blocked`, `last-try`, `not-factory`, `pin-form`, and those of the command.
pub(super) fn right(
    card: &mut Card,
    stage: &mut Stage<'_>,
    reference: Reference,
    (name, mut secret): (&SecretName, Secret),
    command: &str,
    moment: Moment,
    mut attempt: impl FnMut(&mut Card, &Secret) -> Result<Answer, Trouble>,
) -> Result<Secret, Failure> {
    let of_factory = name.secret == FACTORY_DEFAULT;
    let state = card.state(reference)?;
    let mut tries = state.tries;
    if tries == Some(0) {
        return Err(blocked(card, reference));
    }
    if of_factory && state.default == Some(false) {
        return Err(not_factory(card, reference));
    }
    if let Some(form) = reference.malformed(&secret) {
        let message = format!("this is no {0} of {1}: {form}; no try was used", reference.name(), card.name());
        return Err(
            Failure::new("pin-form", message).next(format!("repeat the step that asks for the {}", reference.name()))
        );
    }
    let mut again = false;
    loop {
        if tries == Some(1) {
            last_try(card, stage, reference)?;
        }
        let answer = attempt(card, &secret).map_err(|trouble| card.failure(command, moment, &trouble))?;
        match status::tries(answer.status) {
            None if answer.status == status::OK => {
                if again {
                    stage.correct_secret(name, secret.clone());
                }
                return Ok(secret);
            }
            None => return Err(card.failure(command, moment, &Trouble::Refused(answer.status))),
            Some(0) => return Err(blocked(card, reference)),
            Some(_) if of_factory => return Err(not_factory(card, reference)),
            Some(left) => {
                tries = Some(left);
                secret = ask_again(card, stage, reference, left)?;
                again = true;
            }
        }
    }
}

fn ask_again(card: &Card, stage: &mut Stage<'_>, reference: Reference, left: u8) -> Result<Secret, Failure> {
    let (name, device) = (reference.name(), card.name());
    let tries = if left == 1 { "1 try is left".to_string() } else { format!("{left} tries are left") };
    for _ in 0..MOST_MALFORMED {
        let question = Question::new(
            format!("That was not the {name} of {device}, and {tries}. Enter the {name} again"),
            QuestionKind::Secret { min_length: 6, max_length: Some(8), dice: false },
        );
        let secret = stage.ask_secret(question.slot(reference.slot()))?;
        if reference.malformed(&secret).is_none() {
            return Ok(secret);
        }
    }
    Err(Failure::new("wrong-pin", format!("this is not the {name} of {device}, and {tries}"))
        .next(format!("find out the {name}; it has 6 to 8 characters")))
}

fn last_try(card: &Card, stage: &mut Stage<'_>, reference: Reference) -> Result<(), Failure> {
    let (name, device) = (reference.name(), card.name());
    let question = Question::new(
        format!("One try is left for the {name} of {device}: if it is wrong, the {name} is blocked. Use it now?"),
        QuestionKind::Decision,
    );
    if stage.ask(question.slot(LAST_TRY).rehearse(Some(false.into())))? == Value::Bool(true) {
        return Ok(());
    }
    Err(Failure::new("last-try", format!("one try is left for the {name} of {device}, and was not used"))
        .next(format!("find out the {name} before you try again; a right one brings all tries back")))
}

pub(super) fn blocked(card: &Card, reference: Reference) -> Failure {
    let device = card.name();
    match reference {
        Reference::Pin => Failure::new("pin-blocked", format!("the PIN of {device} is blocked")).next(
            "set a new one with the PUK, `ykman piv access unblock-pin`, or reset the device with piv.reset if it may lose everything",
        ),
        Reference::Puk => Failure::new("puk-blocked", format!("the PUK of {device} is blocked")).next(
            "go on without it: it only serves to unblock the PIN; or reset the device with piv.reset if it may lose everything",
        ),
    }
}

fn not_factory(card: &Card, reference: Reference) -> Failure {
    Failure::new(
        "not-factory",
        format!("the {} of {} is not the factory's: the device was provisioned before", reference.name(), card.name()),
    )
    .next("reset it with piv.reset if it may lose everything, or name the secret that it has now")
}

/// As the device takes it: filled up with 0xff.
pub(super) fn padded(secret: &Secret) -> Zeroizing<[u8; LONGEST]> {
    let mut padded = Zeroizing::new([0xff; LONGEST]);
    for (place, byte) in padded.iter_mut().zip(secret.expose().bytes()) {
        *place = byte;
    }
    padded
}
