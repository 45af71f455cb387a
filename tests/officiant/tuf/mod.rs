//! The Update Framework.

mod client_check;
mod event;
mod hostile;
mod initialize;
mod initialize_support;
mod online_hsm;
mod psf;
mod repository;
mod rsa;
mod verify;
