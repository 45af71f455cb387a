//! Rehearsals with virtual YubiKeys, in readers of their own.

use crate::{
    resuming::death::{Death, doomed, was_killed},
    support::{CarriedOut, Ceremony, officiant},
};
use std::{fs, path::Path};

/// Whether there can be virtual readers here; CI has what they need.
pub fn has_readers() -> bool {
    let there = officiant().args(["device", "readers", "--port", "0", "--", "true"]).output().unwrap();
    if !there.status.success() {
        let said = String::from_utf8_lossy(&there.stderr);
        assert!(std::env::var_os("CI").is_none(), "{said}");
        eprintln!("skipped: {said}");
    }
    there.status.success()
}

fn runbook(devices: &str, steps: &str) -> String {
    format!(
        "notation: 1\ntitle: Test\ndevices:\n{devices}sections:\n  start:\n    title: Start\n    steps:\n{steps}      - end: Over.\n"
    )
}

const THREE: &str = "  One: { kind: yubikey, rehearse: { serial: 25515003 } }
  Two: { kind: yubikey, rehearse: { firmware: 5.7.1, fips: true } }
  Three: { kind: yubikey }
";

fn insert(device: &str) -> String {
    format!("      - {{ do: Insert it., uses: devices.insert, with: {{ device: {device} }} }}\n")
}

fn remove(device: &str) -> String {
    format!("      - {{ do: Remove it., uses: devices.remove, with: {{ device: {device} }} }}\n")
}

/// What failed, in order.
fn failures(ceremony: &CarriedOut) -> Vec<String> {
    let failed = ceremony.entries().into_iter().filter(|entry| entry["kind"] == "failed");
    failed.map(|entry| entry["body"]["failure"]["message"].as_str().unwrap().to_string()).collect()
}

#[test]
fn two_cards_are_in_at_once_and_a_third_one_when_another_is_out() {
    if !has_readers() {
        return;
    }
    let steps = [insert("One"), insert("Two"), remove("One"), insert("Three")].concat();
    let ceremony = Ceremony::rehearse(&runbook(THREE, &steps)).carry_out().exits(0);
    let replayed = ceremony.replay().holds();
    let devices = serde_json::json!({ "One": 25_515_003, "Two": 90_000_002, "Three": 90_000_003 });
    assert_eq!(replayed.report["devices"], devices);
    let versions: Vec<_> = ceremony
        .entries()
        .iter()
        .filter(|entry| entry["kind"] == "finished")
        .filter_map(|entry| entry["body"]["outputs"]["firmware"].as_str().map(String::from))
        .collect();
    assert_eq!(versions, ["5.4.3", "5.7.1", "5.4.3"]);
    let folder = ceremony.folder().join("rehearsal");
    for file in ["One.json", "Two.json", "Three.json", "rehearsal-piv-root.pem"] {
        assert!(folder.join(file).is_file(), "{file}");
    }
    assert!(!folder.join("rehearsal-root.pem").exists(), "no YubiHSM 2 is on the bench");
}

#[test]
fn a_third_card_at_once_is_refused_and_told_why() {
    if !has_readers() {
        return;
    }
    let steps = [insert("One"), insert("Two"), insert("Three")].concat();
    let ceremony = Ceremony::rehearse(&runbook(THREE, &steps)).carry_out().exits(1);
    assert_eq!(failures(&ceremony), ["a rehearsal has 2 virtual readers, and One and Two are in them"]);
    ceremony.mentions("let the runbook take one of them out before it inserts Three");
}

#[test]
fn both_kinds_of_devices_are_rehearsed_together() {
    if !has_readers() {
        return;
    }
    let devices = "  HSM: { kind: yubihsm2 }\n  Card: { kind: yubikey }\n";
    let steps = [insert("Card"), insert("HSM"), remove("Card"), remove("HSM")].concat();
    let ceremony = Ceremony::rehearse(&runbook(devices, &steps)).carry_out().exits(0);
    let devices = serde_json::json!({ "HSM": 9_000_001, "Card": 90_000_002 });
    assert_eq!(ceremony.replay().holds().report["devices"], devices);
}

