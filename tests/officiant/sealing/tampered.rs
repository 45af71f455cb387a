//! Records and seals that somebody changed.

use super::support::{codes, conducted, finds, key, public, replayed_with, sealed, sign};
use crate::forging::forge;
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt};
use tempfile::TempDir;

#[test]
fn a_record_that_was_signed_anew_does_not_fit_its_seal() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    ceremony.rewrite(&forge(&mut ceremony.entries()));
    let replayed = ceremony.replay();
    finds(&replayed, &["error[seal-wrong]", "warning[unsealed]"]);
    assert_eq!(replayed.report["seals"][0]["covers"], "nothing");
}

#[test]
fn a_seal_over_an_older_head_names_the_line() {
    for (role, finding) in [("witness", "error[seal-older]"), ("administrator", "warning[seal-older]")] {
        let ceremony = conducted();
        if role == "administrator" {
            sealed(&ceremony, "witness", "other");
        }
        let lines = ceremony.lines();
        ceremony.rewrite(&lines[..4]);
        sign(&ceremony, role, &key("rsa"), "officiant-transcript", &[]);
        ceremony.rewrite(&lines);
        let replayed = ceremony.replay();
        assert!(codes(&replayed).contains(&finding.to_string()), "{:?}", codes(&replayed));
        let found = replayed.report["findings"].as_array().unwrap();
        let found = found.iter().find(|it| it["code"] == "seal-older").unwrap();
        assert_eq!(found["line"], 4);
        let seals = replayed.report["seals"].as_array().unwrap();
        assert_eq!(seals.iter().find(|seal| seal["role"] == role).unwrap()["covers"], json!({ "line": 4 }));
    }
}

#[test]
fn a_line_that_was_added_or_torn_after_the_seal_is_found() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let count = ceremony.lines().len();
    let path = ceremony.folder().join("transcript.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}{{\"at\"")).unwrap();
    ceremony.replay().refuses("seal-older", &format!("up to line {count}")).refuses("torn", "never finished");
}

#[test]
fn a_seal_by_the_session_key_is_refused() {
    let ceremony = conducted();
    let mut entries = ceremony.entries();
    ceremony.rewrite(&forge(&mut entries));
    // The key that `forge` signs with, as OpenSSH has it.
    let pair = ssh_key::private::Ed25519Keypair::from_seed(&[7; 32]);
    let private = ssh_key::PrivateKey::from(pair).to_openssh(ssh_key::LineEnding::LF).unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("session");
    fs::write(&path, private.as_bytes()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    sign(&ceremony, "witness", &path, "officiant-transcript", &[]);
    let replayed = ceremony.replay().refuses("seal-session-key", "the session key of the record itself");
    assert_eq!(replayed.report["seals"][0]["vouched"], false);
}

#[test]
fn what_was_made_for_something_else_is_no_seal() {
    let ceremony = conducted();
    sign(&ceremony, "witness", &key("ed25519"), "git", &[]);
    ceremony.replay().refuses("seal-wrong", "it was made for `git`");
    sign(&ceremony, "witness", &key("short"), "officiant-transcript", &[]);
    ceremony.replay().refuses("seal-wrong", "an RSA key has 2048 to 4096 bits here, this one has 1024");
    let seal = ceremony.folder().join("seals/witness.sig");
    fs::write(&seal, "-----BEGIN SSH SIGNATURE-----").unwrap();
    ceremony.replay().refuses("seal-wrong", "it is no SSH signature as `ssh-keygen -Y sign` makes it");
    fs::write(&seal, "x".repeat(70_000)).unwrap();
    ceremony.replay().refuses("seal-wrong", "no seal has more than 65536");
}

#[test]
fn every_byte_of_a_seal_counts() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let path = ceremony.folder().join("seals/witness.sig");
    let armored = fs::read_to_string(&path).unwrap();
    let body: Vec<&str> = armored.lines().filter(|line| !line.starts_with('-')).collect();
    let mut changed = 0;
    for at in (0..body.concat().len()).step_by(7) {
        let mut digits: Vec<char> = body.concat().chars().collect();
        digits[at] = if digits[at] == 'A' { 'B' } else { 'A' };
        let digits: String = digits.into_iter().collect();
        fs::write(&path, format!("-----BEGIN SSH SIGNATURE-----\n{digits}\n-----END SSH SIGNATURE-----\n")).unwrap();
        let replayed = ceremony.replay();
        assert!(codes(&replayed).contains(&"error[seal-wrong]".to_string()), "{at}: {:?}", codes(&replayed));
        changed += 1;
    }
    assert!(changed > 30);
}

#[test]
fn what_else_lies_among_the_seals_is_named() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let seals = ceremony.folder().join("seals");
    fs::copy(seals.join("witness.sig"), seals.join("withness.sig")).unwrap();
    fs::write(seals.join("notes.txt"), "").unwrap();
    fs::create_dir(seals.join("administrator.sig")).unwrap();
    ceremony
        .replay()
        .refuses(
            "seal-role",
            "`seals/withness.sig` is a seal of `withness`, who takes no part; did they mean `witness`?",
        )
        .refuses("file-unknown", "`seals/notes.txt` is no seal")
        .refuses("file-unknown", "`seals/administrator.sig` is no seal");
}

#[test]
fn a_list_of_keys_that_names_another_is_found() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let line = format!("witness {}", public("other"));
    fs::write(ceremony.folder().join("seals/allowed_signers"), line).unwrap();
    let replayed = replayed_with(&ceremony, &format!("ada {}", public("ed25519")));
    finds(&replayed, &["warning[seal-signers]"]);
}
