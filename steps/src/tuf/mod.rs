//! The Update Framework: metadata that is signed by thresholds of keys (<https://theupdateframework.github.io/specification/>).

mod client_check;
mod initialize;
#[allow(dead_code, unused_imports, reason = "the handlers that follow use it")]
mod metadata;

use crate::ports::Ports;
use officiant_engine::conduct::Registry;
use std::sync::Arc;

pub(crate) fn register(registry: Registry, ports: &Arc<dyn Ports>) -> Registry {
    let _ = ports;
    let registry = client_check::register(registry);
    initialize::register(registry)
}
