//! The machine that a ceremony is carried out on.

mod offline;

use officiant_engine::{conduct::Registry, record::HostFacts};
use std::{collections::BTreeMap, fs, path::Path};

pub(crate) fn register(registry: Registry) -> Registry {
    registry.with(offline::Offline)
}

/// What the record says of this machine.
#[must_use]
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
    let state = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let state = fs::read_to_string(entry.path().join("operstate")).ok()?;
        Some((name, state.trim().to_string()))
    };
    Some(fs::read_dir(folder).ok()?.flatten().filter_map(state).collect())
}
