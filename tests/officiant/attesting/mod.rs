//! `attestation.verify`.

mod authority;
mod ceremonies;
mod chains;
mod forgeries;
mod real;
mod room;
mod yubihsm;

pub use room::real_data;
