//! Devices that are absent, late, or the wrong ones.

use super::support::{
    GENERATE, VirtualDevice, aborting, at_connectors, fails_with, failures, insert, live, until, with_hand,
};
use serde_json::json;
use std::{fs, thread};

#[test]
fn a_device_that_is_absent_is_waited_for_and_then_missed() {
    let device = VirtualDevice::new(7_550_054);
    device.device().unplug();
    let ceremony = aborting(live(&insert("timeout: 1"), &device), "inserted");
    fails_with(
        ceremony,
        "no-device",
        &format!("hsm was not inserted in 1 second: the connector at {} has no device", device.url()),
        "insert hsm, and see that the bindings say where",
    );
}

#[test]
fn a_connector_that_is_not_there_is_named() {
    let device = VirtualDevice::new(7_550_054);
    let url = device.url();
    let ceremony = aborting(live(&insert("timeout: 1"), &device), "inserted");
    drop(device);
    let message = format!("hsm was not inserted in 1 second: no connector answers at {url}");
    fails_with(ceremony, "no-device", &message, "insert hsm, and see that the bindings say where");
}

#[test]
fn a_device_that_comes_late_is_taken() {
    let device = VirtualDevice::new(7_550_054);
    device.device().unplug();
    let ceremony = live(&insert("timeout: 60"), &device);
    let transcript = ceremony.out().join("transcript.jsonl");
    let ceremony = thread::scope(|scope| {
        scope.spawn(|| {
            until("the step begins", || fs::read_to_string(&transcript).is_ok_and(|it| it.contains("\"began\"")));
            device.device().plug();
        });
        ceremony.carry_out().exits(0)
    });
    let replayed = ceremony.replay().holds();
    assert_eq!(replayed.report["devices"], json!({ "hsm": 7_550_054 }));
}

#[test]
fn another_device_than_the_bound_one_is_not_taken() {
    let device = VirtualDevice::new(7_550_055);
    let ceremony = aborting(live(&insert("timeout: 1"), &device), "inserted");
    let ceremony = ceremony.argument("--bind").argument("devices.hsm.serial=7550054");
    fails_with(
        ceremony,
        "wrong-device",
        "the device that is inserted has the serial number 7550055; hsm is the one with 7550054",
        "take it out and insert hsm, serial number 7550054",
    );
}

#[test]
fn a_device_that_is_swapped_after_it_was_seen_is_not_touched() {
    let steps = format!("{}\n      - go_to: mend\n{GENERATE}", insert("timeout: 1"));
    let (seen, swapped) = (VirtualDevice::new(7_550_054), VirtualDevice::new(7_550_055));
    swapped.device().unplug();
    let ceremony = aborting(at_connectors(&steps, &[&seen, &swapped]), "key");
    let ceremony = with_hand(ceremony, 1, || {
        seen.device().unplug();
        swapped.device().plug();
    });
    let message = "the device that is inserted has the serial number 7550055; hsm is the one with 7550054";
    assert_eq!(failures(&ceremony), [("wrong-device".to_string(), message.to_string())]);
    assert_eq!(ceremony.replay().report["devices"], json!({ "hsm": 7_550_054 }));
    assert!(swapped.keys().is_empty(), "the other device was changed");
}

#[test]
fn of_two_devices_one_is_taken_out_as_the_remedy() {
    let (first, second) = (VirtualDevice::new(7_550_054), VirtualDevice::new(7_550_055));
    let ceremony = at_connectors(&insert("alone: true, timeout: 5"), &[&first, &second])
        .answers("start/inserted#what-now", &["remedy"]);
    let ceremony = with_hand(ceremony, 0, || second.device().unplug());
    let message = "hsm must be the only one; these are inserted: 7550054, 7550055";
    assert_eq!(failures(&ceremony), [("not-alone".to_string(), message.to_string())]);
    let retried = ceremony.entries().into_iter().find(|entry| entry["kind"] == "retried").unwrap();
    assert_eq!(retried["body"], json!({ "attempt": 2, "remedy": "mend" }));
    assert_eq!(ceremony.replay().holds().report["devices"], json!({ "hsm": 7_550_054 }));
}

#[test]
fn of_two_devices_neither_is_guessed_to_be_the_one() {
    let (first, second) = (VirtualDevice::new(7_550_054), VirtualDevice::new(7_550_055));
    fails_with(
        aborting(at_connectors(&insert("timeout: 1"), &[&first, &second]), "inserted"),
        "which-device",
        "any of these could be hsm: 7550054, 7550055",
        "take out all but hsm, or give its serial number in the bindings",
    );
}
