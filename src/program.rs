//! This program, for the record.

use officiant_engine::record::{Program, digest_hex};
use std::fs;

/// The program that runs, with the digest of its file.
pub fn this() -> Program {
    let file = std::env::current_exe().ok().and_then(|path| fs::read(path).ok());
    Program {
        name: env!("CARGO_PKG_NAME").into(),
        version: env!("CARGO_PKG_VERSION").into(),
        sha256: file.map(|bytes| digest_hex(&bytes)),
    }
}
