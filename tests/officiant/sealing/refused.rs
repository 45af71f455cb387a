//! What is not sealed, and what does not seal.

use super::support::{RUNBOOK, conducted, key, refused, seal, sealed};
use crate::support::officiant;
use std::fs;
use tempfile::TempDir;

#[test]
fn a_record_that_does_not_hold_or_is_not_over_is_not_sealed() {
    let ceremony = conducted();
    let lines = ceremony.lines();
    ceremony.rewrite(&lines[..lines.len() - 1]);
    refused(&mut seal(&ceremony, "witness", key("ed25519")), 1, "the ceremony is not over");
    let mut changed = lines.clone();
    let sentence = changed.iter_mut().find(|line| line.contains("Light")).unwrap();
    *sentence = sentence.replace("Light", "Fight");
    ceremony.rewrite(&changed);
    refused(&mut seal(&ceremony, "witness", key("ed25519")), 1, "the record does not hold, and was not sealed");
    assert_eq!(fs::read_dir(ceremony.folder().join("seals")).unwrap().count(), 0);
    ceremony.rewrite(&lines);
    sealed(&ceremony, "witness", "ed25519");
}

#[test]
fn what_cannot_seal_is_said_with_what_to_do() {
    let ceremony = conducted();
    for (role, key, part) in [
        (
            "withness",
            "x",
            "the runbook has no participant `withness`, it has administrator, witness; did you mean `witness`?",
        ),
        ("witness", "/nowhere/key", "`/nowhere/key` cannot be read"),
        ("witness", "piv:9b", "`9b` is no slot for a key: those are 9a, 9c, 9d, 9e, and 82 to 95"),
        ("witness", "yubihsm:0", "`0` is no object ID"),
        ("witness", "yubihsm:7", "it is asked for at a terminal and taken from nowhere else"),
        ("witness", key("short").to_str().unwrap(), "an RSA key has 2048 to 4096 bits here, this one has 1024"),
        ("witness", key("ed25519.pub").to_str().unwrap(), "there is no ssh-agent"),
    ] {
        refused(seal(&ceremony, role, key).env_remove("SSH_AUTH_SOCK"), 2, part);
    }
    let mut unasked = officiant();
    unasked.arg("seal").arg(ceremony.folder()).args(["--role", "witness", "--key"]).arg(key("ed25519"));
    refused(&mut unasked, 2, "say --yes where there is no terminal");
    assert_eq!(fs::read_dir(ceremony.folder().join("seals")).unwrap().count(), 0);
}

#[test]
fn the_word_after_seal_is_required_or_optional() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("runbook.yaml");
    fs::write(&path, RUNBOOK.replace("seal: required", "seal: requird")).unwrap();
    let output = officiant().arg("check").arg(&path).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("`requird` is no `seal`") && said.contains("required"), "{said}");
}
