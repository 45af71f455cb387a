//! Faults as they are written: `WHEN:COMMAND[#N]:EFFECT`.

use officiant_devices::yubihsm::{CommandCode, ErrorCode, Fault, FaultEffect};
use officiant_engine::notation::{self, DeviceFault, Place, Text, nearest};

/// The words for when a fault happens: before the command is carried out, or after.
const WHEN: [&str; 2] = ["before", "after"];

/// The words for what happens.
const EFFECTS: [&str; 4] = ["vanish", "power-off", "lose-answer", "error"];

/// The error that is answered where none is named.
const ERROR: ErrorCode = ErrorCode::StorageFailed;

/// Reads `DEVICE:WHEN:COMMAND[#N]:EFFECT`, for example `HSM-1:before:generate-asymmetric-key#2:error=log-full`.
///
/// # Errors
/// What is wrong with it, with the nearest right word.
pub fn of_device(text: &str) -> Result<(&str, Fault), String> {
    let (device, fault) =
        text.split_once(':').ok_or("it is written DEVICE:before:COMMAND:EFFECT or DEVICE:after:COMMAND:EFFECT")?;
    Ok((device, parse(fault)?))
}

/// Reads `WHEN:COMMAND[#N]:EFFECT`.
///
/// # Errors
/// What is wrong with it, with the nearest right word.
pub fn parse(text: &str) -> Result<Fault, String> {
    let [moment, command, what] = text.split(':').collect::<Vec<_>>()[..] else {
        return Err("it is written DEVICE:before:COMMAND:EFFECT or DEVICE:after:COMMAND:EFFECT".into());
    };
    let (command, nth) = match command.split_once('#') {
        None => (command, 1),
        Some((command, number)) => {
            let wrong = || format!("`#{number}` must be a number from 1 on: the how manieth such command it is");
            (command, number.parse().ok().filter(|number| *number > 0).ok_or_else(wrong)?)
        }
    };
    let (what, error) = match what.split_once('=') {
        None => (what, None),
        Some((what, error)) => (what, Some(error)),
    };
    Ok(Fault { carried_out: when(moment)?, command: command_of(command)?, nth, effect: effect(what, error)? })
}

/// A fault of a runbook's virtual device.
///
/// # Errors
/// What is wrong with it, and where.
pub fn of_runbook(fault: &DeviceFault) -> Result<Fault, (Place, String)> {
    let at = |place: Place| move |error: String| (place, error);
    let what = match fault.effect {
        notation::FaultEffect::Vanish => "vanish",
        notation::FaultEffect::PowerOff => "power-off",
        notation::FaultEffect::LoseAnswer => "lose-answer",
        notation::FaultEffect::Error => "error",
    };
    let error = fault.error.as_ref();
    Ok(Fault {
        carried_out: fault.when == notation::FaultMoment::After,
        command: command_of(&fault.command).map_err(at(fault.command.at))?,
        nth: fault.nth.unwrap_or(1),
        effect: effect(what, error.map(Text::as_str)).map_err(at(error.map_or(fault.command.at, |error| error.at)))?,
    })
}

/// The form that [`parse`] reads.
pub fn spell(fault: Fault) -> String {
    let moment = WHEN[usize::from(fault.carried_out)];
    let nth = if fault.nth > 1 { format!("#{}", fault.nth) } else { String::new() };
    let effect = match fault.effect {
        FaultEffect::Vanish => "vanish".to_string(),
        FaultEffect::PowerOff => "power-off".to_string(),
        FaultEffect::LoseAnswer => "lose-answer".to_string(),
        FaultEffect::Answer(code) => format!("error={}", word(code.name())),
    };
    format!("{moment}:{}{nth}:{effect}", word(fault.command.name()))
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

/// The command of that name, in the vendor's words with hyphens.
///
/// # Errors
/// There is none of that name.
fn command_of(text: &str) -> Result<CommandCode, String> {
    let names: Vec<String> = CommandCode::ALL.iter().map(|command| word(command.name())).collect();
    text.parse().map_err(|_| unknown("command of a YubiHSM 2", text, &names))
}

/// What happens.
///
/// # Errors
/// There is no such effect or error, or an error is named where none is answered.
fn effect(text: &str, error: Option<&str>) -> Result<FaultEffect, String> {
    let names = || ErrorCode::ALL.iter().map(|code| word(code.name())).collect::<Vec<_>>();
    match (text, error) {
        ("error", None) => Ok(FaultEffect::Answer(ERROR)),
        ("error", Some(error)) => {
            error.parse().map(FaultEffect::Answer).map_err(|_| unknown("error of a YubiHSM 2", error, &names()))
        }
        ("vanish" | "power-off" | "lose-answer", Some(_)) => {
            Err(format!("`{text}` answers nothing, and so no error: write `error` as what happens"))
        }
        ("vanish", None) => Ok(FaultEffect::Vanish),
        ("power-off", None) => Ok(FaultEffect::PowerOff),
        ("lose-answer", None) => Ok(FaultEffect::LoseAnswer),
        _ => Err(unknown("effect of a fault", text, &EFFECTS.map(str::to_string))),
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
        for text in [
            "before:generate-asymmetric-key:vanish",
            "after:put-authentication-key:power-off",
            "after:sign-eddsa#3:lose-answer",
            "before:create-session:error=sessions-full",
        ] {
            assert_eq!(spell(parse(text).unwrap()), text);
        }
        assert_eq!(spell(parse("before:echo:error").unwrap()), "before:echo:error=storage-failed");
    }

    #[test]
    fn what_is_wrong_is_named_with_the_nearest_right_word() {
        for (text, complaint) in [
            ("befor:echo:vanish", "`befor` is no moment; did you mean `before`?"),
            ("before:generate-asymetric-key:vanish", "did you mean `generate-asymmetric-key`?"),
            ("before:echo:vanishes", "`vanishes` is no effect of a fault; did you mean `vanish`?"),
            ("before:echo:error=log-ful", "`log-ful` is no error of a YubiHSM 2; did you mean `log-full`?"),
            ("before:echo:vanish=log-full", "`vanish` answers nothing"),
            ("before:echo#0:vanish", "`#0` must be a number from 1 on"),
            ("before:echo", "it is written DEVICE:before:COMMAND:EFFECT"),
        ] {
            let said = parse(text).unwrap_err();
            assert!(said.contains(complaint), "{text}: {said}");
        }
    }
}
