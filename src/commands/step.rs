//! `officiant step`: one handler by itself.

use super::{ceremony::bindings, print_json};
use crate::{
    console::{Answers, Scripted, Terminal, attended, settled},
    outcome::Outcome,
};
use clap::Args;
use officiant_engine::{
    conduct::{
        Announcement, Ceremony, Console, Effect, Failure, Halt, Handler, Happenings, Notice, Outcome as StepOutcome,
        Position, Question, QuestionKind, Reply, Secret, Task,
    },
    notation::nearest,
    record::Draft,
};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// Arguments of `step`.
#[derive(Args)]
pub struct Step {
    /// The step handler, for example yubihsm.device-info
    name: String,
    /// Its arguments; a device is named by its serial number, a secret by `factory-default` or any name, and then asked for
    #[arg(value_name = "KEY=VALUE")]
    arguments: Vec<String>,
    /// What differs between machines
    #[arg(long, value_name = "FILE")]
    bindings: Option<PathBuf>,
    /// Override one binding
    #[arg(long, value_name = "NAME=VALUE")]
    bind: Vec<String>,
    /// Do not ask before something is changed
    #[arg(long)]
    yes: bool,
}

impl Step {
    /// Performs the handler and prints its outputs.
    pub fn carry_out(self) -> Outcome {
        self.perform().unwrap_or_else(|failed| failed)
    }

    fn perform(self) -> Result<Outcome, Outcome> {
        let registry = super::system_registry();
        let Some(handler) = registry.get(&self.name) else {
            let near = nearest(&self.name, registry.iter().map(|handler| handler.name));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(Outcome::not_tried(format!("there is no step handler `{}`{near}", self.name)));
        };
        let bindings = bindings(self.bindings.as_ref(), &self.bind)?;
        let arguments = arguments(handler, &self.arguments).map_err(Outcome::not_tried)?;
        let mut devices = BTreeMap::new();
        let mut secrets = Vec::new();
        for (name, value) in &arguments {
            let schema = &handler.arguments["properties"][name];
            if let (Some(kind), Some(device)) = (special(schema, "x-device").and_then(Value::as_str), value.as_str()) {
                devices.insert(device.to_string(), kind.to_string());
            }
            if let Some(secret) = value["secret"].as_str()
                && !handler.known_secrets.contains(&secret)
            {
                secrets.push(secret.to_string());
            }
        }
        let serials = devices.keys().filter_map(|name| Some((name.clone(), name.parse().ok()?))).collect();
        let here = std::env::current_dir().map_err(|error| Outcome::not_tried(format!("this folder: {error}")))?;
        let mut ceremony = Ceremony::single(here, bindings, devices, serials);
        let console: Box<dyn Console> = if attended() {
            Box::new(Terminal::new(false, None))
        } else {
            Box::new(Scripted::new(Answers::default(), false))
        };
        let mut alone = Alone { console };
        let position = Position { section: "step".into(), number: 1, of: 1, ..Position::default() };
        for secret in secrets {
            let kind = QuestionKind::Secret { min_length: 1, max_length: None, dice: false };
            let question = Question::new(secret.replace('_', " "), kind);
            let value = alone.secret(&position, &question).map_err(Outcome::not_tried)?;
            ceremony.keep_secret(&secret, value);
        }
        if handler.effect == Effect::Changes && !self.yes {
            alone.show(&Notice::Announcement(match handler.announce(&arguments) {
                Announcement::Words(words) => vec![(String::new(), words)],
                Announcement::Arguments(arguments) => {
                    let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
                    let fields = arguments.iter().map(|(name, value)| (name.clone(), shown(value)));
                    std::iter::once(("step".to_string(), handler.name.to_string())).chain(fields).collect()
                }
            }));
            if let Some(irreversible) = handler.irreversible {
                alone.show(&Notice::Irreversible(irreversible.to_string()));
            }
            let question = Question::new("Carry this out now?", QuestionKind::Confirm);
            match alone.answer(&position, &question) {
                Ok(Value::Bool(true)) => {}
                Ok(_) => return Err(Outcome::does_not_hold("nothing was done")),
                Err(_) => {
                    return Err(Outcome::not_tried("this changes something: say --yes where there is no terminal"));
                }
            }
        }
        let mut task = Task {
            ceremony: &mut ceremony,
            position: &position,
            id: Some("step"),
            by: None,
            text: handler.summary,
            answer: None,
            outputs: None,
            doubt: None,
            noted: Vec::new(),
        };
        let (result, _) = task.perform(handler, arguments.into(), &mut alone).map_err(Outcome::not_tried)?;
        match result {
            Ok(outputs) => print_json(&outputs).map(|()| Outcome::Holds),
            Err(Failure { message, next, .. }) => {
                let next = next.map(|next| format!("\nnext: {next}")).unwrap_or_default();
                Err(Outcome::does_not_hold(format!("{message}{next}")))
            }
        }
    }
}

