//! Step handlers: what a runbook names with `uses:`.

use super::{Exhibit, Failure, Objection, Stage};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::Arc};

/// What a handler does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Nothing but ask people and compute; a replay performs it again from the recorded answers.
    None,
    /// It looks at devices or files.
    Observes,
    /// It changes a device, a file or the world outside.
    Changes,
}

/// A step handler with its types.
pub trait StepHandler: Send + Sync + 'static {
    /// Its dotted name, kebab-case.
    const NAME: &'static str;
    /// What it does, in one sentence.
    const SUMMARY: &'static str;
    /// What it does to the world.
    const EFFECT: Effect;
    /// What cannot be undone afterwards; it is announced before a person gives the go-ahead.
    const IRREVERSIBLE: Option<&'static str> = None;
    /// Whether the step's `id` names a secret and not outputs.
    const YIELDS_SECRET: bool = false;
    /// Secrets that it knows by itself, by name.
    const KNOWN_SECRETS: &'static [&'static str] = &[];
    /// The slots of the questions that it asks though it is not performed again in a replay.
    const ASKS: &'static [&'static str] = &[];
    /// Whether it records with [`Stage::observe`] what it sees.
    const NOTES: bool = false;
    /// What a runbook passes in `with:`.
    type Arguments: DeserializeOwned + JsonSchema;
    /// What the step's `id` names afterwards.
    type Outputs: Serialize + JsonSchema;

    /// What is about to be done with these arguments, where they do not say it themselves; a person reads it before the
    /// go-ahead.
    fn announce(&self, arguments: &Self::Arguments) -> Option<String> {
        let _ = arguments;
        None
    }

    /// Whether it reaches outside the ceremony folder and the devices: it runs a program, or writes elsewhere. A rehearsal
    /// without people does that only when it is told that it may.
    fn reaches_out(&self, arguments: &Self::Arguments) -> bool {
        let _ = arguments;
        false
    }

    /// Does it.
    ///
    /// # Errors
    /// What happened and what to do next; the person then tries again, takes the remedy, deviates or aborts.
    fn perform(&self, arguments: Self::Arguments, stage: &mut Stage<'_>) -> Result<Self::Outputs, Failure>;

    /// Whether it was done, when the ceremony broke off while it was in flight; asked only of handlers that change something.
    ///
    /// It must change nothing itself. What a [`Probed::Done`] step made and is still missing, such as a file with the public
    /// key, is made here.
    ///
    /// # Errors
    /// It cannot be looked at now, for example because the device is not there; it is asked again when the person tries again.
    fn probe(&self, arguments: Self::Arguments, stage: &mut Stage<'_>) -> Result<Probed<Self::Outputs>, Failure> {
        let _ = (arguments, stage);
        Ok(Probed::Unknown("nothing tells whether it was done".into()))
    }

    /// Whether what was recorded of it holds today; `outputs` have the form of [`StepHandler::Outputs`].
    fn audit(&self, arguments: &Self::Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let _ = (arguments, outputs, exhibit);
        Vec::new()
    }
}

/// Whether a step that was in flight was done.
#[derive(Debug, Clone, PartialEq)]
pub enum Probed<O> {
    /// It was, with these outputs.
    Done(O),
    /// It was not.
    NotDone,
    /// It cannot be told, for this reason; the people decide.
    Unknown(String),
}

