//! Virtual devices to practise key ceremonies with.
//!
//! Each behaves as its vendor documents it, towards the vendor's own tools as towards this project's: nothing that
//! talks to a device needs to know that it is a virtual one. What keeps a rehearsal from being taken for the real thing
//! is the word `REHEARSAL` in every name that a virtual device certifies (see [`yubihsm::rehearsal_anchors`] and
//! [`yubikey::rehearsal_anchors`]).

mod attestation_key;
mod command_code;
mod error;
mod fault;
mod firmware;
mod key_material;
mod store;
mod x509;
pub mod yubihsm;
pub mod yubikey;

pub use attestation_key::AttestationKey;
pub use error::Error;
pub use fault::{Fault, FaultEffect};
pub use firmware::Firmware;
