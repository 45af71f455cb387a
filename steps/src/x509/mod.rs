//! Certificates (RFC 5280): signatures, and the way up to a trusted root.

mod chain;
mod signature;

pub(crate) use chain::{leads_to, valid};
pub(crate) use signature::{Unverified, verify};
