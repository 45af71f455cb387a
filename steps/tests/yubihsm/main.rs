//! The steps for devices, performed on virtual YubiHSM 2 devices behind their loopback connectors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod arguments;
mod attest;
mod audit_log;
mod audits;
mod bench;
mod impostor;
mod insert;
mod keys;
mod objects;
mod probes;
mod published;
mod reset;
mod sign;
mod trouble;
mod verified;
