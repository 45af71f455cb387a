//! `tuf.delegate`: who signs for which role, what `tuf-on-ci-delegate` does.

use super::{
    handle::{Handle, Handles},
    reported::{Files, Found, State},
};
use officiant_engine::conduct::{Effect, Failure, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(super) struct Delegate;

/// What a runbook passes. What is left out of a role that is there already stays as it is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The git clone with the event's branch checked out, as an absolute path; `REHEARSAL` for a practice repository.
    pub(super) clone: String,
    /// What is published: a branch or commit that the event goes off from.
    #[serde(default = "super::published")]
    pub(super) published: String,
    /// Who makes the change.
    pub(super) user: Handle,
    /// The root role.
    #[serde(default)]
    pub(super) root: Option<OfflineRole>,
    /// The targets role.
    #[serde(default)]
    pub(super) targets: Option<OfflineRole>,
    /// The roles that an online key signs: snapshot and timestamp.
    #[serde(default)]
    pub(super) online: Option<OnlineRoles>,
    /// Roles that targets delegates to, by name.
    #[serde(default)]
    pub(super) delegations: BTreeMap<String, OfflineRole>,
    /// Roles that nothing changes in but their version and the day on which they expire.
    #[serde(default)]
    pub(super) renew: Vec<String>,
    /// The user's own key, where the user is among the signers: a public key or a certificate, PEM; a relative path is below
    /// `products/`.
    #[serde(default)]
    pub(super) public_key: Option<String>,
    /// The folder below `products/` for copies of the metadata.
    pub(super) out: String,
}

/// A role that people sign for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfflineRole {
    /// Who signs; those whose keys are not known are invited. The user alone, for a new role that does not say.
    #[serde(default)]
    pub(super) signers: Option<Handles>,
    /// In place of signers, for a delegated role: a key that is online.
    #[serde(default)]
    pub(super) online: Option<OnlineKey>,
    /// How many of them must sign; 1 for a new role that does not say.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub(super) threshold: Option<u64>,
    /// In how many days a version expires; 365 for a new role that does not say.
    #[serde(default)]
    #[schemars(range(min = 2, max = 36_500))]
    pub(super) expiry_period: Option<u64>,
    /// How many days before that signing begins again; 60 for a new role that does not say.
    #[serde(default)]
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) signing_period: Option<u64>,
}

/// A key that is online.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OnlineKey {
    /// Its public key, PEM; a relative path is below `products/`.
    pub(super) public_key: String,
    /// Where it is, such as `awskms:arn:aws:kms:…`.
    #[schemars(length(min = 1, max = 2_048))]
    pub(super) uri: String,
}

/// The roles that an online key signs.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OnlineRoles {
    /// The key's public key, PEM; a relative path is below `products/`.
    #[serde(default)]
    pub(super) public_key: Option<String>,
    /// Where the key is, such as `awskms:arn:aws:kms:…`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 2_048))]
    pub(super) uri: Option<String>,
    /// 2 and 1 days for a new repository that does not say.
    #[serde(default)]
    pub(super) timestamp: Option<Periods>,
    /// Those of root for a new repository that does not say.
    #[serde(default)]
    pub(super) snapshot: Option<Periods>,
}

/// When an online role expires.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Periods {
    /// In how many days a version expires.
    #[serde(default)]
    #[schemars(range(min = 2, max = 36_500))]
    pub(super) expiry_period: Option<u64>,
    /// How many days before that signing begins again.
    #[serde(default)]
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) signing_period: Option<u64>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The clone.
    found: Found,
    /// When the change was made, RFC 3339: periods count from it.
    at: String,
    /// The event afterwards.
    state: State,
    /// What was compared and made.
    files: Files,
}

impl StepHandler for Delegate {
    const NAME: &'static str = "tuf.delegate";
    const SUMMARY: &'static str =
        "Changes who signs for the roles of a TUF repository, in a signing event of tuf-on-ci.";
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
