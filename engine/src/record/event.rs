//! What an entry can say: a kind and its body.

use super::{EVIDENCE, FileRecord, PRODUCTS, RUNBOOK};
use crate::conduct::{Bindings, Failure};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A kind of entry and its body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "body", rename_all = "lowercase")]
pub enum Event {
    /// The ceremony was opened.
    Opened(Box<Opened>),
    /// A section was entered.
    Entered(Entered),
    /// A section was left.
    Left(Left),
    /// A step began.
    Began(Began),
    /// A person answered.
    Answered(Answered),
    /// Something was seen before the step was over.
    Observed(Observed),
    /// A step finished and its expectations hold.
    Finished(Finished),
    /// A step failed.
    Failed(Failed),
    /// A failed step is tried again.
    Retried(Retried),
    /// A step was skipped.
    Skipped(Skipped),
    /// A failed step was passed over.
    Deviated(Deviated),
    /// A condition was decided.
    Decided(Decided),
    /// The head of the record was shown.
    Checkpoint(Checkpoint),
    /// The ceremony goes on after a break.
    Resumed(Box<Resumed>),
    /// The ceremony ended as its runbook says.
    Ended(Ended),
    /// The ceremony was broken off.
    Aborted(Aborted),
}

impl Event {
    /// The word in `kind`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Opened(_) => "opened",
            Self::Entered(_) => "entered",
            Self::Left(_) => "left",
            Self::Began(_) => "began",
            Self::Answered(_) => "answered",
            Self::Observed(_) => "observed",
            Self::Finished(_) => "finished",
            Self::Failed(_) => "failed",
            Self::Retried(_) => "retried",
            Self::Skipped(_) => "skipped",
            Self::Deviated(_) => "deviated",
            Self::Decided(_) => "decided",
            Self::Checkpoint(_) => "checkpoint",
            Self::Resumed(_) => "resumed",
            Self::Ended(_) => "ended",
            Self::Aborted(_) => "aborted",
        }
    }

    /// The files that this entry names, each with the folder that it must lie in.
    #[must_use]
    pub fn files(&self) -> Vec<(&'static str, &FileRecord)> {
        match self {
            Self::Opened(opened) => opened.runbook.iter().map(|file| (RUNBOOK, file)).collect(),
            Self::Finished(Finished { products, evidence, .. }) | Self::Failed(Failed { products, evidence, .. }) => {
                let products = products.iter().map(|file| (PRODUCTS, file));
                products.chain(evidence.iter().map(|file| (EVIDENCE, file))).collect()
            }
            Self::Resumed(resumed) => resumed.set_aside.iter().map(|file| (EVIDENCE, file)).collect(),
            _ => Vec::new(),
        }
    }

    /// The session key that this entry brings, Ed25519, hex.
    #[must_use]
    pub fn session_key(&self) -> Option<&str> {
        match self {
            Self::Opened(opened) => Some(&opened.session_key),
            Self::Resumed(resumed) => Some(&resumed.session_key),
            _ => None,
        }
    }
}

/// Body of `opened`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Opened {
    /// The transcript's format and version.
    pub format: String,
    /// The program that writes it.
    pub program: Program,
    /// The runbook's title.
    pub title: String,
    /// The runbook's files, below `runbook/`; the first is the one that was named.
    pub runbook: Vec<FileRecord>,
    /// What differs between machines.
    pub bindings: Bindings,
    /// The roles of the runbook.
    pub participants: BTreeMap<String, ParticipantRecord>,
    /// The machine that the ceremony was opened on.
    pub host: HostFacts,
    /// The session's Ed25519 public key, hex.
    pub session_key: String,
    /// Whether this is a rehearsal on virtual devices.
    pub rehearsal: bool,
}

/// The program that wrote a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Program {
    /// `officiant`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 (hex) of the program's file; nothing when it could not be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
}

/// A role of the runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParticipantRecord {
    /// What the role is called.
    pub title: String,
    /// Who fills it, when the bindings say so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
}

