//! The virtual YubiHSM 2, seen from outside: through clients that others wrote, and through messages that nobody should
//! send.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod attestation;
mod audit_log;
mod capabilities;
mod connector;
mod faults;
mod host;
mod keys;
mod log;
mod malformed;
mod objects;
mod python_client;
mod sessions;
mod state_file;
mod support;
