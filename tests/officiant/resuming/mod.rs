//! Ceremonies that broke off, and go on.

mod chain;
mod computers;
mod death;
mod disk;
mod killed;
mod left_over;
mod probes;
mod refusals;
mod scene;
mod secrets;