/// The machine that a session runs on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostFacts {
    /// Operating system and processor, for example `linux x86_64`.
    pub system: String,
    /// The kernel's release.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kernel: Option<String>,
    /// What the firmware calls the machine.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub machine: Option<String>,
    /// The network interfaces by name, each with its operational state; nothing when it cannot be known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub interfaces: Option<BTreeMap<String, String>>,
}

impl HostFacts {
    /// The network interfaces that are up; nothing when it cannot be known.
    ///
    /// Whatever is not known to be down counts as up (RFC 2863): many that are up report `unknown`. The loopback interface
    /// leads nowhere.
    #[must_use]
    pub fn online(&self) -> Option<Vec<&str>> {
        let is_down = |state: &str| matches!(state, "down" | "notpresent" | "lowerlayerdown");
        let up = self.interfaces.as_ref()?.iter().filter(|(name, state)| *name != "lo" && !is_down(state));
        Some(up.map(|(name, _)| name.as_str()).collect())
    }
}

/// Body of `entered`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entered {
    /// The section.
    pub section: String,
    /// Its title.
    pub title: String,
    /// The computer that it is carried out on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub on: Option<String>,
    /// The values that it took.
    #[serde(skip_serializing_if = "Map::is_empty", default)]
    pub takes: Map<String, Value>,
}

/// Body of `left`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Left {
    /// The section.
    pub section: String,
}

/// Body of `began`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Began {
    /// The rendered sentence.
    pub text: String,
    /// The step handler; a person otherwise.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uses: Option<String>,
    /// The handler's arguments, rendered; secrets by name.
    #[serde(skip_serializing_if = "Map::is_empty", default)]
    pub with: Map<String, Value>,
    /// must, should or may.
    pub level: String,
}

/// Body of `answered`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answered {
    /// What was asked.
    pub question: String,
    /// Which of the step's questions it is, when it is not the main one: `go`, `what-now`, `reason`, `sign-off/ROLE`, …
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub slot: Option<String>,
    /// The answer; absent when it is a secret.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub answer: Option<Value>,
    /// Why the answer was not taken; the question was then asked again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused: Option<String>,
}

/// Body of `observed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    /// What was seen.
    pub seen: Value,
    /// When the step was in flight as the ceremony broke off: whether it had been done, as far as can be known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub probe: Option<Probe>,
}

/// What is known of a step that was in flight when the ceremony broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// It was done; what came of it is taken up.
    Done,
    /// It was not done; it is carried out now.
    NotDone,
    /// Nobody can tell; the people decide.
    Unknown,
    /// It could not be looked at; it is looked at again when the step is tried again.
    Failed,
}

/// An expectation and whether it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    /// The expression.
    pub that: String,
    /// The values that it read.
    pub values: BTreeMap<String, Value>,
    /// Whether it holds.
    pub holds: bool,
}

/// Body of `finished`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finished {
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outputs: Option<Value>,
    /// The expectations, which all hold.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub expected: Vec<Expected>,
    /// Files made below `products/`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub products: Vec<FileRecord>,
    /// Files made below `evidence/`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<FileRecord>,
    /// Devices that were bound to a serial number here.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub devices: BTreeMap<String, u32>,
    /// Whether the outputs are those that the runbook names for a rehearsal, and nothing was performed.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub rehearsed: bool,
    /// Whether it had been done before the ceremony broke off, and what came of it was looked up afterwards.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub taken_up: bool,
}

/// Body of `failed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Failed {
    /// What happened and what to do next.
    pub failure: Failure,
    /// What came of it all the same, when an expectation does not hold.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outputs: Option<Value>,
    /// The expectations, one of which does not hold.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub expected: Vec<Expected>,
    /// Files made below `products/`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub products: Vec<FileRecord>,
    /// Files made below `evidence/`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<FileRecord>,
}

