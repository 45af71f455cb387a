//! `devices.insert` and `devices.remove`.

use crate::bench::{Room, authentication_key};
use officiant_engine::conduct::DeviceBinding;
use serde_json::json;
use std::{thread, time::Duration};

#[test]
fn in_a_rehearsal_a_hand_plugs_the_device_in_and_out() {
    let mut room = Room::rehearsal([("A", 13_200_460), ("B", 13_200_461)]);
    let seen = room.perform("devices.insert", json!({ "device": "A", "alone": true }));
    assert_eq!(seen, json!({ "serial": 13_200_460, "firmware": "2.4.0" }));
    assert_eq!(room.made.devices["A"], 13_200_460);
    assert!(room.device("A").is_plugged() && !room.device("B").is_plugged());
    assert_eq!(room.perform("devices.remove", json!({ "device": "A" })), json!({ "serial": 13_200_460 }));
    assert!(!room.device("A").is_plugged());
    assert_eq!(room.perform("devices.insert", json!({ "device": "B" }))["serial"], 13_200_461);
}

#[test]
fn in_a_ceremony_the_step_waits_for_a_person() {
    let mut room = Room::live([("A", 7_550_054)]);
    let device = room.device("A").clone();
    device.unplug();
    let person = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        device.plug();
    });
    // Here nobody takes the time to wait, so that there are as many looks as there is time for.
    room.perform("devices.insert", json!({ "device": "A", "timeout": 86_400 }));
    person.join().unwrap();
    let (pause, what) = &room.script.waits[0];
    assert_eq!((pause.as_millis(), what.as_str()), (250, "A to be inserted"));
}

#[test]
fn a_device_that_never_comes_is_a_failure_that_says_where_was_looked() {
    let mut room = Room::live([("A", 7_550_054)]);
    room.device("A").unplug();
    let url = room.url("A");
    let said = room.refuses("devices.insert", json!({ "device": "A", "timeout": 2 }), "no-device");
    assert_eq!(said, format!("A was not inserted in 2 seconds: the connector at {url} has no device"));
    assert_eq!(room.script.waits.len(), 8);

    room.bindings.yubihsm.connectors = vec!["http://127.0.0.1:1".into()];
    let said = room.refuses("devices.insert", json!({ "device": "A", "timeout": 1 }), "no-device");
    assert_eq!(said, "A was not inserted in 1 seconds: no connector answers at http://127.0.0.1:1");
}

#[test]
fn a_device_that_is_to_be_alone_is_not_beside_another() {
    let mut room = Room::live([("A", 13_200_460), ("B", 13_200_461)]);
    let said = room.refuses("devices.insert", json!({ "device": "A", "alone": true }), "not-alone");
    assert_eq!(said, "A must be the only one; these are inserted: 13200460, 13200461");
}

#[test]
fn of_two_unknown_devices_none_is_taken() {
    let mut room = Room::live([("A", 13_200_460), ("B", 13_200_461)]);
    let said = room.refuses("devices.insert", json!({ "device": "A" }), "which-device");
    assert_eq!(said, "any of these could be A: 13200460, 13200461");
    // Its connector, or its serial number, tells.
    let connector = Some(room.url("B"));
    room.bindings.devices.insert("B".into(), DeviceBinding { connector, serial: None });
    assert_eq!(room.perform("devices.insert", json!({ "device": "B" }))["serial"], 13_200_461);
    assert_eq!(room.perform("devices.insert", json!({ "device": "A" }))["serial"], 13_200_460);
}

#[test]
fn another_device_than_the_one_that_was_seen_is_refused_by_both_numbers() {
    let mut room = Room::live([("A", 13_200_460), ("B", 13_200_461)]);
    room.device("B").unplug();
    room.perform("devices.insert", json!({ "device": "A" }));
    room.device("A").unplug();
    room.device("B").plug();
    let said = room.refuses("devices.insert", json!({ "device": "A" }), "wrong-device");
    assert_eq!(said, "the device that is inserted has the serial number 13200461; A is the one with 13200460");
}

