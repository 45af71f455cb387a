//! `attestation.match-root`.

mod audited;
mod real;
mod refused;
mod scene;
