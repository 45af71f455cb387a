//! Changes of a YubiHSM 2 whose answer was lost: who tries again is not stuck, nothing is done twice, and the audit log is accounted
//! for.

use crate::support::{CarriedOut, Ceremony};
use serde_json::Value;

const RUNBOOK: &str = "
notation: 1
title: Lost answers
devices:
  HSM-1: { kind: yubihsm2, rehearse: { serial: 7550054, firmware: \"2.4.0\" } }
sections:
  start:
    title: Start
    steps:
      - { do: Insert it., uses: devices.insert, with: { device: HSM-1 } }
      - { do: Choose a password., id: own, uses: ask.secret, with: { prompt: New password, min_length: 8 } }
      - do: Store an authentication key.
        uses: yubihsm.put-authentication-key
        with:
          device: HSM-1
          password: { secret: factory-default }
          object_id: 2
          label: own
          domains: all
          capabilities: all
          delegated: all
          new_password: { secret: own }
      - do: Generate a key.
        uses: yubihsm.generate-asymmetric-key
        with:
          device: HSM-1
          password: { secret: factory-default }
          object_id: 7
          label: root
          domains: \"1\"
          capabilities: sign-ecdsa
          algorithm: ecp256
      - do: Read the log.
        uses: yubihsm.audit-log
        with: { device: HSM-1, password: { secret: factory-default }, out: first.json }
      - do: Delete the key.
        uses: yubihsm.delete-object
        with: { device: HSM-1, password: { secret: factory-default }, object_id: 7, object_type: asymmetric-key }
      - do: Read the log once more.
        uses: yubihsm.audit-log
        with: { device: HSM-1, password: { secret: factory-default }, out: second.json }
      - end: Done.
";

/// The steps of it.
const PUT: &str = "start/3";
const GENERATE: &str = "start/4";
const DELETE: &str = "start/6";

/// A rehearsal in which answers are lost, or the device is, and the step is tried until it goes on.
fn retried(step: &str, faults: &[&str]) -> CarriedOut {
    let ceremony = Ceremony::rehearse(RUNBOOK).answer("start/own", "an own password");
    let ceremony = faults.iter().fold(ceremony, |it, fault| it.argument("--fault").argument(format!("HSM-1:{fault}")));
    let answers: Vec<&str> = faults.iter().map(|_| "retry").chain(["abort"]).collect();
    ceremony.answers(&format!("{step}#what-now"), &answers).carry_out().exits(0)
}

/// Requires that the step failed in doubt, was found to be `done` or `not-done`, and finished.
#[track_caller]
fn goes_on(step: &str, faults: &[&str], found: &str) {
    let ceremony = retried(step, faults);
    let entries = ceremony.entries();
    let bodies = |kind: &str| -> Vec<&Value> {
        let of_step = entries.iter().filter(|it| it["kind"] == kind && it["step"] == step);
        of_step.map(|it| &it["body"]).collect()
    };
    assert_eq!(bodies("failed")[0]["failure"]["in_doubt"], true, "{faults:?}: {}", ceremony.stderr());
    let probes: Vec<_> = bodies("observed").iter().filter_map(|it| it["probe"].as_str()).collect();
    assert_eq!(probes.last(), Some(&found), "{faults:?}");
    let finished: Vec<_> = bodies("finished").iter().map(|it| it["taken_up"] == true).collect();
    assert_eq!(finished, [found == "done"], "{faults:?}");
    let findings = ceremony.replay();
    let said = findings.report["findings"].to_string();
    assert!(!said.contains("log-missing") && !said.contains("log-unaccounted"), "{faults:?}: {said}");
    findings.holds();
}

#[test]
fn an_authentication_key_that_was_stored_is_not_stored_again() {
    goes_on(PUT, &["after:put-authentication-key:lose-answer"], "done");
    goes_on(PUT, &["after:put-authentication-key:vanish"], "done");
    goes_on(PUT, &["before:put-authentication-key:lose-answer"], "not-done");
    // While it is read back.
    goes_on(PUT, &["before:get-object-info#2:lose-answer"], "done");
}

#[test]
fn a_key_that_was_generated_is_not_generated_again() {
    goes_on(GENERATE, &["after:generate-asymmetric-key:lose-answer"], "done");
    goes_on(GENERATE, &["after:generate-asymmetric-key:power-off"], "done");
    goes_on(GENERATE, &["before:generate-asymmetric-key:vanish"], "not-done");
}

#[test]
fn an_object_that_was_deleted_is_not_looked_for_in_vain() {
    goes_on(DELETE, &["after:delete-object:lose-answer"], "done");
    goes_on(DELETE, &["after:delete-object:vanish"], "done");
    goes_on(DELETE, &["before:delete-object:lose-answer"], "not-done");
}

#[test]
fn a_change_that_is_lost_twice_is_still_found() {
    goes_on(
        GENERATE,
        &["before:generate-asymmetric-key:lose-answer", "after:generate-asymmetric-key:lose-answer"],
        "done",
    );
}

#[test]
fn what_the_device_refused_is_in_no_doubt() {
    let ceremony = retried(GENERATE, &["before:generate-asymmetric-key:error"]);
    let entries = ceremony.entries();
    let failed = entries.iter().find(|it| it["kind"] == "failed").unwrap();
    assert_eq!(failed["body"]["failure"].get("in_doubt"), None);
    assert!(entries.iter().all(|it| it["body"].get("probe").is_none()));
    ceremony.replay().holds();
}
