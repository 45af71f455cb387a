//! Checks.
use crate::{
    conduct::Registry,
    notation::{Complaints, Runbook, Sources},
};

/// Everything that can be known without running.
#[must_use]
pub fn check(_: &Runbook, _: &Sources, _: &Registry) -> Complaints {
    Complaints::default()
}