#[test]
fn a_device_that_goes_by_another_name_is_refused_by_that_name() {
    let mut room = Room::live([("A", 13_200_460)]);
    room.perform("devices.insert", json!({ "device": "A" }));
    let said = room.refuses("devices.insert", json!({ "device": "B", "alone": true }), "wrong-device");
    assert_eq!(said, "B is not inserted; what is: 13200460 (A)");
    // It may stay while another is waited for.
    let said = room.refuses("devices.insert", json!({ "device": "B", "timeout": 1 }), "no-device");
    assert_eq!(said, "B was not inserted in 1 seconds: what is inserted: 13200460 (A)");
}

#[test]
fn a_serial_number_that_the_bindings_give_to_another_name_is_not_taken() {
    let mut room = Room::live([("A", 13_200_460)]);
    room.bindings.devices.insert("B".into(), DeviceBinding { connector: None, serial: Some(13_200_460) });
    room.refuses("devices.insert", json!({ "device": "A", "alone": true }), "wrong-device");
}

#[test]
fn a_touch_reset_brings_the_factory_state_back() {
    let mut room = Room::rehearsal([("A", 13_200_460)]);
    room.perform("devices.insert", json!({ "device": "A" }));
    room.perform("yubihsm.put-authentication-key", authentication_key(2));
    room.perform("devices.remove", json!({ "device": "A" }));
    room.perform("devices.insert", json!({ "device": "A", "touch_reset": true }));
    room.perform("yubihsm.put-authentication-key", authentication_key(2));
}

#[test]
fn in_a_ceremony_a_touch_reset_is_explained_and_looked_for() {
    let mut room = Room::live([("A", 13_200_460)]);
    room.perform("yubihsm.put-authentication-key", authentication_key(2));
    let reset = json!({ "device": "A", "touch_reset": true, "timeout": 1 });
    // It is inserted already.
    room.refuses("devices.insert", reset.clone(), "still-inserted");
    let device = room.device("A").clone();
    device.unplug();
    let person = thread::spawn({
        let device = device.clone();
        move || {
            thread::sleep(Duration::from_millis(100));
            device.plug();
        }
    });
    // Nobody held a finger to it.
    let patient = json!({ "device": "A", "touch_reset": true, "timeout": 86_400 });
    let said = room.refuses("devices.insert", patient.clone(), "not-reset");
    assert_eq!(said, "A was not reset: it holds 1 more objects than the factory's authentication key");
    assert!(room.informed()[0].starts_with("Put a finger on the metal rim of A"));
    person.join().unwrap();

    device.unplug();
    let person = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        device.touch_reset().unwrap();
    });
    room.perform("devices.insert", patient);
    person.join().unwrap();
}

#[test]
fn a_device_that_was_never_seen_cannot_be_waited_out() {
    let mut room = Room::live([("A", 13_200_460)]);
    room.refuses("devices.remove", json!({ "device": "A" }), "not-bound");
}

#[test]
fn a_device_that_stays_in_is_a_failure() {
    let mut room = Room::live([("A", 13_200_460)]);
    room.perform("devices.insert", json!({ "device": "A" }));
    let said = room.refuses("devices.remove", json!({ "device": "A", "timeout": 1 }), "still-inserted");
    assert_eq!(said, "A, serial number 13200460, was not taken out in 1 seconds");
}

#[test]
fn a_device_behind_two_urls_is_one_device() {
    let mut room = Room::live([("A", 13_200_460)]);
    let again = room.url("A").replace("127.0.0.1", "localhost");
    room.bindings.yubihsm.connectors.push(again);
    room.perform("devices.insert", json!({ "device": "A", "alone": true }));
}

#[test]
fn a_connector_url_that_is_none_is_a_failure_at_once() {
    let mut room = Room::live([("A", 13_200_460)]);
    room.bindings.yubihsm.connectors = vec!["https://127.0.0.1:12345".into()];
    let said = room.refuses("devices.insert", json!({ "device": "A" }), "connector-url");
    assert_eq!(said, "`https://127.0.0.1:12345` is neither `usb` nor the URL of a yubihsm-connector");
}
