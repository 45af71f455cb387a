//! `tuf.verify`.
