//! Seals that are made, and that `ssh-keygen` accepts.

use super::support::{
    RUNBOOK, conducted, done, finds, fingerprint, key, public, refused, replayed_with, seal, sealed, sign,
    ssh_keygen_accepts,
};
use crate::support::Ceremony;
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

#[test]
fn a_seal_by_a_key_file_is_accepted_by_ssh_keygen_and_by_replay() {
    for (name, key_type) in [
        ("ed25519", "ssh-ed25519"),
        ("p256", "ecdsa-sha2-nistp256"),
        ("p384", "ecdsa-sha2-nistp384"),
        ("p521", "ecdsa-sha2-nistp521"),
        ("rsa", "ssh-rsa"),
    ] {
        let ceremony = conducted();
        ssh_keygen_accepts(&sealed(&ceremony, "witness", name));
        let replayed = replayed_with(&ceremony, &format!("ada@example.org {}", public(name)));
        finds(&replayed, &[]);
        let seal = json!({
            "role": "witness",
            "key_type": key_type,
            "fingerprint": fingerprint(name),
            "principals": ["ada@example.org"],
            "vouched": true,
            "covers": "whole",
        });
        assert_eq!(replayed.report["seals"], json!([seal]));
    }
}

#[test]
fn a_seal_by_ssh_keygen_alone_is_accepted() {
    for name in ["ed25519", "p256", "p384", "p521", "rsa"] {
        for hash in ["sha512", "sha256"] {
            let ceremony = conducted();
            sign(&ceremony, "witness", &key(name), "officiant-transcript", &["-O", &format!("hashalg={hash}")]);
            finds(&replayed_with(&ceremony, &format!("ada {}", public(name))), &[]);
        }
    }
}

#[test]
fn the_command_in_the_readme_makes_a_seal() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let line = readme.lines().find(|line| line.contains("ssh-keygen -Y sign")).unwrap().trim();
    let ceremony = conducted();
    let command = line.replace("DIR/", &format!("{}/", ceremony.folder().display()));
    let command = command.replace("KEY", key("ed25519").to_str().unwrap()).replace("ROLE", "witness");
    assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success(), "{command}");
    finds(&replayed_with(&ceremony, &format!("ada {}", public("ed25519"))), &[]);
}

#[test]
fn seals_are_made_new_and_nothing_of_another_role_is_lost() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let printed = sealed(&ceremony, "administrator", "p384");
    let seals = ceremony.folder().join("seals");
    let signers = fs::read_to_string(seals.join("allowed_signers")).unwrap();
    let words = |line: &str| line.split(' ').take(3).map(str::to_string).collect::<Vec<_>>();
    let lines: Vec<_> = signers.lines().map(words).collect();
    let namespace = "namespaces=\"officiant-transcript\"";
    assert_eq!(lines, [["witness", namespace, "ssh-ed25519"], ["administrator", namespace, "ecdsa-sha2-nistp384"]]);
    for name in ["witness.sig", "administrator.sig", "allowed_signers"] {
        assert_eq!(fs::metadata(seals.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    ssh_keygen_accepts(&printed);
    let before = fs::read(seals.join("witness.sig")).unwrap();
    let again = "error: `seals/witness.sig` is there already, over the whole record, and nothing is ever replaced";
    refused(&mut seal(&ceremony, "witness", key("other")), 1, again);
    assert_eq!(fs::read(seals.join("witness.sig")).unwrap(), before);
}

#[test]
fn an_aborted_ceremony_may_be_sealed() {
    let ceremony = Ceremony::run(RUNBOOK)
        .answer("start/1", "no")
        .answer("start/1#what-now", "abort")
        .answer("start/1#reason", "There is no candle.")
        .carry_out()
        .exits(1);
    let output = seal(&ceremony, "witness", key("ed25519")).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("ABORTED"), "{output:?}");
    ssh_keygen_accepts(&done(output));
    let replayed = replayed_with(&ceremony, &format!("ada {}", public("ed25519")));
    finds(&replayed, &["error[aborted]"]);
    assert_eq!(replayed.report["verdict"], "aborted");
}
