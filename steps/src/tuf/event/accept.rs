//! `tuf.accept`: somebody who is invited gives their key, the first half of what `tuf-on-ci-sign` does.

use super::{
    handle::Handle,
    reported::{Files, Found, State},
};
use officiant_engine::conduct::{Effect, Failure, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) struct Accept;

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The git clone with the event's branch checked out, as an absolute path; `REHEARSAL` for a practice repository.
    pub(super) clone: String,
    /// What is published: a branch or commit that the event goes off from.
    #[serde(default = "super::published")]
    pub(super) published: String,
    /// Who is invited.
    pub(super) user: Handle,
    /// Their key: a public key or a certificate, PEM; a relative path is below `products/`.
    pub(super) public_key: String,
    /// The folder below `products/` for copies of the metadata.
    pub(super) out: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The clone.
    found: Found,
    /// When the key was added, RFC 3339: periods count from it.
    at: String,
    /// The roles that the user signs for from now on.
    roles: Vec<String>,
    /// The id that metadata has the key under.
    keyid: String,
    /// SHA-256 of the SubjectPublicKeyInfo's DER, hex.
    fingerprint: String,
    /// The event afterwards.
    state: State,
    /// What was compared and made.
    files: Files,
}

impl StepHandler for Accept {
    const NAME: &'static str = "tuf.accept";
    const SUMMARY: &'static str =
        "Adds a key to every role of a TUF repository that its holder is invited to, in a signing event of tuf-on-ci.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn reaches_out(&self, arguments: &Arguments) -> bool {
        super::reaches_out(&arguments.clone)
    }

    fn perform(&self, _: Arguments, _: &mut Stage<'_>) -> Result<Outputs, Failure> {
        Err(Failure::new("not-there", "this step is not there yet"))
    }
}
