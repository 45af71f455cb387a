//! `tuf.client-check`: a repository is loaded by `tough`, a client that others wrote (<https://github.com/awslabs/tough>), and a
//! target is fetched from it.

mod audit;
mod client;
mod reach;
mod step;

use officiant_engine::conduct::Registry;

pub(super) fn register(registry: Registry) -> Registry {
    registry.with(step::ClientCheck)
}
