//! Facts about this machine and this program, for the record.

use officiant_engine::record::{HostFacts, Program, digest_hex};
use std::{collections::BTreeMap, fs, path::Path};

/// The program that runs, with the digest of its file.
pub fn program() -> Program {
    let file = std::env::current_exe().ok().and_then(|path| fs::read(path).ok());
    Program {
        name: env!("CARGO_PKG_NAME").into(),
        version: env!("CARGO_PKG_VERSION").into(),
        sha256: file.map(|bytes| digest_hex(&bytes)),
    }
}

/// The machine that it runs on.
pub fn facts() -> HostFacts {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|release| release.trim().to_string());
    HostFacts {
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        kernel,
        interfaces: interfaces(Path::new("/sys/class/net")),
    }
}

/// The network interfaces and their operational state, as the kernel tells it (`/sys/class/net/*/operstate`).
fn interfaces(folder: &Path) -> Option<BTreeMap<String, String>> {
    let entries = fs::read_dir(folder).ok()?;
    let state = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let state = fs::read_to_string(entry.path().join("operstate")).ok()?;
        Some((name, state.trim().to_string()))
    };
    Some(entries.flatten().filter_map(state).collect())
}
