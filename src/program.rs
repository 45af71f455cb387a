//! This program, for the record.

use officiant_engine::record::{Program, digest_file};

/// The program that runs, with the digest of its file.
pub fn this() -> Program {
    let measured = std::env::current_exe().and_then(|path| digest_file(&path));
    Program {
        name: env!("CARGO_PKG_NAME").into(),
        version: env!("CARGO_PKG_VERSION").into(),
        sha256: measured.ok().map(|(sha256, _)| sha256),
    }
}
