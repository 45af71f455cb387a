//! `kms.public-key`.

mod audited;
mod hostile;
mod moto;
mod support;
