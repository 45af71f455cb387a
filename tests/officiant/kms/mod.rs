//! `kms.public-key`.

mod audited;
mod hostile;
pub mod moto;
pub mod support;
