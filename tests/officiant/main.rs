//! End to end, through the command.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod attesting;
mod canary;
mod cards;
mod computers;
mod devices;
mod docker;
mod docker_tuf;
mod flipping;
mod flushing;
mod forger;
mod forgeries;
mod forging;
mod hosts;
mod interpreting;
mod kms;
mod match_root;
mod piv;
mod psf;
mod readme;
mod rehearsing;
mod reporting;
mod resuming;
mod schemas;
mod sealing;
mod secrets;
mod smuggling;
mod support;
mod terminal;
mod tuf;
mod yubikeys;
