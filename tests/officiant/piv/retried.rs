//! Changes whose answer was lost: who tries again is not stuck, and nothing is done twice.

use super::support::{PIN, runbook};
use crate::{
    cards::has_readers,
    forger::{Forger, errors},
    support::{CarriedOut, Ceremony},
};
use serde_json::Value;

const STEPS: &str = "
      - { do: Insert it., uses: devices.insert, with: { device: KEY-1 } }
      - { do: Choose a PIN., id: pin, uses: ask.secret, with: { prompt: New PIN, min_length: 6 } }
      - { do: Choose a PUK., id: puk, uses: ask.secret, with: { prompt: New PUK, min_length: 6 } }
      - do: Change the PIN.
        uses: piv.change-pin
        with: { device: KEY-1, pin: { secret: factory-default }, new_pin: { secret: pin } }
      - do: Change the PUK.
        uses: piv.change-puk
        with: { device: KEY-1, puk: { secret: factory-default }, new_puk: { secret: puk } }
      - do: Set the management key.
        uses: piv.set-management-key
        with: { device: KEY-1, management_key: { secret: factory-default }, pin: { secret: pin }, keep: protected }
      - do: Generate the key.
        uses: piv.generate-key
        with:
          device: KEY-1
          management_key: { secret: protected }
          pin: { secret: pin }
          slot: 9c
          algorithm: ECCP256
          out: key.pem
      - do: Make the certificate.
        uses: piv.self-sign-certificate
        with:
          device: KEY-1
          management_key: { secret: protected }
          pin: { secret: pin }
          slot: 9c
          subject: CN=TUF key
          days: 365
          out: certificate.pem
      - do: Attest it.
        uses: piv.attest
        with: { device: KEY-1, slot: 9c, out: attestation.pem, certificate_out: f9.pem }
      - do: Look at it.
        id: info
        uses: piv.device-info
        with: { device: KEY-1 }
        expect: [{ that: info.pin.tries == 3 and info.puk.tries == 3 }]
      - { do: Reset it., uses: piv.reset, with: { device: KEY-1 } }
";

/// The steps of it.
const CHANGE_PIN: &str = "start/4";
const CHANGE_PUK: &str = "start/5";
const SET_MANAGEMENT_KEY: &str = "start/6";
const GENERATE: &str = "start/7";
const CERTIFY: &str = "start/8";
const RESET: &str = "start/11";

/// A rehearsal in which one answer is lost, or the card pulled out, and the step is tried once more.
fn retried(step: &str, fault: &str) -> CarriedOut {
    let ceremony = Ceremony::rehearse(&runbook(STEPS)).argument("--fault").argument(format!("KEY-1:{fault}"));
    let ceremony = ceremony.answer("start/pin", PIN).answer("start/puk", "97531864");
    ceremony.answers(&format!("{step}#what-now"), &["retry", "abort"]).carry_out().exits(0)
}

/// Requires that the step failed once, was found to be `done` or `not-done`, and then finished.
#[track_caller]
fn goes_on(step: &str, fault: &str, found: &str) {
    let ceremony = retried(step, fault);
    let entries = ceremony.entries();
    let bodies = |kind: &str| -> Vec<&Value> {
        let of_step = entries.iter().filter(|it| it["kind"] == kind && it["step"] == step);
        of_step.map(|it| &it["body"]).collect()
    };
    let failures: Vec<_> = bodies("failed").iter().map(|it| it["failure"]["in_doubt"] == true).collect();
    assert_eq!(failures, [true], "{fault}: {}", ceremony.stderr());
    let probes: Vec<_> = bodies("observed").iter().filter_map(|it| it["probe"].as_str()).collect();
    assert_eq!(probes, [found], "{fault}");
    let finished: Vec<_> = bodies("finished").iter().map(|it| it["taken_up"] == true).collect();
    assert_eq!(finished, [found == "done"], "{fault}");
    let said = if found == "done" { "it was done at the try before" } else { "it was not done at the try before" };
    ceremony.mentions(said).replay().holds();
}

#[test]
fn a_pin_and_a_puk_that_were_changed_are_found_to_be_so() {
    if !has_readers() {
        return;
    }
    for effect in ["lose-answer", "vanish"] {
        goes_on(CHANGE_PIN, &format!("after:change-reference-data:{effect}"), "done");
        goes_on(CHANGE_PUK, &format!("after:change-reference-data#2:{effect}"), "done");
    }
    goes_on(CHANGE_PIN, "before:change-reference-data:vanish", "not-done");
}

#[test]
fn a_management_key_that_was_set_is_found_under_the_pin() {
    if !has_readers() {
        return;
    }
    goes_on(SET_MANAGEMENT_KEY, "after:set-management-key:lose-answer", "done");
    goes_on(SET_MANAGEMENT_KEY, "after:set-management-key:vanish", "done");
    goes_on(SET_MANAGEMENT_KEY, "before:set-management-key:vanish", "not-done");
    // Right before it is set, and right after it.
    goes_on(SET_MANAGEMENT_KEY, "after:put-data:lose-answer", "not-done");
    goes_on(SET_MANAGEMENT_KEY, "after:put-data#2:lose-answer", "done");
}

#[test]
fn a_key_that_was_generated_is_not_generated_again() {
    if !has_readers() {
        return;
    }
    goes_on(GENERATE, "after:generate-asymmetric-key-pair:lose-answer", "done");
    goes_on(GENERATE, "after:generate-asymmetric-key-pair:power-off", "done");
    goes_on(GENERATE, "before:generate-asymmetric-key-pair:lose-answer", "not-done");
}

#[test]
fn a_certificate_that_was_stored_is_taken_up() {
    if !has_readers() {
        return;
    }
    goes_on(CERTIFY, "after:put-data#3:lose-answer", "done");
    goes_on(CERTIFY, "before:put-data#3:vanish", "not-done");
}

#[test]
fn a_device_that_was_reset_is_not_reset_again() {
    if !has_readers() {
        return;
    }
    goes_on(RESET, "after:reset:lose-answer", "done");
    goes_on(RESET, "before:reset:lose-answer", "not-done");
}

#[test]
fn a_record_in_which_nobody_looked_before_trying_again_is_refused() {
    if !has_readers() {
        return;
    }
    let ceremony = retried(GENERATE, "after:generate-asymmetric-key-pair:lose-answer");
    let forger = Forger::on(&ceremony.folder());
    let entries = ceremony.entries();
    assert!(forger.replay(entries.clone().into()).holds);
    let probe = entries.iter().position(|it| it["body"]["probe"] == "done").unwrap();
    let mut unseen = entries.clone();
    unseen.remove(probe);
    let said = errors(&forger.replay(unseen.into())).join("\n");
    assert!(said.contains("nobody looked whether it was done"), "{said}");
    // Nor is one believed that looked where nothing was in doubt.
    let mut certain = entries;
    let failed = certain.iter_mut().find(|it| it["kind"] == "failed").unwrap();
    failed["body"]["failure"].as_object_mut().unwrap().remove("in_doubt");
    let said = errors(&forger.replay(certain.into())).join("\n");
    assert!(said.contains("a step is looked at that was not in flight"), "{said}");
}
