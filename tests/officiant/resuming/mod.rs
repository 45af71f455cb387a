//! Ceremonies that broke off, and go on.

mod chain;
mod computers;
pub mod death;
mod disk;
mod killed;
mod left_over;
mod probes;
mod refusals;
mod scene;
mod secrets;
