//! `attestation.verify`.

pub mod authority;
mod ceremonies;
mod chains;
mod forgeries;
mod real;
pub mod room;
mod yubihsm;

pub use room::real_data;
