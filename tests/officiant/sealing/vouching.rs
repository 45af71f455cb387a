//! Who vouches for a record, and with which key.

use super::support::{
    codes, conducted, done, finds, fingerprint, key, public, refused, rehearsed, replayed_with, seal, sealed, sign,
    trusting,
};
use crate::{forging::forge, support::officiant};
use serde_json::json;

#[test]
fn a_record_whose_required_seal_is_missing_is_intact_and_says_who_is_to_seal() {
    let ceremony = conducted();
    let replayed = ceremony.replay();
    finds(&replayed, &["error[seal-missing]", "warning[unsealed]"]);
    assert_eq!(replayed.report["verdict"], "unsealed");
    assert_eq!(replayed.report["seals"], json!([]));
    let output = officiant().arg("replay").arg(ceremony.folder()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("the record is intact; it is not sealed as its runbook requires\n"), "{said}");
    let next = "error[seal-missing]: the seal of witness is missing, which the runbook requires: `officiant seal DIR --role witness \
                --key KEY`, or without officiant `ssh-keygen -Y sign -f KEY -n officiant-transcript < DIR/transcript.jsonl > \
                DIR/seals/witness.sig`\n";
    assert!(said.contains(next), "{said}");
    sealed(&ceremony, "administrator", "ed25519");
    finds(&ceremony.replay(), &["error[seal-missing]", "warning[seals-not-vouched]"]);
}

#[test]
fn a_seal_of_a_rehearsal_vouches_for_no_ceremony() {
    let ceremony = rehearsed();
    finds(&ceremony.replay(), &["warning[rehearsal]", "warning[seal-missing]", "warning[unsealed]"]);
    sealed(&ceremony, "witness", "ed25519");
    let signers = format!("ada {}", public("ed25519"));
    finds(&replayed_with(&ceremony, &signers), &["warning[rehearsal]", "warning[seal-rehearsal]"]);
    let mut entries = ceremony.entries();
    entries[0]["body"]["rehearsal"] = json!(false);
    ceremony.rewrite(&forge(&mut entries));
    let replayed = replayed_with(&ceremony, &signers);
    replayed.refuses("seal-wrong", "is over no state of this record");
}

#[test]
fn without_trust_nobody_vouches_and_the_keys_are_named() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "p256");
    let replayed = ceremony.replay();
    finds(&replayed, &["warning[seals-not-vouched]"]);
    let message = replayed.report["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains(&format!("witness (ecdsa-sha2-nistp256 {})", fingerprint("p256"))), "{message}");
    let seal = &replayed.report["seals"][0];
    assert_eq!((&seal["vouched"], &seal["principals"]), (&json!(false), &json!([])));
}

#[test]
fn what_is_said_of_a_seal_is_a_row_of_the_report() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let trust = trusting(&format!("ada@example.org {}", public("ed25519")));
    let output = officiant().arg("replay").arg(ceremony.folder()).arg("--trust").arg(trust.path()).output().unwrap();
    let row = format!(
        "  seal        witness  ssh-ed25519 {}, of ada@example.org, over the whole record\n",
        fingerprint("ed25519")
    );
    let said = done(output);
    assert!(said.contains(&row), "{said}");
}

#[test]
fn a_key_that_is_not_trusted_does_not_vouch() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let key = public("ed25519");
    let why = |signers: &str, part: &str| replayed_with(&ceremony, signers).refuses("seal-untrusted", part);
    finds(
        &why(&format!("ada {}", public("other")), "no allowed_signers of yours has it"),
        &["error[seal-untrusted]", "warning[unsealed]"],
    );
    why(&format!("ada namespaces=\"git\" {key}"), "ada has it, and it may be used for `git`");
    why(&format!("ada valid-before=\"20200101Z\" {key}"), "it was valid until 2020-01-01T00:00:00.000Z");
    let replayed = why(&format!("ada cert-authority {key}"), "no allowed_signers of yours has it");
    assert!(codes(&replayed).contains(&"warning[trust]".to_string()));
    finds(&replayed_with(&ceremony, &format!("ada namespaces=\"officiant-*\",valid-after=\"20200101Z\" {key}")), &[]);
}

#[test]
fn a_key_that_is_not_trusted_is_a_warning_where_no_seal_is_required() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    sealed(&ceremony, "administrator", "other");
    let replayed = replayed_with(&ceremony, &format!("ada {}", public("ed25519")));
    finds(&replayed, &["warning[seal-untrusted]"]);
}

#[test]
fn the_key_of_another_participant_does_not_seal_for_a_role() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let signers = format!("administrator {}witness {}", public("ed25519"), public("other"));
    replayed_with(&ceremony, &signers).refuses("seal-role", "was made with the key of administrator");
    finds(&replayed_with(&ceremony, &format!("witness {}", public("ed25519"))), &[]);
}

#[test]
fn two_roles_that_sealed_with_one_key_are_found() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let already = "this key has sealed already, as witness";
    refused(&mut seal(&ceremony, "administrator", key("ed25519")), 1, already);
    sign(&ceremony, "administrator", &key("ed25519"), "officiant-transcript", &[]);
    let replayed = replayed_with(&ceremony, &format!("ada {}", public("ed25519")));
    finds(&replayed, &["warning[seal-shared]"]);
}
