//! The machine that a ceremony is carried out on.

pub mod clock;
mod offline;

use officiant_engine::{conduct::Registry, record::HostFacts};
use std::{collections::BTreeMap, fs, path::Path};

pub(crate) fn register(registry: Registry) -> Registry {
    registry.with(clock::Clock).with(offline::Offline)
}

/// What the record says of this machine.
#[must_use]
pub fn facts() -> HostFacts {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|release| release.trim().to_string());
    HostFacts {
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        kernel,
        machine: machine(),
        interfaces: interfaces(Path::new("/sys/class/net")),
    }
}

/// What the firmware calls this machine.
fn machine() -> Option<String> {
    let line = |path: &str| {
        let text = fs::read_to_string(path).ok()?;
        let plain: String = text.chars().filter(|character| !character.is_control()).take(80).collect();
        Some(plain.trim().to_string()).filter(|plain| !plain.is_empty())
    };
    let parts = [line("/sys/class/dmi/id/sys_vendor"), line("/sys/class/dmi/id/product_name")];
    let named = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some(named).filter(|named| !named.is_empty()).or_else(|| line("/proc/device-tree/model"))
}

/// The network interfaces and their operational state, as the kernel tells it (`/sys/class/net/*/operstate`); `unreadable` where
/// it does not. `None` when it cannot be told which there are.
fn interfaces(folder: &Path) -> Option<BTreeMap<String, String>> {
    let mut interfaces = BTreeMap::new();
    for entry in fs::read_dir(folder).ok()? {
        let path = entry.ok()?.path();
        // Beside the interfaces, which are folders, the kernel has a file here that lists those of `bonding`.
        if path.metadata().is_ok_and(|metadata| !metadata.is_dir()) {
            continue;
        }
        let name = path.file_name()?.to_string_lossy().into_owned();
        let state = fs::read_to_string(path.join("operstate"));
        interfaces.insert(name, state.map_or_else(|_| "unreadable".to_string(), |state| state.trim().to_string()));
    }
    Some(interfaces)
}

#[cfg(test)]
mod tests {
    use super::interfaces;
    use std::fs;

    #[test]
    fn an_interface_whose_state_cannot_be_read_is_among_them() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["eth0", "lo", "ppp0", "wlan0"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("bonding_masters"), "").unwrap();
        fs::write(folder.path().join("eth0/operstate"), "down\n").unwrap();
        fs::write(folder.path().join("lo/operstate"), "unknown\n").unwrap();
        fs::write(folder.path().join("wlan0/operstate"), b"\xff\n").unwrap();
        let found = interfaces(folder.path()).unwrap();
        let found: Vec<_> = found.iter().map(|(name, state)| (name.as_str(), state.as_str())).collect();
        assert_eq!(found, [("eth0", "down"), ("lo", "unknown"), ("ppp0", "unreadable"), ("wlan0", "unreadable")]);
    }

    #[test]
    fn a_system_that_does_not_tell_its_interfaces_is_not_one_without_any() {
        assert_eq!(interfaces(&tempfile::tempdir().unwrap().path().join("net")), None);
    }
}
