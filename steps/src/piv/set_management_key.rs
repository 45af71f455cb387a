//! `piv.set-management-key`.

use super::{
    argument::{FACTORY_DEFAULT, YubiKeyName},
    before::{self, Seen},
    card::{Card, Moment},
    history::serial_of,
    management::{
        Bytes, Kept, PROTECTED, algorithm_name, authenticate, is_protected, needed, opens, say_protected, set,
        to_groups,
    },
    reference::{LAST_TRY, PIN_AGAIN, verify},
    reset::random,
};
use crate::ports::Ports;
use officiant_engine::conduct::{
    Effect, Exhibit, Failure, Notice, Objection, Probed, Question, QuestionKind, Secret, SecretName, Stage, StepHandler,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use yubikey::MgmAlgorithmId;
use zeroize::Zeroizing;

/// Sets a random management key of AES-256
/// (<https://docs.yubico.com/yesdk/users-manual/application-piv/apdu/set-mgmt-key.html>).
///
/// One that the device keeps under its PIN is written there before it is set, with the one before beside it if that was kept there
/// too: whenever the power fails, one of the two that are there is the device's. The `yubikey` crate 0.9.0-rc.0 does it the other
/// way round, and a break between loses the key.
pub(super) struct SetManagementKey(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiKeyName,
    /// The present management key: `factory-default`, `protected` for the one that the device keeps under its PIN, or one in hex.
    management_key: SecretName,
    /// The PIN, for a management key that the device keeps under it, before or afterwards.
    #[serde(default)]
    pin: Option<SecretName>,
    /// Where the new one is kept.
    keep: Keep,
}

/// Where a management key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Keep {
    /// On the device under its PIN, as ykman's `--generate --protect` does: whoever has the PIN has it.
    Protected,
    /// On paper: it is shown once, and typed back before it is set.
    Shown,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// `AES256`.
    algorithm: String,
    /// `protected` on the device, or `shown`.
    keep: Keep,
    /// Whether it is the factory's; firmware before 5.3 does not tell.
    default: Option<bool>,
}

const MADE: &str = "the management key was changed";
const ALGORITHM: MgmAlgorithmId = MgmAlgorithmId::Aes256;
/// The slot of the question for what was written down.
const WRITTEN: &str = "written-down";

