//! Keys of RSA-PSS: repositories that python-tuf makes and signs.

use super::repository::{AT, verify};
use crate::yubikeys::support::path_of;
use serde_json::{Value, json};
use std::{env, fs, path::PathBuf, process::Command};
use tempfile::TempDir;

/// A repository with two keys of so many bits; nothing where python-tuf is not installed, which it must be where `CI` is set.
fn repository(bits: u32) -> Option<(TempDir, PathBuf)> {
    let python = path_of("python").filter(|python| {
        Command::new(python).args(["-c", "import tuf"]).output().is_ok_and(|output| output.status.success())
    });
    let Some(python) = python else {
        assert!(env::var_os("CI").is_none(), "python-tuf is not installed: make peers");
        eprintln!("skipped: python-tuf is not installed: make peers");
        return None;
    };
    let folder = TempDir::new().unwrap();
    let metadata = folder.path().join("metadata");
    fs::create_dir(&metadata).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/tuf_rsa.py");
    let output = Command::new(python).arg(script).arg(&metadata).arg(bits.to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some((folder, metadata))
}

#[test]
fn signatures_of_rsa_pss_verify_and_changed_ones_do_not() {
    let Some((folder, metadata)) = repository(2048) else { return };
    let outputs = verify(folder.path(), &[AT]).holds();
    assert_eq!(outputs["findings"], json!([]));
    for role in outputs["roles"].as_array().unwrap() {
        assert_eq!(role["signed_by"].as_array().unwrap().len(), 2, "{role}");
    }
    let path = metadata.join("1.targets.json");
    let genuine: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let signature = |at: usize| genuine["signatures"][at]["sig"].as_str().unwrap().to_string();
    let mut bit = hex::decode(signature(1)).unwrap();
    bit[100] ^= 1;
    let others = [hex::encode(bit), signature(0), format!("00{}", signature(1)), signature(1)[2..].to_string()];
    for other in others {
        let mut forged = genuine.clone();
        forged["signatures"][1]["sig"] = other.into();
        fs::write(&path, forged.to_string()).unwrap();
        verify(folder.path(), &[AT]).refused("another signature", "`1.targets.json`: 1 of the 2 keys");
    }
}

#[test]
fn a_key_of_rsa_that_can_be_broken_counts_for_nothing() {
    let Some((folder, _)) = repository(1024) else { return };
    let said = verify(folder.path(), &[AT]);
    said.refused("1024 bits", "1.root.json");
}
