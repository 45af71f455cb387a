//! A step that was in flight: it was done, it was not, nobody can tell, or nobody can look.

use super::death::{Broken, Death, Outcome, entries, of_kind, probes, upto};
use crate::support::Ceremony;
use serde_json::Value;
use std::fs;

const RUNBOOK: &str = "
notation: 1
title: A key
participants:
  holder: { title: Key holder }
devices:
  HSM: { kind: yubihsm2, rehearse: { serial: 7550054 } }
sections:
  start:
    title: Start
    steps:
      - { do: Insert it., uses: devices.insert, with: { device: HSM, alone: true } }
      - do: Generate a key.
        id: made
        uses: yubihsm.generate-asymmetric-key
        with:
          device: HSM
          password: { secret: factory-default }
          object_id: 7
          label: ours
          domains: '1'
          capabilities: sign-ecdsa
          algorithm: ecp256
      - do: Export its public key.
        uses: yubihsm.get-public-key
        with: { device: HSM, password: { secret: factory-default }, object_id: 7, out: key.pem }
      - end: Key {{ made.object_id }} is there.
";

const PROGRAM: &str = "
notation: 1
title: A program
participants:
  witness: { title: Witness }
deviations: { approved_by: [witness] }
sections:
  start:
    title: Start
    steps:
      - { do: Write a line., uses: exec.run, with: { command: [sh, -c, 'echo x >> ../ran'] } }
      - end: Over.
";

fn key() -> Ceremony {
    Ceremony::rehearse(RUNBOOK)
}

/// How many lines there are when the device's answer to the generation would be next.
fn generating() -> (usize, Outcome) {
    let whole = key().carry_out().exits(0);
    let seen = |entry: &Value| entry["kind"] == "observed" && entry["step"] == "start/2";
    (upto(&whole.folder(), seen), Outcome::of(&whole.folder()))
}

/// Requires that the key was generated once, and says whether that was taken up after the break.
#[track_caller]
fn generated_once(broken: &Broken) -> bool {
    let (_, whole) = generating();
    let outcome = Outcome::of(&broken.folder());
    assert_eq!((&outcome.devices, &outcome.products), (&whole.devices, &whole.products));
    let mut made = of_kind(&broken.folder(), "finished");
    made.retain(|entry| entry["step"] == "start/2");
    assert_eq!(made.len(), 1);
    made[0]["body"]["taken_up"] == true
}

#[test]
fn a_key_that_was_generated_just_before_the_break_is_taken_up() {
    let (lines, _) = generating();
    let broken = Broken::off(key(), Death { lines, bytes: 30 });
    let said = broken.comes_to_its_end(&[], &[]);
    assert!(said.contains("in flight start/2: Generate a key. — the go-ahead was given"), "{said}");
    assert!(said.contains("it was done before the ceremony broke off"), "{said}");
    assert!(
        said.contains("torn line 30 bytes of an entry that was never finished; they are moved to evidence/"),
        "{said}"
    );
    assert_eq!(probes(&broken.folder()), ["done"]);
    assert!(generated_once(&broken));
}

#[test]
fn a_key_that_was_not_generated_before_the_break_is_generated() {
    let (lines, _) = generating();
    let broken = Broken::off(key(), Death { lines, bytes: 0 });
    let said = broken.comes_to_its_end(&[], &[]);
    assert!(said.contains("it was not done before the ceremony broke off"), "{said}");
    assert_eq!(probes(&broken.folder()), ["not-done"]);
    assert!(!generated_once(&broken));
}

#[test]
fn a_go_ahead_alone_is_no_key() {
    let (lines, _) = generating();
    // Before the ID was seen to be free nothing was sent.
    let broken = Broken::off(key(), Death { lines: lines - 1, bytes: 0 });
    broken.comes_to_its_end(&[], &[]);
    assert_eq!(probes(&broken.folder()), ["not-done"]);
    assert!(!generated_once(&broken));
}

