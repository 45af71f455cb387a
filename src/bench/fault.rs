//! Faults as they are written: `WHEN:COMMAND[#N]:EFFECT`.

use super::Kind;
use officiant_devices::{FaultEffect, yubihsm, yubikey};
use officiant_engine::notation::{self, DeviceFault, Place, Runbook, Text, nearest};
use std::str::FromStr;

/// The words for when a fault happens: before the command is carried out, or after.
const WHEN: [&str; 2] = ["before", "after"];

/// How a fault is written.
const WRITTEN: &str = "it is written DEVICE:before:COMMAND:EFFECT or DEVICE:after:COMMAND:EFFECT";

/// The words for what happens.
const EFFECTS: [&str; 4] = ["vanish", "power-off", "lose-answer", "error"];

/// A failure that a virtual device is to have, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Of a virtual YubiHSM 2.
    YubiHsm(yubihsm::Fault),
    /// Of a virtual YubiKey.
    YubiKey(yubikey::Fault),
}

impl Fault {
    /// The next such command is answered with the error that stands where none is named; none where the kind of device has
    /// no command of that name.
    pub fn refusal(kind: Kind, command: &str) -> Option<Self> {
        Form { carried_out: false, command, nth: 1, effect: "error", error: None }.of(kind).ok()
    }
}

/// The words of a kind of device.
trait Words: Copy + FromStr + 'static {
    /// What they are words for.
    const WHAT: &'static str;

    /// All of them, in the vendor's spelling.
    fn all() -> Vec<&'static str>;

    /// This one in the vendor's spelling.
    fn vendors(self) -> &'static str;

    /// The word that is meant.
    fn read(text: &str) -> Result<Self, String> {
        let names: Vec<String> = Self::all().into_iter().map(word).collect();
        text.parse().map_err(|_| unknown(Self::WHAT, text, &names))
    }
}

macro_rules! words {
    ($type:ty, $what:literal) => {
        impl Words for $type {
            const WHAT: &'static str = $what;

            fn all() -> Vec<&'static str> {
                Self::ALL.iter().map(|it| it.name()).collect()
            }

            fn vendors(self) -> &'static str {
                self.name()
            }
        }
    };
}

words!(yubihsm::CommandCode, "command of a YubiHSM 2");
words!(yubihsm::ErrorCode, "error of a YubiHSM 2");
words!(yubikey::CommandCode, "command of a YubiKey");
words!(yubikey::StatusWord, "error of a YubiKey");

/// A fault in words.
struct Form<'a> {
    carried_out: bool,
    command: &'a str,
    nth: u32,
    effect: &'a str,
    error: Option<&'a str>,
}

/// What is wrong with a fault.
enum Wrong {
    Command(String),
    Effect(String),
}

impl Form<'_> {
    fn of(&self, kind: Kind) -> Result<Fault, Wrong> {
        match kind {
            // What is answered where no error is named.
            Kind::YubiHsm => self.with(yubihsm::ErrorCode::StorageFailed).map(Fault::YubiHsm),
            Kind::YubiKey => self.with(yubikey::StatusWord::MemoryFailure).map(Fault::YubiKey),
        }
    }

    fn with<C: Words, E: Words>(&self, unnamed: E) -> Result<officiant_devices::Fault<C, E>, Wrong> {
        let command = C::read(self.command).map_err(Wrong::Command)?;
        let effect = self.effect(unnamed).map_err(Wrong::Effect)?;
        Ok(officiant_devices::Fault { carried_out: self.carried_out, command, nth: self.nth, effect })
    }

    /// What happens.
    ///
    /// # Errors
    /// There is no such effect or error, or an error is named where none is answered.
    fn effect<E: Words>(&self, unnamed: E) -> Result<FaultEffect<E>, String> {
        match (self.effect, self.error) {
            ("error", None) => Ok(FaultEffect::Answer(unnamed)),
            ("error", Some(error)) => E::read(error).map(FaultEffect::Answer),
            (text @ ("vanish" | "power-off" | "lose-answer"), Some(_)) => {
                Err(format!("`{text}` answers nothing, and so no error: write `error` as what happens"))
            }
            ("vanish", None) => Ok(FaultEffect::Vanish),
            ("power-off", None) => Ok(FaultEffect::PowerOff),
            ("lose-answer", None) => Ok(FaultEffect::LoseAnswer),
            (text, _) => Err(unknown("effect of a fault", text, &EFFECTS.map(str::to_string))),
        }
    }
}

/// Reads `DEVICE:WHEN:COMMAND[#N]:EFFECT` for a device of the runbook, for example
/// `HSM-1:before:generate-asymmetric-key#2:error=log-full`.
///
/// # Errors
/// What is wrong with it, with the nearest right word.
pub fn of_device<'a>(text: &'a str, runbook: &Runbook) -> Result<(&'a str, Fault), String> {
    let (name, fault) = text.split_once(':').ok_or(WRITTEN)?;
    let Some(device) = runbook.devices.get(name) else {
        let near = nearest(name, runbook.devices.keys().map(Text::as_str));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(format!("the runbook declares no device `{name}`{near}"));
    };
    let kind = Kind::of(&device.kind).ok_or_else(|| format!("there is no virtual {}", device.kind))?;
    Ok((name, parse(kind, fault)?))
}

