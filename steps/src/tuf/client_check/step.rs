//! `tuf.client-check`: its types.

use super::{audit, client::load, reach::Reach};
use crate::files::{Place, folder_mark};
use jiff::Timestamp;
use officiant_engine::conduct::{Effect, Exhibit, Failure, Notice, Objection, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;

/// How many delegated roles the client is let at by default: a few seconds.
const MOST_ROLES: u64 = 256;

pub(super) struct ClientCheck;

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The folder of the published metadata, with `timestamp.json` and `N.root.json`; a relative path is below `products/`.
    #[schemars(transform = folder_mark)]
    metadata: String,
    /// The root that the client trusts; by default `1.root.json` in `metadata`.
    #[serde(default)]
    #[schemars(transform = folder_mark)]
    root: Option<String>,
    /// The target that it fetches.
    #[serde(default)]
    target: Option<String>,
    /// The folder of the targets; by default `targets` beside `metadata`.
    #[serde(default)]
    #[schemars(transform = folder_mark)]
    targets: Option<String>,
    /// Another time than now (RFC 3339). The client knows none but now, so that it overlooks expiry then.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    pub(super) at: Option<String>,
    /// How many delegated roles it is let at; by default 256. A thousand take it a minute, and its time grows with their square.
    #[serde(default = "most_roles")]
    most_roles: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The client.
    client: &'static str,
    /// Whether it could be let at the repository, and loaded it.
    loaded: bool,
    /// Why it was not let at it.
    why: Option<String>,
    /// Whether it refused what has expired.
    expiry: bool,
    /// Versions of root, timestamp, snapshot and targets.
    versions: Option<[u64; 4]>,
    /// How many targets it found.
    targets: Option<u64>,
    /// The target that was fetched.
    fetched: Option<Fetched>,
}

/// A target that was fetched.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Fetched {
    pub(super) name: String,
    /// Its file below `targets`.
    pub(super) place: String,
    /// Its length in bytes.
    pub(super) length: u64,
    /// SHA-256 of its bytes, hex.
    pub(super) sha256: String,
}

fn most_roles() -> u64 {
    MOST_ROLES
}

impl StepHandler for ClientCheck {
    const NAME: &'static str = "tuf.client-check";
    const SUMMARY: &'static str =
        "Loads a published TUF repository with the client `tough`, fetches a target, or says why that client cannot.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        if let Some(at) = &arguments.at
            && let Err(error) = at.parse::<Timestamp>()
        {
            let message = format!("`at` is `{at}`, no time (RFC 3339): {error}");
            return Err(Failure::new("wrong-argument", message).next("correct the runbook"));
        }
        let places = Places::of(&arguments, |path| Place::of(path)?.full(stage))?;
        let outputs = places.outputs(&arguments, arguments.at.is_none()).map_err(|why| {
            let name = &arguments.metadata;
            Failure::new("client", format!("the client does not take the repository in `{name}`: {why}"))
                .next("have tuf.verify say what is wrong with it")
        })?;
        if let Some(why) = &outputs.why {
            stage.show(Notice::Information(format!("The client was not let at the repository: {why}.")));
        }
        Ok(outputs)
    }

    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        audit::objections(arguments, outputs, exhibit).err().into_iter().collect()
    }
}

/// Where everything is that the client is let at.
pub(super) struct Places {
    metadata: PathBuf,
    root: Option<PathBuf>,
    targets: PathBuf,
}

impl Places {
    /// The places of the arguments; `full` says where each path is.
    pub(super) fn of<E>(arguments: &Arguments, full: impl Fn(&str) -> Result<PathBuf, E>) -> Result<Self, E> {
        let metadata = full(&arguments.metadata)?;
        let root = arguments.root.as_deref().map(&full).transpose()?;
        let targets = match &arguments.targets {
            Some(targets) => full(targets)?,
            None => metadata.with_file_name("targets"),
        };
        Ok(Self { metadata, root, targets })
    }

    /// Lets the client at them; with `expiry` it refuses what has expired by now.
    ///
    /// # Errors
    /// What it does not take, as a clause.
    pub(super) fn outputs(self, arguments: &Arguments, expiry: bool) -> Result<Outputs, String> {
        let Self { metadata, root, targets } = self;
        let Reach { root, barrier } = Reach::of(&metadata, root, arguments.most_roles)?;
        let (client, told) = ("tough", arguments.at.is_none());
        if barrier.is_some() {
            let (versions, targets, fetched) = (None, None, None);
            return Ok(Outputs { client, loaded: false, why: barrier, expiry: told, versions, targets, fetched });
        }
        let loaded = load(&root, &metadata, &targets, arguments.target.as_deref(), expiry)?;
        let (versions, targets, fetched) = (Some(loaded.versions), Some(loaded.targets), loaded.fetched);
        Ok(Outputs { client, loaded: true, why: None, expiry: told, versions, targets, fetched })
    }
}
