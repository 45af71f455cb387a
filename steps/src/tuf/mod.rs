//! The Update Framework: metadata that is signed by thresholds of keys (<https://theupdateframework.github.io/specification/>).

mod client_check;
mod event;
mod initialize;
pub(crate) mod metadata;
mod signing_key;
mod verify;

use crate::ports::Ports;
use officiant_engine::conduct::Registry;
use std::sync::Arc;

pub(crate) use metadata::fuzz;

pub(crate) fn register(registry: Registry, ports: &Arc<dyn Ports>) -> Registry {
    let registry = registry.with(verify::Verify);
    let registry = client_check::register(registry);
    let registry = initialize::register(registry, ports);
    event::register(registry, ports)
}
