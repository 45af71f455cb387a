//! A signing event of tuf-on-ci (<https://github.com/theupdateframework/tuf-on-ci>): a branch in a git clone on which roles change
//! and people sign, in tuf-on-ci's own files, so that people with `tuf-on-ci-sign` can take part in the same event.

mod accept;
mod delegate;
mod diff;
mod edit;
mod faults;
mod git;
mod handle;
mod invitations;
mod kept;
mod practice;
mod progress;
mod reported;
mod repository;
mod sign;
mod signing;
mod signing_event;
mod status;
mod tree;
mod write;

use crate::ports::Ports;
use officiant_engine::conduct::Registry;
use std::sync::Arc;

pub(super) fn register(registry: Registry, ports: &Arc<dyn Ports>) -> Registry {
    registry.with(delegate::Delegate).with(accept::Accept).with(sign::Sign(Arc::clone(ports))).with(status::Status)
}

/// What stands for a practice repository in a rehearsal.
const REHEARSAL: &str = "REHEARSAL";

/// What is published, where a runbook does not say.
fn published() -> String {
    "origin/main".to_string()
}

/// Whether a step writes outside the ceremony folder.
fn reaches_out(clone: &str) -> bool {
    clone != REHEARSAL
}
