//! The virtual YubiKey, seen from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod certificates;
mod chaining;
mod connection;
mod device_info;
mod faults;
mod fips;
mod keys;
mod log;
mod malformed;
mod management_key;
mod names;
mod objects;
mod pin;
mod state_file;
mod support;
mod touch;
