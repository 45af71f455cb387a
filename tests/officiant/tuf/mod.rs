//! The Update Framework.

mod hostile;
mod repository;
mod verify;