#[test]
fn a_key_whose_answer_never_arrived_is_taken_up_once_the_device_is_back() {
    let (lines, _) = generating();
    for effect in ["lose-answer", "vanish", "power-off"] {
        let fault = format!("HSM:after:generate-asymmetric-key:{effect}");
        let ceremony = key().argument("--fault").argument(fault);
        let broken = Broken::off(ceremony, Death { lines, bytes: 60 });
        let is_gone = effect != "lose-answer";
        let answers: &[_] = if is_gone { &[("start/2#what-now", "retry")] } else { &[] };
        broken.comes_to_its_end(answers, &[]);
        // A device that is not plugged in cannot be looked at; it is looked at again when the people try again.
        let expected: &[&str] = if is_gone { &["failed", "done"] } else { &["done"] };
        assert_eq!(probes(&broken.folder()), expected, "{effect}");
        assert!(generated_once(&broken), "{effect}");
        let failed = of_kind(&broken.folder(), "failed");
        assert_eq!(failed.len(), usize::from(is_gone), "{effect}");
    }
}

#[test]
fn a_key_that_was_never_asked_for_because_the_device_went_is_generated_once_it_is_back() {
    let (lines, _) = generating();
    for effect in ["vanish", "power-off"] {
        let fault = format!("HSM:before:generate-asymmetric-key:{effect}");
        let broken = Broken::off(key().argument("--fault").argument(fault), Death { lines, bytes: 60 });
        broken.comes_to_its_end(&[("start/2#what-now", "retry")], &[]);
        assert_eq!(probes(&broken.folder()), ["failed", "not-done"], "{effect}");
        assert!(!generated_once(&broken), "{effect}");
    }
}

#[test]
fn a_break_between_looking_and_looking_again_changes_nothing() {
    let (lines, _) = generating();
    let fault = "HSM:after:generate-asymmetric-key:vanish";
    let broken = Broken::off(key().argument("--fault").argument(fault), Death { lines, bytes: 60 });
    let answers = [("start/2#what-now", "retry")];
    // `resumed`, the failed look, `failed`, the choice, `retried`, the go-ahead, the look that finds it, and what follows.
    for more in 2..8 {
        let mut command = broken.command(&answers);
        let output = super::death::doomed(&mut command, Death { lines: more, bytes: 0 }).output().unwrap();
        if !super::death::was_killed(&output) {
            break;
        }
    }
    if entries(&broken.folder()).last().unwrap()["kind"] != "ended" {
        broken.comes_to_its_end(&answers, &[]);
    }
    assert!(generated_once(&broken));
}

/// A program that may have run, or not.
fn program() -> Broken {
    let ceremony = Ceremony::rehearse(PROGRAM).argument("--outside");
    let lines = 4;
    let broken = Broken::off(ceremony, Death { lines, bytes: 10 });
    assert_eq!(fs::read_to_string(broken.path("ran")).unwrap(), "x\n");
    broken
}

#[test]
fn where_nobody_can_tell_the_people_may_carry_it_out_again() {
    let broken = program();
    broken.comes_to_its_end(&[("start/1#what-now", "retry")], &["--outside"]);
    assert_eq!(probes(&broken.folder()), ["unknown"]);
    assert_eq!(fs::read_to_string(broken.path("ran")).unwrap(), "x\nx\n");
    let failed = of_kind(&broken.folder(), "failed");
    assert_eq!(failed[0]["body"]["failure"]["code"], "interrupted");
    let kinds: Vec<String> =
        entries(&broken.folder()).iter().map(|entry| entry["kind"].as_str().unwrap().into()).collect();
    assert!(kinds.contains(&"retried".to_string()), "{kinds:?}");
}

#[test]
fn where_nobody_can_tell_the_people_may_go_on_without_it_and_the_record_says_so() {
    let broken = program();
    let answers = [("start/1#what-now", "deviate"), ("start/1#reason", "The line is there.")];
    let said = broken.comes_to_its_end(&answers, &["--outside"]);
    assert!(said.contains("nobody can tell whether this was done before the ceremony broke off"), "{said}");
    assert_eq!(fs::read_to_string(broken.path("ran")).unwrap(), "x\n");
    let deviated = of_kind(&broken.folder(), "deviated");
    assert_eq!(deviated[0]["body"]["reason"], "The line is there.");
}

#[test]
fn without_people_a_program_that_may_have_run_is_not_run_again() {
    let broken = program();
    let output = broken.goes_on(&[], &["--outside"]);
    assert_ne!(output.status.code(), Some(0));
    assert_eq!(fs::read_to_string(broken.path("ran")).unwrap(), "x\n");
}
