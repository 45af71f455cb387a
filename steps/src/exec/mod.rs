//! Steps that run a program.

mod capture;
mod leak;
mod process;
mod run;
mod search;
mod shown;

use officiant_engine::conduct::Registry;

pub(crate) fn register(registry: Registry) -> Registry {
    registry.with(run::Run)
}