impl StepHandler for SetManagementKey {
    const NAME: &'static str = "piv.set-management-key";
    const SUMMARY: &'static str =
        "Sets a random management key of AES-256, kept on the YubiKey under its PIN or shown once to be written down.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    const ASKS: &'static [&'static str] = &[PIN_AGAIN, LAST_TRY, WRITTEN];
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT, PROTECTED];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let pin = match arguments.keep {
            Keep::Protected => Some(needed(arguments.pin.as_ref(), "the device keeps the management key under it")?),
            Keep::Shown => arguments.pin.as_ref(),
        };
        let mut card = Card::find(&*self.0, stage, &arguments.device)?;
        card.needs_firmware([5, 4, 2], "has no management keys of AES-256")?;
        card.own_references(false)?;
        if let (Keep::Protected, Some(pin)) = (arguments.keep, pin)
            && arguments.management_key.secret != PROTECTED
        {
            verify(&mut card, stage, pin)?;
        }
        let before = authenticate(&mut card, stage, &arguments.management_key, pin)?;
        let was = card.management_key()?;
        let protected = is_protected(&mut card, Moment::Before)?;
        let mut key: Bytes = Zeroizing::new(vec![0; 32]);
        random(&mut key)?;
        if arguments.keep == Keep::Shown {
            written_down(stage, &card, &key)?;
        }
        Seen::ManagementKey { default: was.default, protected }.record(stage, &card)?;
        let changing = Moment::Changing(MADE);
        match arguments.keep {
            Keep::Protected => {
                let before = (arguments.management_key.secret == PROTECTED).then_some(before);
                let staged = Kept { key: Some(key.clone()), before };
                staged.write(&mut card, changing)?;
                set(&mut card, ALGORITHM, &key, changing)?;
                finish(&mut card, staged)?;
            }
            Keep::Shown => {
                set(&mut card, ALGORITHM, &key, changing)?;
                if protected {
                    Kept::default().write(&mut card, Moment::After(MADE))?;
                    say_protected(&mut card, false, Moment::After(MADE))?;
                }
            }
        }
        // A connection of its own has to authenticate anew, as the next step will.
        drop(card);
        let mut card = Card::find(&*self.0, stage, &arguments.device).map_err(Failure::in_doubt)?;
        card.changed(MADE);
        let held = match (arguments.keep, pin) {
            (Keep::Protected, Some(pin)) => {
                verify(&mut card, stage, pin)?;
                Kept::read(&mut card, Moment::After(MADE))?.key
            }
            _ => Some(key.clone()),
        };
        if held.as_ref() != Some(&key) || !opens(&mut card, ALGORITHM, &key)? {
            let message = format!("{MADE}, but {} does not open with it", card.name());
            return Err(
                Failure::new("untrue-key", message).next("do not use this device before it was reset with piv.reset")
            );
        }
        outputs(&mut card, arguments.keep)
    }

    /// What came of it is what was asked for; the key is nowhere in the record.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        if let Err(objection) = serial_of(outputs, exhibit) {
            return vec![objection];
        }
        let seen = before::objections(outputs, exhibit, |seen| matches!(seen, Seen::ManagementKey { .. }));
        let mut objections: Vec<_> = seen.into_iter().collect();
        let keep = serde_json::to_value(arguments.keep).unwrap_or_default();
        for (name, fits) in [
            ("algorithm", outputs["algorithm"] == algorithm_name(ALGORITHM)),
            ("place", outputs["keep"] == keep),
            ("origin", outputs["default"] != true),
        ] {
            if !fits {
                let message = format!("the management key has another {name} than was asked for");
                objections.push(Objection::wrong("not-as-asked", message));
            }
        }
        objections
    }

    /// A key that the device keeps under its PIN, and opens with, was set; a new one takes the place of one that was kept there
    /// before only when the one before is beside it. One that was shown, and typed back, was set when the factory's is gone.
    fn probe(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        let mut card = Card::find(&*self.0, stage, &arguments.device)?;
        let Some(Seen::ManagementKey { default, protected }) = Seen::recorded(stage, &card)? else {
            return Ok(Probed::NotDone);
        };
        let now = card.management_key()?;
        if arguments.keep == Keep::Shown {
            return Ok(match (default, now.default) {
                (Some(true), Some(false)) => Probed::Done(outputs(&mut card, Keep::Shown)?),
                (Some(true), _) => Probed::NotDone,
                _ => Probed::Unknown("only the key that was written down, tried with ykman, tells".to_string()),
            });
        }
        if now.algorithm != ALGORITHM {
            return Ok(Probed::NotDone);
        }
        verify(&mut card, stage, needed(arguments.pin.as_ref(), "the device keeps the management key under it")?)?;
        let kept = Kept::read(&mut card, Moment::Before)?;
        // Nothing beside the key that was kept before: the change was not begun, or is over; doing it again does no harm.
        if protected && kept.before.is_none() {
            return Ok(Probed::NotDone);
        }
        let Some(key) = &kept.key else { return Ok(Probed::NotDone) };
        if !opens(&mut card, ALGORITHM, key)? {
            return Ok(Probed::NotDone);
        }
        finish(&mut card, kept)?;
        Ok(Probed::Done(outputs(&mut card, Keep::Protected)?))
    }
}

/// Says on the device that it keeps its key, and takes the one before away.
fn finish(card: &mut Card, kept: Kept) -> Result<(), Failure> {
    let after = Moment::After(MADE);
    if kept.before.is_some() {
        Kept { key: kept.key, before: None }.write(card, after)?;
    }
    say_protected(card, true, after)
}

fn outputs(card: &mut Card, keep: Keep) -> Result<Outputs, Failure> {
    let state = card.management_key()?;
    let algorithm = algorithm_name(state.algorithm).to_string();
    Ok(Outputs { serial: card.serial(), algorithm, keep, default: state.default })
}

/// Shows the key, and has it typed back before anything depends on it.
fn written_down(stage: &mut Stage<'_>, card: &Card, key: &[u8]) -> Result<(), Failure> {
    let groups = to_groups(key);
    stage.show(Notice::Banner(groups.to_string()));
    let question = Question::new(
        format!("Write this management key of {} down, it is never shown again. Type it from the paper", card.name()),
        QuestionKind::SecretAgain { secret: Secret::new(groups.replace([' ', '\n'], "")), dice: true },
    );
    if stage.ask(question.slot(WRITTEN))? == Value::Bool(true) {
        return Ok(());
    }
    Err(Failure::new("not-written-down", "what was typed is not the management key; it was not set, and is void")
        .next("cross out what is on the paper; try again with another key"))
}
