//! The Update Framework.

mod client_check;
mod event;
mod hostile;
mod initialize;
mod initialize_support;
mod psf;
mod repository;
mod rsa;
mod verify;