/// Reads `WHEN:COMMAND[#N]:EFFECT`.
///
/// # Errors
/// What is wrong with it, with the nearest right word.
pub fn parse(kind: Kind, text: &str) -> Result<Fault, String> {
    let [moment, command, effect] = text.split(':').collect::<Vec<_>>()[..] else { return Err(WRITTEN.into()) };
    let (command, nth) = match command.split_once('#') {
        None => (command, 1),
        Some((command, number)) => {
            let wrong = || format!("`#{number}` must be a number from 1 on: the how manieth such command it is");
            (command, number.parse().ok().filter(|number| *number > 0).ok_or_else(wrong)?)
        }
    };
    let (effect, error) = match effect.split_once('=') {
        None => (effect, None),
        Some((effect, error)) => (effect, Some(error)),
    };
    let form = Form { carried_out: when(moment)?, command, nth, effect, error };
    form.of(kind).map_err(|(Wrong::Command(why) | Wrong::Effect(why))| why)
}

/// A fault of a runbook's virtual device.
///
/// # Errors
/// What is wrong with it, and where.
pub fn of_runbook(kind: Kind, fault: &DeviceFault) -> Result<Fault, (Place, String)> {
    let effect = match fault.effect {
        notation::FaultEffect::Vanish => "vanish",
        notation::FaultEffect::PowerOff => "power-off",
        notation::FaultEffect::LoseAnswer => "lose-answer",
        notation::FaultEffect::Error => "error",
    };
    let form = Form {
        carried_out: fault.when == notation::FaultMoment::After,
        command: &fault.command,
        nth: fault.nth.unwrap_or(1),
        effect,
        error: fault.error.as_ref().map(Text::as_str),
    };
    form.of(kind).map_err(|wrong| match wrong {
        Wrong::Command(why) => (fault.command.at, why),
        Wrong::Effect(why) => (fault.error.as_ref().map_or(fault.command.at, |error| error.at), why),
    })
}

/// The form that [`parse`] reads.
pub fn spell(fault: Fault) -> String {
    match fault {
        Fault::YubiHsm(fault) => spell_of(fault),
        Fault::YubiKey(fault) => spell_of(fault),
    }
}

fn spell_of<C: Words, E: Words>(fault: officiant_devices::Fault<C, E>) -> String {
    let moment = WHEN[usize::from(fault.carried_out)];
    let nth = if fault.nth > 1 { format!("#{}", fault.nth) } else { String::new() };
    let effect = match fault.effect {
        FaultEffect::Vanish => "vanish".to_string(),
        FaultEffect::PowerOff => "power-off".to_string(),
        FaultEffect::LoseAnswer => "lose-answer".to_string(),
        FaultEffect::Answer(error) => format!("error={}", word(error.vendors())),
    };
    format!("{moment}:{}{nth}:{effect}", word(fault.command.vendors()))
}

/// Whether the command has been carried out by then.
///
/// # Errors
/// It is neither `before` nor `after`.
fn when(text: &str) -> Result<bool, String> {
    match text {
        "before" => Ok(false),
        "after" => Ok(true),
        _ => Err(unknown("moment", text, &WHEN.map(str::to_string))),
    }
}

/// The vendor's name as it is written here.
fn word(name: &str) -> String {
    name.to_ascii_lowercase().replace(' ', "-")
}

fn unknown(what: &str, text: &str, known: &[String]) -> String {
    let near = nearest(text, known.iter().map(String::as_str));
    let help = match near {
        Some(near) => format!("; did you mean `{near}`?"),
        None if known.len() <= 20 => format!("; there are: {}", known.join(", ")),
        None => String::new(),
    };
    format!("`{text}` is no {what}{help}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_back_as_it_was_spelt() {
        for (kind, text) in [
            (Kind::YubiHsm, "before:generate-asymmetric-key:vanish"),
            (Kind::YubiHsm, "after:put-authentication-key:power-off"),
            (Kind::YubiHsm, "after:sign-eddsa#3:lose-answer"),
            (Kind::YubiHsm, "before:create-session:error=sessions-full"),
            (Kind::YubiKey, "before:generate-asymmetric-key-pair:vanish"),
            (Kind::YubiKey, "after:attest#2:lose-answer"),
            (Kind::YubiKey, "before:verify:error=authentication-method-blocked"),
        ] {
            assert_eq!(spell(parse(kind, text).unwrap()), text);
        }
        let spelt = |kind, text| spell(parse(kind, text).unwrap());
        assert_eq!(spelt(Kind::YubiHsm, "before:echo:error"), "before:echo:error=storage-failed");
        assert_eq!(spelt(Kind::YubiKey, "before:attest:error"), "before:attest:error=memory-failure");
    }

    #[test]
    fn what_is_wrong_is_named_with_the_nearest_right_word() {
        for (kind, text, complaint) in [
            (Kind::YubiHsm, "befor:echo:vanish", "`befor` is no moment; did you mean `before`?"),
            (Kind::YubiHsm, "before:generate-asymetric-key:vanish", "did you mean `generate-asymmetric-key`?"),
            (Kind::YubiHsm, "before:echo:vanishes", "`vanishes` is no effect of a fault; did you mean `vanish`?"),
            (
                Kind::YubiHsm,
                "before:echo:error=log-ful",
                "`log-ful` is no error of a YubiHSM 2; did you mean `log-full`?",
            ),
            (Kind::YubiHsm, "before:echo:vanish=log-full", "`vanish` answers nothing"),
            (Kind::YubiHsm, "before:echo#0:vanish", "`#0` must be a number from 1 on"),
            (Kind::YubiHsm, "before:echo", "it is written DEVICE:before:COMMAND:EFFECT"),
            (
                Kind::YubiKey,
                "before:generate-asymmetric-keypair:vanish",
                "did you mean `generate-asymmetric-key-pair`?",
            ),
            (Kind::YubiKey, "before:echo:vanish", "`echo` is no command of a YubiKey"),
            (Kind::YubiKey, "before:attest:error=log-full", "`log-full` is no error of a YubiKey"),
        ] {
            let said = parse(kind, text).unwrap_err();
            assert!(said.contains(complaint), "{text}: {said}");
        }
    }
}