/// Body of `retried`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retried {
    /// Which try this is, from 2.
    pub attempt: u32,
    /// The section that was performed as a remedy before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remedy: Option<String>,
}

/// Body of `skipped`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Skipped {
    /// The step's level.
    pub level: String,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// Body of `deviated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deviated {
    /// Why the step was passed over.
    pub reason: String,
    /// Who approved it.
    pub approved_by: Vec<Approval>,
}

/// An approval of a deviation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    /// The role.
    pub role: String,
}

/// Body of `decided`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decided {
    /// The condition as a person reads it, rendered.
    pub condition: String,
    /// The expression, when the machine decided.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub when: Option<String>,
    /// The values that the expression read.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub values: BTreeMap<String, Value>,
    /// Whether the condition holds.
    pub holds: bool,
}

/// Body of `checkpoint`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checkpoint {
    /// SHA-256 (hex) of the entry before this one.
    pub head: String,
    /// The same as PGP words.
    pub words: String,
}

/// Body of `resumed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resumed {
    /// SHA-256 (hex) of the entry that it continues from; a person confirmed it.
    pub head: String,
    /// The same as PGP words, as they were shown.
    pub words: String,
    /// What was written of a line that was never finished; it is dropped.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub torn: Option<Torn>,
    /// Files that were made and are in no entry, because the ceremony broke off before: where they are now, in `evidence/`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub set_aside: Vec<FileRecord>,
    /// The program that goes on.
    pub program: Program,
    /// What differs on the machine that it goes on.
    pub bindings: Bindings,
    /// The machine that it goes on.
    pub host: HostFacts,
    /// That machine's clock beside another one; nothing in a rehearsal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub clock: Option<ClockReading>,
    /// The new session's Ed25519 public key, hex.
    pub session_key: String,
}

/// A machine's clock beside another one, which a person read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClockReading {
    /// What the person read from another clock, RFC 3339, UTC.
    pub read: String,
    /// What this machine's clock said at that moment, RFC 3339, UTC.
    pub machine: String,
    /// How far this machine's clock is ahead of the other one, in seconds; what a person cannot have read, such as seconds that
    /// were not typed, does not count.
    pub ahead_seconds: i64,
}

impl ClockReading {
    /// How far clocks may be from each other, in seconds.
    pub const TOLERANCE: i64 = 120;

    /// What is wrong with it, when it was recorded at that time: the three do not agree, or the clocks differ too much.
    #[must_use]
    pub fn fault(&self, recorded: Timestamp) -> Option<&'static str> {
        let (Ok(read), Ok(machine)) = (self.read.parse::<Timestamp>(), self.machine.parse::<Timestamp>()) else {
            return Some("the clocks' times are no instants");
        };
        // Whether seconds were typed is in the answer alone: the wider reading is one that may be, too.
        let possible = [0, 59].map(|span| Self::ahead(machine, read, span));
        if !possible.contains(&self.ahead_seconds) || self.ahead_seconds.abs() > Self::TOLERANCE {
            return Some("the clocks are not as far from each other as the record says, or too far");
        }
        // The clock may have been set back a little while the person read, and the record's time never runs backwards.
        let apart = recorded.as_second() - machine.as_second();
        (apart.abs() > Self::TOLERANCE).then_some("the machine's clock did not say that when it was recorded")
    }

    /// How far one clock is ahead of what was read, in seconds; another clock shows the same for so many seconds more.
    #[must_use]
    pub fn ahead(machine: Timestamp, read: Timestamp, span: i64) -> i64 {
        let seconds = machine.as_second() - read.as_second();
        if seconds > span { seconds - span } else { seconds.min(0) }
    }
}

/// What was left of a line that was never finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Torn {
    /// SHA-256 (hex) of it.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Body of `ended`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    /// What was said at the end, rendered.
    pub text: String,
}

/// Body of `aborted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Aborted {
    /// Why.
    pub reason: String,
}