#[test]
fn a_card_that_a_fault_took_is_put_back_before_the_step_is_tried_again() {
    if !has_readers() {
        return;
    }
    let steps = format!(
        "{}      - {{ do: Look at it., uses: piv.device-info, with: {{ device: One }} }}\n",
        insert("One").replace("device: One", "device: One, timeout: 1")
    );
    // The first is the bench's own look, which sees that the card is in.
    for effect in ["vanish", "power-off"] {
        let ceremony = Ceremony::rehearse(&runbook(THREE, &steps))
            .argument("--fault")
            .argument(format!("One:before:get-serial#3:{effect}"))
            .answer("start/2#what-now", "retry")
            .answer("start/1#what-now", "retry")
            .carry_out()
            .exits(0)
            .mentions("In this rehearsal a hand plugs One in again.");
        assert_eq!(failures(&ceremony).len(), 1);
        ceremony.replay().holds();
    }
}

#[test]
fn what_is_wrong_with_a_virtual_card_is_said_before_anything_starts() {
    for (device, said) in [
        ("{ kind: yubikey, rehearse: { attests_ed25519: true } }", "`attests_ed25519` is for a virtual `yubihsm2`"),
        ("{ kind: yubihsm2, rehearse: { fips: true } }", "`fips` is for a virtual `yubikey`"),
        (
            "{ kind: yubikey, rehearse: { faults: [{ command: generate-asymmetric-key, when: after, effect: vanish }] } }",
            "is no command of a YubiKey; did you mean `generate-asymmetric-key-pair`?",
        ),
    ] {
        let runbook = runbook(&format!("  Device: {device}\n"), &insert("Device"));
        let ceremony = Ceremony::rehearse(&runbook);
        let out = ceremony.out();
        ceremony.carry_out().exits(1).mentions(said);
        assert!(!out.exists());
    }
    let ceremony = Ceremony::rehearse(&runbook(THREE, &insert("One")));
    let out = ceremony.out();
    let fault = "One:before:sign-ecdsa:vanish";
    ceremony.argument("--fault").argument(fault).carry_out().exits(2).mentions("is no command of a YubiKey");
    assert!(!out.exists());
}

#[test]
fn where_there_are_no_readers_a_runbook_with_cards_says_what_to_install_and_one_without_goes_on() {
    let without = |runbook: &str| {
        let ceremony = Ceremony::rehearse(runbook);
        let out = ceremony.out();
        let output = ceremony.command().env("PATH", "/nonexistent").output().unwrap();
        (ceremony.carried_out(output), out)
    };
    let (ceremony, out) = without(&runbook(THREE, &insert("One")));
    ceremony.exits(2).mentions("need virtual card readers").mentions("apt-get install");
    assert!(!out.exists(), "nothing is made");
    without(&runbook("  HSM: { kind: yubihsm2 }\n", &insert("HSM"))).0.exits(0);
}

#[test]
fn a_rehearsal_that_was_killed_goes_on_with_the_cards_where_they_were() {
    if !has_readers() {
        return;
    }
    let wait = "      - { do: Look around. }\n".repeat(3);
    let steps = [insert("One"), insert("Two"), remove("One"), wait, insert("Three"), remove("Two")].concat();
    for lines in [5, 8, 12, 16, 19] {
        let ceremony = Ceremony::rehearse(&runbook(THREE, &steps));
        let output = doomed(&mut ceremony.command(), Death { lines, bytes: 7 }).output().unwrap();
        assert!(was_killed(&output), "{}", String::from_utf8_lossy(&output.stderr));
        let ceremony = ceremony.carried_out(output);
        let before = plugged(&ceremony.folder());
        let ceremony = ceremony.resume().carry_out().exits(0);
        assert_eq!(plugged(&ceremony.folder()), ["Three"], "after {lines} lines, when {before:?} were in");
        let devices = serde_json::json!({ "One": 25_515_003, "Two": 90_000_002, "Three": 90_000_003 });
        assert_eq!(ceremony.replay().holds().report["devices"], devices);
    }
}

/// The devices that are in, as the bench wrote it down.
fn plugged(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("rehearsal/bench.state.json")).unwrap();
    let places: serde_json::Value = serde_json::from_str(&text).unwrap();
    let places = places.as_object().unwrap().iter();
    places.filter(|(_, place)| place["plugged"] == true).map(|(name, _)| name.clone()).collect()
}