type Announce = Box<dyn Fn(Value) -> Option<String> + Send + Sync>;
type ReachesOut = Box<dyn Fn(Value) -> bool + Send + Sync>;
type Probe = Box<dyn Fn(Value, &mut Stage<'_>) -> Result<Probed<Value>, Failure> + Send + Sync>;
type Audit = Box<dyn Fn(Value, &Value, &Exhibit<'_>) -> Vec<Objection> + Send + Sync>;
type Perform = Box<dyn Fn(Value, &mut Stage<'_>) -> Result<Value, Failure> + Send + Sync>;

/// What a person reads before the go-ahead.
#[derive(Debug, Clone, PartialEq)]
pub enum Announcement {
    /// The handler's own words.
    Words(String),
    /// The arguments as they are.
    Arguments(Map<String, Value>),
}

/// A registered step handler, its types erased to their schemas.
pub struct Handler {
    /// Its dotted name.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// What it does to the world.
    pub effect: Effect,
    /// What cannot be undone afterwards.
    pub irreversible: Option<&'static str>,
    /// Whether the step's `id` names a secret and not outputs.
    pub yields_secret: bool,
    /// Secrets that it knows by itself, by name.
    pub known_secrets: &'static [&'static str],
    /// The slots of the questions that it asks though it is not performed again in a replay.
    pub asks: &'static [&'static str],
    /// Whether it records what it sees before it is over.
    pub notes: bool,
    /// JSON Schema of the arguments; subschemas inlined.
    pub arguments: Value,
    /// JSON Schema of the outputs; subschemas inlined.
    pub outputs: Value,
    announce: Announce,
    reaches_out: ReachesOut,
    perform: Perform,
    probe: Probe,
    audit: Audit,
}

impl Handler {
    fn of<H: StepHandler>(handler: H) -> Self {
        let handler = Arc::new(handler);
        let announcer = Arc::clone(&handler);
        let reacher = Arc::clone(&handler);
        let prober = Arc::clone(&handler);
        let auditor = Arc::clone(&handler);
        Self {
            name: H::NAME,
            summary: H::SUMMARY,
            effect: H::EFFECT,
            irreversible: H::IRREVERSIBLE,
            yields_secret: H::YIELDS_SECRET,
            known_secrets: H::KNOWN_SECRETS,
            asks: H::ASKS,
            notes: H::NOTES,
            arguments: schema::<H::Arguments>(),
            outputs: schema::<H::Outputs>(),
            announce: Box::new(move |arguments| announcer.announce(&serde_json::from_value(arguments).ok()?)),
            // Arguments that cannot be read reach nowhere: the handler refuses them.
            reaches_out: Box::new(move |arguments| {
                serde_json::from_value(arguments).is_ok_and(|arguments| reacher.reaches_out(&arguments))
            }),
            perform: Box::new(move |arguments, stage| {
                let outputs = handler.perform(read::<H>(arguments)?, stage)?;
                written::<H>(outputs)
            }),
            probe: Box::new(move |arguments, stage| {
                Ok(match prober.probe(read::<H>(arguments)?, stage)? {
                    Probed::Done(outputs) => Probed::Done(written::<H>(outputs)?),
                    Probed::NotDone => Probed::NotDone,
                    Probed::Unknown(why) => Probed::Unknown(why),
                })
            }),
            audit: Box::new(move |arguments, outputs, exhibit| match read::<H>(arguments) {
                Ok(arguments) => auditor.audit(&arguments, outputs, exhibit),
                Err(failure) => vec![Objection::wrong("arguments", failure.message)],
            }),
        }
    }

    /// What is about to be done, in words, or argument by argument as lines of name and value.
    #[must_use]
    pub fn announce(&self, arguments: &Map<String, Value>) -> Announcement {
        match (self.announce)(Value::Object(arguments.clone())) {
            Some(words) => Announcement::Words(words),
            None => Announcement::Arguments(arguments.clone()),
        }
    }

    /// Whether it reaches outside the ceremony folder and the devices with these arguments.
    #[must_use]
    pub fn reaches_out(&self, arguments: &Map<String, Value>) -> bool {
        (self.reaches_out)(Value::Object(arguments.clone()))
    }

    /// Does it, with arguments that are still JSON.
    pub fn perform(&self, arguments: Value, stage: &mut Stage<'_>) -> Result<Value, Failure> {
        (self.perform)(arguments, stage)
    }

    /// Whether it was done, when it was in flight as the ceremony broke off.
    pub fn probe(&self, arguments: Value, stage: &mut Stage<'_>) -> Result<Probed<Value>, Failure> {
        (self.probe)(arguments, stage)
    }

    /// Whether what was recorded of it holds today.
    #[must_use]
    pub fn audit(&self, arguments: Value, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        (self.audit)(arguments, outputs, exhibit)
    }
}

fn read<H: StepHandler>(arguments: Value) -> Result<H::Arguments, Failure> {
    serde_json::from_value(arguments).map_err(|error| Failure::new("wrong-argument", format!("{}: {error}", H::NAME)))
}

fn written<H: StepHandler>(outputs: H::Outputs) -> Result<Value, Failure> {
    serde_json::to_value(outputs).map_err(|error| Failure::new("wrong-output", format!("{}: {error}", H::NAME)))
}

fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    SchemaGenerator::new(settings).into_root_schema_for::<T>().to_value()
}

/// Every step handler that a runbook may name.
#[derive(Default)]
pub struct Registry(BTreeMap<&'static str, Handler>);

impl Registry {
    /// Registers a handler.
    #[must_use]
    pub fn with<H: StepHandler>(mut self, handler: H) -> Self {
        self.0.insert(H::NAME, Handler::of(handler));
        self
    }

    /// The handler with that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Handler> {
        self.0.get(name)
    }

    /// Every handler, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Handler> {
        self.0.values()
    }
}
