//! `tuf.status`: how far a signing event is.

use super::{
    handle::Handle,
    reported::{Files, Found, State},
};
use officiant_engine::conduct::{Effect, Failure, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) struct Status;

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The git clone with the event's branch checked out, as an absolute path; `REHEARSAL` for a practice repository.
    pub(super) clone: String,
    /// What is published: a branch or commit that the event goes off from.
    #[serde(default = "super::published")]
    pub(super) published: String,
    /// Who asks.
    #[serde(default)]
    pub(super) user: Option<Handle>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The clone.
    found: Found,
    /// When it was looked at, RFC 3339.
    at: String,
    /// What in `metadata/` is not as it is in the commit that is checked out, by its path there.
    uncommitted: Vec<String>,
    /// The event.
    state: State,
    /// What was compared; what is before and after are the same.
    files: Files,
}

impl StepHandler for Status {
    const NAME: &'static str = "tuf.status";
    const SUMMARY: &'static str =
        "Says how far a signing event of tuf-on-ci is: what changed, who has signed, who is missing.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, _: Arguments, _: &mut Stage<'_>) -> Result<Outputs, Failure> {
        Err(Failure::new("not-there", "this step is not there yet"))
    }
}
