//! TUF: metadata that is verified, and signing events.

mod event;
mod hostile;
mod repository;
mod verify;
