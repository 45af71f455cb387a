//! The Update Framework: metadata that is signed by thresholds of keys (<https://theupdateframework.github.io/specification/>).

mod event;
#[allow(dead_code, unused_imports, reason = "the handlers that follow use it")]
pub(crate) mod metadata;
#[allow(dead_code, reason = "the handlers that follow use it")]
mod signing_key;
mod verify;

use crate::ports::Ports;
use officiant_engine::conduct::Registry;
use std::sync::Arc;

pub(crate) use metadata::fuzz;

pub(crate) fn register(registry: Registry, ports: &Arc<dyn Ports>) -> Registry {
    event::register(registry, ports).with(verify::Verify)
}
