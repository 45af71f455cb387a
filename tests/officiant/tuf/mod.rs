//! TUF: metadata that is verified, and signing events.

mod event;
mod verify;
