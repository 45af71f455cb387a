//! `ask.secret`: a secret that a person knows, or makes with dice.
//!
//! A replay has the answers but not the secret, so nothing that is recorded depends on what was entered: the entropy is
//! that of the fewest rolls, and whether a secret was read back rightly is itself the recorded answer.

use officiant_engine::conduct::{Effect, Failure, Notice, Question, QuestionKind, SecretName, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How often a secret may be read back wrongly before the step fails.
const TRIES: usize = 3;

pub(super) struct AskSecret;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// What is asked.
    prompt: String,
    /// Fewest characters, 8 when it is left out; with `dice`, fewest rolls, 50 when it is left out.
    #[schemars(range(min = 1, max = 1024))]
    min_length: Option<u16>,
    /// Most characters, for a device that takes no longer one; no limit when it is left out. Rolls have none.
    #[schemars(range(min = 1, max = 1024))]
    max_length: Option<u16>,
    /// The secret that this one must be: a person reads it back, from paper for example. After three wrong ones the
    /// step fails.
    matches: Option<SecretName>,
    /// Whether the secret is rolls of a die: the digits 1 to 6, spaces ignored, and not all the same.
    #[serde(default)]
    dice: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// With `dice`: the whole bits of entropy that the fewest rolls have; there may be more. Nothing else about a
    /// secret is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    entropy_bits: Option<u32>,
}

impl StepHandler for AskSecret {
    const NAME: &'static str = "ask.secret";
    const SUMMARY: &'static str =
        "Asks for a secret, which later steps take by this step's id and no record ever holds.";
    const EFFECT: Effect = Effect::None;
    const YIELDS_SECRET: bool = true;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let fewest = arguments.min_length.unwrap_or(if arguments.dice { 50 } else { 8 });
        if fewest == 0 || fewest > 1024 {
            return Err(Failure::new("wrong-argument", format!("`min_length` is {fewest}, not one of 1 to 1024"))
                .next("correct `min_length` in the runbook"));
        }
        if arguments.max_length.is_some_and(|most| most < fewest || most > 1024 || arguments.dice) {
            let message = format!("`max_length` is not one of {fewest} to 1024, or stands beside `dice`");
            return Err(Failure::new("wrong-argument", message).next("correct `max_length` in the runbook"));
        }
        match &arguments.matches {
            Some(matches) => read_back(arguments.prompt, matches, arguments.dice, stage)?,
            None => enter(arguments.prompt, (fewest, arguments.max_length), arguments.dice, stage)?,
        }
        let entropy_bits = (arguments.dice && arguments.matches.is_none()).then(|| entropy_bits(fewest));
        Ok(Outputs { entropy_bits })
    }
}

fn enter(prompt: String, (fewest, most): (u16, Option<u16>), dice: bool, stage: &mut Stage<'_>) -> Result<(), Failure> {
    if stage.position().id.is_none() {
        return Err(Failure::new("no-id", "no later step could use the secret, because this step has no name")
            .next("give the step an `id` in the runbook"));
    }
    if dice {
        let bits = entropy_bits(fewest);
        stage.show(Notice::Information(format!(
            "Roll a die at least {fewest} times and type every roll, 1 to 6; spaces are ignored. {fewest} rolls of a \
             fair die have {bits} bits of entropy."
        )));
    }
    let kind = QuestionKind::Secret { min_length: fewest.into(), max_length: most.map(usize::from), dice };
    let secret = stage.ask_secret(Question::new(prompt, kind))?;
    stage.keep_secret(secret)
}

fn read_back(prompt: String, matches: &SecretName, dice: bool, stage: &mut Stage<'_>) -> Result<(), Failure> {
    let secret = stage.secret(matches)?;
    let question = Question::new(prompt, QuestionKind::SecretAgain { secret: secret.clone(), dice });
    for left in (0..TRIES).rev() {
        if stage.ask(question.clone())? == Value::Bool(true) {
            return if stage.position().id.is_some() { stage.keep_secret(secret) } else { Ok(()) };
        }
        let tries = match left {
            0 => "no tries are left".to_string(),
            1 => "one try is left".to_string(),
            left => format!("{left} tries are left"),
        };
        stage.show(Notice::Information(format!("This is not the secret `{}`; {tries}.", matches.secret)));
    }
    Err(Failure::new("no-match", format!("what was entered is not the secret `{}`, {TRIES} times", matches.secret))
        .next("look for what was written down wrongly; try again, or repeat the step that asks for the secret"))
}

/// The whole bits of entropy in rolls of a fair die: log2 6 for each.
fn entropy_bits(rolls: u16) -> u32 {
    // The product of 1,024 rolls and log2 6, in millionths, is far below the limit of the type.
    u32::from(rolls) * 2_584_962 / 1_000_000
}
