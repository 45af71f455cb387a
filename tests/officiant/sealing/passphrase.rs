//! Key files with a passphrase.

use super::{
    at_terminal::AtTerminal,
    support::{conducted, finds, refused, replayed_with, seal},
};
use std::{fs, path::PathBuf, process::Command};
use tempfile::TempDir;

/// Nothing else looks like these.
pub const PASSPHRASE: &str = "Sperber? tell \"nobody\"";

const WRONG: &str = "Habicht & Sperling";

fn encrypted(passphrase: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("encrypted");
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-a", "2", "-C", "encrypted", "-N", passphrase, "-f"]).arg(&path);
    assert!(command.status().unwrap().success());
    (folder, path)
}

#[test]
fn an_encrypted_key_file_asks_for_its_passphrase_and_a_person_for_the_go_ahead() {
    let (_folder, path) = encrypted(PASSPHRASE);
    let ceremony = conducted();
    let mut person = AtTerminal::seals(&ceremony, path.as_os_str(), &[]);
    person.confides("Passphrase of", WRONG).confides("This is not its passphrase", PASSPHRASE);
    person.answers("Seal this record now?", "no");
    assert!(person.rest().contains("nothing was sealed"));
    assert!(!ceremony.folder().join("seals/witness.sig").exists());

    let mut person = AtTerminal::seals(&ceremony, path.as_os_str(), &[]);
    person.confides("Passphrase of", PASSPHRASE);
    // As at the ceremony's end, numbered, so that they can be compared with what was written down.
    person.sees("The words of the whole record; compare them with paper or film:").sees(" 1 ").sees(" 32 ");
    person.answers("Seal this record now?", "yes");
    let said = person.rest();
    assert!(said.contains("sealed by witness with ssh-ed25519 SHA256:"), "{said}");
    let public = fs::read_to_string(path.with_extension("pub")).unwrap();
    finds(&replayed_with(&ceremony, &format!("ada {public}")), &[]);
}

#[test]
fn a_passphrase_is_not_asked_for_without_a_terminal() {
    let (_folder, path) = encrypted(PASSPHRASE);
    let ceremony = conducted();
    refused(&mut seal(&ceremony, "witness", &path), 2, "it is asked for at a terminal and taken from nowhere else");
}
