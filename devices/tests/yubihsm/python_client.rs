//! The vendor's own client, `python-yubihsm`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use officiant_devices::yubihsm::Ed25519Attestation;

use crate::support::Bench;

/// The Python that has the packages of `tests/peers/requirements.txt`; `None` if there is none.
///
/// # Panics
/// If there is none and `CI` is set.
fn python() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let default = || workspace.join(".tools/peers");
    let python = std::env::var_os("OFFICIANT_PEERS_VENV").map_or_else(default, PathBuf::from).join("bin/python");
    if python.exists() {
        return Some(python);
    }
    let reason = format!(
        "{} is not there; make a virtual environment with tests/peers/requirements.txt, and set OFFICIANT_PEERS_VENV to \
         it",
        python.display()
    );
    assert!(std::env::var_os("CI").is_none(), "{reason}");
    eprintln!("skipped: {reason}");
    None
}

fn run(arguments: &[&str], bench: &Bench) {
    let Some(python) = python() else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/peers/yubihsm_client.py");
    let output = Command::new(python).arg(script).arg(bench.connector.url()).args(arguments).output().unwrap();
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{errors}");
    print!("{out}");
}

#[test]
fn the_vendors_python_client_conducts_a_ceremony_on_it() {
    run(&[], &Bench::new());
}

#[test]
fn the_vendors_python_client_reads_the_attestation_of_an_ed25519_key() {
    let attested = Bench::with(|settings| settings.ed25519_attestation = Ed25519Attestation::Attested);
    run(&["--ed25519-attested"], &attested);
}
