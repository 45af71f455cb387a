//! `tuf.verify`: a repository's metadata holds, from its first root down.

mod audit;
mod fields;
mod file;
mod files;
mod keys;
mod names;
mod reach;
mod report;
mod roots;
mod targets;
mod walk;

use crate::files::Place;
use files::Files;
use jiff::{Timestamp, Unit};
use officiant_engine::conduct::{Effect, Exhibit, Failure, Notice, Objection, Stage, StepHandler};
use report::{Finding, Report, Verified};
use roots::Trusted;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use walk::Asked;

pub(super) struct Verify;

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The folder that the metadata is in; a relative path is below `products/`.
    #[schemars(transform = folder_mark)]
    metadata: String,
    /// When nothing must have expired (RFC 3339); by default now.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    at: Option<String>,
    /// A root that is trusted to begin with; a relative path is below `products/`. By default it is version 1 of those in the
    /// folder, whoever put it there.
    #[serde(default)]
    #[schemars(transform = folder_mark)]
    root: Option<String>,
    /// Whether what has expired is a finding, and no failure.
    #[serde(default)]
    ignore_expiry: bool,
    /// Whether it is a signing event that is not published yet: the snapshot and the timestamp are not looked at, and missing
    /// signatures are findings.
    #[serde(default)]
    event: bool,
}

/// Marks a path that is one of this machine's when the step is performed by itself.
fn folder_mark(schema: &mut Schema) {
    schema.insert("x-folder".to_string(), true.into());
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// When nothing had expired, RFC 3339.
    at: String,
    /// The versions of the specification that files name, with commas.
    spec: String,
    /// How files are called, with commas.
    layout: String,
    /// The roles, from the root down.
    roles: Vec<Verified>,
    /// The versions of root, each verified with the one before.
    root_versions: Vec<u64>,
    /// What is odd and does not keep the metadata from holding.
    findings: Vec<Finding>,
    /// How many files were read.
    files: u64,
    /// How many targets there are.
    targets: u64,
}

impl Outputs {
    fn new(report: Report, at: Timestamp) -> Self {
        let Report { spec, layout, roles, root_versions, findings, files, targets, .. } = report;
        let (spec, layout) = (spec.join(", "), layout.join(", "));
        Self { at: at.to_string(), spec, layout, roles, root_versions, findings, files, targets }
    }
}

impl Arguments {
    /// When nothing must have expired, where the runbook says it.
    fn said_at(&self) -> Result<Option<Timestamp>, Failure> {
        let read = |at: &String| {
            at.parse().map_err(|error| {
                Failure::new("wrong-argument", format!("`at` is `{at}`, no time (RFC 3339): {error}"))
                    .next("correct the argument in the runbook")
            })
        };
        self.at.as_ref().map(read).transpose()
    }

    fn asked(&self, at: Timestamp, root: Option<Trusted>, newest_root: Option<u64>) -> Asked {
        Asked { at, root, ignore_expiry: self.ignore_expiry, event: self.event, newest_root }
    }
}

impl StepHandler for Verify {
    const NAME: &'static str = "tuf.verify";
    const SUMMARY: &'static str = "Verifies a TUF repository's metadata, from its first root down.";
    const EFFECT: Effect = Effect::Observes;
    const NOTES: bool = true;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let at = match arguments.said_at()? {
            Some(at) => at,
            // As the record has times, so that this one is not before the step began.
            None => Timestamp::now().round(Unit::Millisecond).unwrap_or_default(),
        };
        let place = Place::of(&arguments.metadata)?;
        let root = arguments.root.as_ref().map(|root| trusted(root, stage)).transpose()?;
        let by_itself = root.is_none();
        let files = Files::of(&place, stage)?;
        let report = walk::verify(&files, &arguments.asked(at, root, None));
        if !report.faults.is_empty() {
            stage.observe(json!({ "at": at.to_string(), "report": report }))?;
            return Err(does_not_hold(&files.shown, &report));
        }
        let mut lines = report.lines();
        if by_itself {
            lines.push_str(
                "\nVersion 1 of root is the one in the folder: that it is the right one is for people to know.",
            );
        }
        if arguments.event {
            lines.push_str("\nA signing event: the snapshot and the timestamp were not looked at.");
        }
        stage.show(Notice::Information(lines));
        Ok(Outputs::new(report, at))
    }

    /// What is in the ceremony folder still holds, at the time of the step: see [`audit`].
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        audit::objections(arguments, outputs, exhibit).unwrap_or_else(|objection| vec![objection])
    }
}

fn trusted(root: &str, stage: &Stage<'_>) -> Result<Trusted, Failure> {
    let place = Place::of(root)?;
    let shown = place.name();
    let read = files::read(&place.full(stage)?);
    let bytes = read.map_err(|fault| {
        Failure::new("file", format!("the trusted root `{shown}`: {fault}"))
            .next("name the file of a root that you trust")
    })?;
    Ok(Trusted { shown, bytes })
}

fn does_not_hold(shown: &str, report: &Report) -> Failure {
    let message = format!("the metadata in `{shown}` does not hold: {}", report.faults.join(". "));
    Failure::new("untrue-metadata", message).next("publish and rely on none of it; find out where the files come from")
}
