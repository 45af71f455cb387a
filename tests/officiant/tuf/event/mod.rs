//! Signing events of tuf-on-ci.

mod ceremonies;
mod refused;
mod same;
mod support;
