//! Steps that look at files and make them.

mod audit;
mod check;
mod copy;
mod digest;
mod measure;
mod mkdir;
mod open;
mod place;
mod walk;
mod write;

pub(crate) use measure::digest;
pub(crate) use open::{open, read};
pub(crate) use place::{Place, folder_mark};

use officiant_engine::conduct::Registry;

pub(crate) fn register(registry: Registry) -> Registry {
    registry.with(check::Check).with(digest::Digest).with(copy::Copy).with(write::Write).with(mkdir::Mkdir)
}
