//! Secrets that were lost with the process, and people at the terminal when it goes on.

use super::death::{Broken, Death, list, of_kind, probes, resume, upto};
use crate::{support::Ceremony, terminal::Person};
use std::fs;

const PASSWORD: &str = "Blaumeisen-fliegen-57";
const WRONG: &str = "Kohlmeisen-singen-58";

const RUNBOOK: &str = "
notation: 1
title: A password
participants:
  administrator: { title: Administrator }
devices:
  HSM: { kind: yubihsm2 }
sections:
  start:
    title: Start
    steps:
      - { do: Insert it., uses: devices.insert, with: { device: HSM } }
      - do: Choose a password.
        id: password
        uses: ask.secret
        with: { prompt: New password, min_length: 16 }
        by: administrator
      - do: Store it.
        uses: yubihsm.put-authentication-key
        with:
          device: HSM
          password: { secret: factory-default }
          object_id: 2
          label: new
          domains: all
          capabilities: all
          delegated: all
          new_password: { secret: password }
      - do: Sit down.
      - do: List what is there.
        id: listed
        uses: yubihsm.list-objects
        with: { device: HSM, authentication_key: 2, password: { secret: password } }
      - end: Over, with {{ listed.count }} objects.
";

fn ceremony() -> Ceremony {
    Ceremony::rehearse(RUNBOOK).answer("start/password", PASSWORD)
}

/// Kills the ceremony when a step begins.
fn broken(step: &str) -> Broken {
    let whole = ceremony().carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "began" && entry["step"] == step);
    Broken::off(ceremony(), Death { lines, bytes: 0 })
}

/// Somebody who goes on with a ceremony at a terminal.
fn returning(broken: &Broken) -> Person {
    let mut command = resume(&broken.folder());
    Person::of(command.arg("--attended"))
}

#[test]
fn a_secret_that_was_lost_is_asked_for_again_and_is_in_no_file() {
    let broken = broken("start/4");
    let mut person = returning(&broken);
    person.sees("Going on after a break").sees("`password` is lost");
    person.answers("Is the last step", "y").sees("Sit down.").answers("Done?", "y");
    // A wrong one fails the step, and is asked for again when it is tried again.
    person.sees("was lost when the ceremony broke off").confides("not shown)", WRONG).confides("The same again", WRONG);
    person.sees("failed:").sees("this is not the password of authentication key 2").sees("What now?");
    person.sees("abort the ceremony").answers("Number", "1");
    person
        .sees("was lost when the ceremony broke off")
        .confides("not shown)", PASSWORD)
        .confides("The same again", PASSWORD);
    person.sees("Over, with 2 objects.");
    let (code, shown) = person.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("Store it."), "what was done before the break is not shown as something to do: {shown}");
    crate::support::replay(&broken.folder(), &["--every-signature"]).holds();
    let mut files = Vec::new();
    list(&broken.folder(), &mut files);
    for secret in [PASSWORD, WRONG] {
        assert!(!shown.contains(secret), "{shown}");
        for file in &files {
            let bytes = fs::read(file).unwrap();
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{}", file.display());
        }
    }
    let asked = of_kind(&broken.folder(), "answered");
    let again: Vec<_> = asked.iter().filter(|entry| entry["body"]["slot"] == "secret/password").collect();
    assert_eq!(again.len(), 2);
    assert!(again.iter().all(|entry| entry["body"].get("answer").is_none()), "{again:?}");
}

#[test]
fn a_secret_that_stored_a_key_just_before_the_break_is_asked_for_when_it_is_looked_at() {
    let whole = ceremony().carry_out().exits(0);
    let seen = |entry: &serde_json::Value| entry["kind"] == "observed" && entry["step"] == "start/3";
    let lines = upto(&whole.folder(), seen);
    let broken = Broken::off(ceremony(), Death { lines, bytes: 20 });
    broken.comes_to_its_end(
        &[("start/password", PASSWORD), ("start/3#secret/password", PASSWORD), ("start/5#secret/password", PASSWORD)],
        &[],
    );
    assert_eq!(probes(&broken.folder()), ["done"]);
}

#[test]
fn a_question_for_a_secret_that_broke_off_is_asked_from_its_beginning() {
    let broken = broken("start/2");
    let mut person = returning(&broken);
    person.answers("Is the last step", "y");
    person.confides("New password", PASSWORD).confides("The same again", PASSWORD);
    person.answers("Carry this out now?", "y").answers("Done?", "y").sees("Over, with 2 objects.");
    let (code, shown) = person.ends();
    assert_eq!(code, Some(0), "{shown}");
    crate::support::replay(&broken.folder(), &["--every-signature"]).holds();
}

#[test]
fn ctrl_c_at_the_head_changes_nothing() {
    let broken = broken("start/4");
    let before = fs::read(broken.folder().join("transcript.jsonl")).unwrap();
    let mut person = returning(&broken);
    person.sees("Is the last step").types("\u{3}");
    let (code, shown) = person.ends();
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("by the keyboard"), "{shown}");
    assert_eq!(fs::read(broken.folder().join("transcript.jsonl")).unwrap(), before);
}

#[test]
fn who_does_not_know_the_head_changes_nothing() {
    let broken = broken("start/4");
    let before = fs::read(broken.folder().join("transcript.jsonl")).unwrap();
    let mut person = returning(&broken);
    person.answers("Is the last step", "n");
    let (code, shown) = person.ends();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("nobody confirmed the head of the record"), "{shown}");
    assert_eq!(fs::read(broken.folder().join("transcript.jsonl")).unwrap(), before);
}

#[test]
fn in_a_narrow_window_the_head_is_all_there() {
    let broken = broken("start/4");
    let mut person = returning(&broken).with_window(40, 20);
    person.answers("Is the last step", "y").answers("Done?", "y");
    person.sees("Enter it again").types("\u{3}");
    let (_, shown) = person.ends();
    let words = of_kind(&broken.folder(), "resumed")[0]["body"]["words"].as_str().unwrap().to_string();
    for word in words.split_whitespace() {
        assert!(shown.contains(word), "{word} is not in {shown}");
    }
}
