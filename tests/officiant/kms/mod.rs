//! `kms.public-key`.
