//! `devices.insert` and `devices.remove`.

use crate::bench::{Room, authentication_key};
use officiant_engine::conduct::{DeviceBinding, Effect};
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
    assert_eq!(said, "A was not inserted in 1 second: no connector answers at http://127.0.0.1:1");
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
fn a_device_that_is_named_by_its_number_is_refused_without_saying_it_twice() {
    let mut room = Room::live([("7550055", 7_550_055), ("A", 7_550_054)]);
    room.bindings.devices.insert("7550055".into(), DeviceBinding { connector: None, serial: Some(7_550_055) });
    room.device("7550055").unplug();
    let failure = room.attempt("devices.insert", json!({ "device": "7550055" })).unwrap_err();
    assert_eq!(failure.message, "the device that is inserted has the serial number 7550054, not 7550055");
    assert_eq!(failure.next.as_deref(), Some("take it out and insert the device with the serial number 7550055"));
    room.perform("devices.insert", json!({ "device": "A" }));
    let said = room.refuses("devices.insert", json!({ "device": "7550055", "alone": true }), "wrong-device");
    assert_eq!(said, "the device with the serial number 7550055 is not inserted; what is: 7550054 (A)");
    let said = room.refuses("yubihsm.device-info", json!({ "device": "7550055" }), "wrong-device");
    assert_eq!(said, "the device with the serial number 7550055 is not inserted; what is: 7550054 (A)");
}

#[test]
fn a_rehearsal_finds_its_devices_though_the_bindings_name_real_connectors() {
    let mut room = Room::rehearsal([("A", 13_200_460), ("B", 13_200_461)]);
    for (name, serial) in [("A", 13_200_460), ("B", 13_200_461)] {
        let connector = Some("http://192.0.2.1:12345".to_string());
        room.bindings.devices.insert(name.into(), DeviceBinding { connector, serial: Some(serial) });
    }
    room.bindings.yubihsm.connectors = vec!["http://192.0.2.1:12345".into(), "usb".into()];
    for name in ["A", "B"] {
        room.perform("devices.insert", json!({ "device": name }));
        room.perform("yubihsm.device-info", json!({ "device": name }));
        room.perform("devices.touch-reset", json!({ "device": name }));
    }
}

#[test]
fn a_device_is_found_at_its_connector_also_when_that_is_named_in_two_ways() {
    let mut room = Room::live([("A", 13_200_460), ("B", 13_200_461)]);
    let connector = Some(room.url("B").replace("127.0.0.1", "localhost"));
    room.bindings.devices.insert("B".into(), DeviceBinding { connector, serial: None });
    assert_eq!(room.perform("devices.insert", json!({ "device": "B" }))["serial"], 13_200_461);
}

#[test]
fn a_device_at_the_connector_of_another_is_not_taken() {
    let mut room = Room::live([("A", 13_200_460), ("B", 13_200_461)]);
    room.device("B").unplug();
    let connector = Some(room.url("B"));
    room.bindings.devices.insert("B".into(), DeviceBinding { connector, serial: None });
    room.refuses("yubihsm.device-info", json!({ "device": "B" }), "no-device");
}

#[test]
fn a_device_that_goes_by_another_name_is_refused_by_that_name() {
    let mut room = Room::live([("A", 13_200_460)]);
    room.perform("devices.insert", json!({ "device": "A" }));
    let said = room.refuses("devices.insert", json!({ "device": "B", "alone": true }), "wrong-device");
    assert_eq!(said, "B is not inserted; what is: 13200460 (A)");
    // It may stay while another is waited for.
    let said = room.refuses("devices.insert", json!({ "device": "B", "timeout": 1 }), "no-device");
    assert_eq!(said, "B was not inserted in 1 second: what is inserted: 13200460 (A)");
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
    room.perform("devices.touch-reset", json!({ "device": "A" }));
    room.perform("yubihsm.put-authentication-key", authentication_key(2));
}

#[test]
fn in_a_ceremony_a_touch_reset_is_explained_and_looked_for() {
    let mut room = Room::live([("A", 13_200_460)]);
    room.perform("yubihsm.put-authentication-key", authentication_key(2));
    let reset = json!({ "device": "A", "timeout": 1 });
    // It is inserted already.
    room.refuses("devices.touch-reset", reset.clone(), "still-inserted");
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
    let patient = json!({ "device": "A", "timeout": 86_400 });
    let said = room.refuses("devices.touch-reset", patient.clone(), "not-reset");
    assert_eq!(said, "A was not reset: it holds 1 more objects than the factory's authentication key");
    assert!(room.informed()[0].starts_with("Put a finger on the metal rim of A"));
    person.join().unwrap();

    device.unplug();
    let person = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        device.touch_reset().unwrap();
    });
    room.perform("devices.touch-reset", patient);
    person.join().unwrap();
    // Before that it is not reset yet.
    let touched = (Duration::from_secs(12), "A to reset itself; keep the finger on its rim".to_string());
    assert!(room.script.waits.contains(&touched));
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
    assert_eq!(said, "A, serial number 13200460, was not taken out in 1 second");
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

#[test]
fn a_touch_reset_changes_the_device_and_says_that_it_cannot_be_undone() {
    let room = Room::live([("A", 13_200_460)]);
    let handler = |name: &str| room.registry.get(name).unwrap();
    let reset = handler("devices.touch-reset");
    assert_eq!((reset.effect, reset.irreversible), (Effect::Changes, Some("Everything in the device is deleted.")));
    assert_eq!((handler("devices.insert").effect, handler("devices.insert").irreversible), (Effect::Observes, None));
    let mut room = room;
    assert_eq!(
        room.attempt("devices.insert", json!({ "device": "A", "touch_reset": true })).unwrap_err().code,
        "wrong-argument"
    );
}