/// `key=value` words as the handler's arguments.
fn arguments(handler: &Handler, words: &[String]) -> Result<Map<String, Value>, String> {
    let properties = handler.arguments["properties"].as_object().cloned().unwrap_or_default();
    let mut arguments = Map::new();
    for word in words {
        let (name, text) = word.split_once('=').ok_or_else(|| format!("`{word}`: write it as key=value"))?;
        let Some(schema) = properties.get(name) else {
            let near = nearest(name, properties.keys().map(String::as_str));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(format!("{} has no argument `{name}`{near}", handler.name));
        };
        let text = if special(schema, "x-folder").is_some() { &folder(text)? } else { text };
        arguments.insert(name.to_string(), value(schema, text));
    }
    let required = handler.arguments["required"].as_array().cloned().unwrap_or_default();
    match required.iter().filter_map(Value::as_str).find(|name| !arguments.contains_key(*name)) {
        Some(missing) => Err(format!("{} needs {missing}=…; see `officiant steps {}`", handler.name, handler.name)),
        None => Ok(arguments),
    }
}

/// A folder on this machine, where a runbook has one of the ceremony's.
fn folder(path: &str) -> Result<String, String> {
    let full = std::fs::canonicalize(path).map_err(|error| format!("`{path}`: {error}"))?;
    full.into_os_string().into_string().map_err(|_| format!("`{path}` has a name that is not UTF-8"))
}

/// A mark of ours in a schema, also inside an optional one.
fn special<'a>(schema: &'a Value, mark: &str) -> Option<&'a Value> {
    schema.get(mark).or_else(|| {
        ["anyOf", "oneOf"]
            .iter()
            .filter_map(|key| schema[*key].as_array())
            .flatten()
            .find_map(|inner| special(inner, mark))
    })
}

/// A word as the type that the schema wants: text where text will do, JSON otherwise.
fn value(schema: &Value, text: &str) -> Value {
    if special(schema, "x-secret").is_some() {
        return serde_json::json!({ "secret": text });
    }
    let takes = |word: &str| accepts(schema, word);
    if !takes("string")
        && let Ok(value) = serde_json::from_str::<Value>(text)
        // One item of a list stands for a list of one.
        && (value.is_array() || !takes("array") || takes("integer") || takes("number"))
    {
        return value;
    }
    if takes("array") && !takes("string") {
        return text.split(',').map(|item| value(&schema["items"], item.trim())).collect();
    }
    text.into()
}

fn accepts(schema: &Value, word: &str) -> bool {
    let own = match &schema["type"] {
        Value::String(kind) => kind == word,
        Value::Array(kinds) => kinds.iter().any(|kind| kind == word),
        _ => schema["enum"].is_array() && word == "string",
    };
    own || ["anyOf", "oneOf"]
        .iter()
        .filter_map(|key| schema[*key].as_array())
        .flatten()
        .any(|inner| accepts(inner, word) || (word == "string" && inner["const"].is_string()))
}

/// A step outside any ceremony: nothing is recorded.
struct Alone {
    console: Box<dyn Console>,
}

impl Alone {
    fn ask(&mut self, question: &Question) -> Result<Reply, Halt> {
        settled(self.console.as_mut(), question).map_err(|unanswered| Halt::Unanswered(unanswered.to_string()))
    }
}

impl Happenings for Alone {
    fn note(&mut self, _: Draft) -> Result<(), Halt> {
        Ok(())
    }

    fn answer(&mut self, position: &Position, question: &Question) -> Result<Value, Halt> {
        self.console.at(position);
        match self.ask(question)? {
            Reply::Value(value) => Ok(value),
            Reply::Secret(_) => Err(Halt::Impossible("a secret was given where none was asked for".into())),
        }
    }

    fn secret(&mut self, position: &Position, question: &Question) -> Result<Secret, Halt> {
        self.console.at(position);
        match self.ask(question)? {
            Reply::Secret(secret) => Ok(secret),
            Reply::Value(_) => Err(Halt::Impossible("a plain answer was given where a secret was asked for".into())),
        }
    }

    fn observe(&mut self, _: &Position, seen: Value) -> Result<(), Halt> {
        self.console.show(&Notice::Outcome(vec![("seen".into(), seen.to_string())]));
        Ok(())
    }

    fn carry_out(&mut self, handler: &Handler, arguments: Value, mut task: Task<'_>) -> Result<StepOutcome, Halt> {
        let (result, made) = task.perform(handler, arguments, self)?;
        Ok(StepOutcome::new(result, made))
    }

    fn settle(&mut self) -> Result<(), Halt> {
        Ok(())
    }

    fn head(&self) -> [u8; 32] {
        [0; 32]
    }

    fn at(&mut self, position: &Position) {
        self.console.at(position);
    }

    fn show(&mut self, notice: &Notice) {
        self.console.show(notice);
    }

    fn wait(&mut self, duration: Duration, what: &str) {
        self.console.wait(duration, what);
    }
}
