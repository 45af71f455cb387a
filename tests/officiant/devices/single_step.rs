//! `officiant step` with a device.

use super::support::{VirtualDevice, refused};
use crate::support::officiant;
use serde_json::{Value, json};
use std::process::Command;

/// `officiant step` with a device.
fn step(words: &[&str], device: &VirtualDevice) -> Command {
    let mut command = officiant();
    command.arg("step").args(words).arg("--bind").arg(format!("yubihsm.connectors={}", device.url()));
    command
}

#[test]
fn a_step_by_itself_prints_its_outputs_as_json() {
    let device = VirtualDevice::new(7_550_054);
    let output = step(&["yubihsm.device-info", "device=7550054"], &device).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let outputs: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&outputs["serial"], &outputs["firmware"]), (&json!(7_550_054), &json!("2.4.0")));
}

#[test]
fn a_step_by_itself_takes_the_device_that_it_names_and_no_other() {
    let device = VirtualDevice::new(7_550_054);
    let output = step(&["yubihsm.device-info", "device=7550055"], &device).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("error: the device that is inserted has the serial number 7550054, not 7550055"),
        "{said}"
    );
}

#[test]
fn a_step_or_an_argument_that_does_not_exist_is_answered_with_the_nearest_that_does() {
    let device = VirtualDevice::new(7_550_054);
    for (words, message) in [
        (
            &["yubihsm.device-inof"][..],
            "error: there is no step handler `yubihsm.device-inof`; did you mean `yubihsm.device-info`?",
        ),
        (
            &["yubihsm.device-info", "devcie=1"],
            "error: yubihsm.device-info has no argument `devcie`; did you mean `device`?",
        ),
        (
            &["yubihsm.device-info"],
            "error: yubihsm.device-info needs device=…; see `officiant steps yubihsm.device-info`",
        ),
        (&["yubihsm.device-info", "7550054"], "error: `7550054`: write it as key=value"),
    ] {
        refused(&mut step(words, &device), 2, message);
    }
}

#[test]
fn a_step_that_changes_something_needs_a_yes_where_nobody_can_be_asked() {
    let device = VirtualDevice::new(7_550_054);
    let words = [
        "yubihsm.generate-asymmetric-key",
        "device=7550054",
        "password=factory-default",
        "object_id=7",
        "label=key",
        "domains=1,2",
        "capabilities=sign-eddsa",
        "algorithm=ed25519",
    ];
    let output = step(&words, &device).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.ends_with("error: this changes something: say --yes where there is no terminal\n"), "{said}");
    assert!(device.keys().is_empty());

    let output = step(&words, &device).arg("--yes").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let outputs: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&outputs["object_id"], &outputs["domains"]), (&json!(7), &json!([1, 2])));
    assert_eq!(device.keys(), [7]);
}
