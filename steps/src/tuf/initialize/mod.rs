//! `tuf.initialize`: a repository of PEP 458's layout (<https://peps.python.org/pep-0458/>), whose offline roles are signed
//! afterwards.
//!
//! `root`, `targets` and `bins` are offline. `targets` delegates everything to `bins`, and `bins` by the hash of a target's path
//! to the bins, which an online key signs as it does `snapshot` and `timestamp`.

mod announcement;
mod arguments;
mod audit;
mod bins;
mod documents;
mod input;
mod intake;
mod offline;
mod online;
mod online_key;
mod publish;
mod shelf;
mod step;
mod target;

use crate::ports::Ports;
use officiant_engine::conduct::Registry;
use std::sync::Arc;

pub(super) fn register(registry: Registry, ports: &Arc<dyn Ports>) -> Registry {
    registry.with(step::Initialize(Arc::clone(ports)))
}
