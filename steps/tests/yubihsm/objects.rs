//! `yubihsm.device-info`, `put-authentication-key`, `list-objects`, `delete-object`.

use crate::bench::{Room, authentication_key, with};
use officiant_devices::{Firmware, yubihsm::Settings};
use serde_json::json;

#[test]
fn a_device_says_who_it_is() {
    let mut room = Room::live([("A", 13_200_460)]);
    let info = room.perform("yubihsm.device-info", json!({ "device": "A" }));
    assert_eq!(info["serial"], 13_200_460);
    assert_eq!(info["firmware"], "2.4.0");
    assert!(info["part_number"].is_string());
    assert_eq!(info["log_store"]["capacity"], 62);
    let algorithms = info["algorithms"].as_array().unwrap();
    assert!(algorithms.contains(&json!("ed25519")) && algorithms.contains(&json!("ecp384")));
    // What the client library cannot read.
    assert!(algorithms.contains(&json!("aes-kwp")));
}

#[test]
fn old_firmware_does_not_tell_its_part_number() {
    let older = |settings: &mut Settings| settings.firmware = Some(Firmware::new(2, 1, 2));
    let mut room = Room::with(false, [("A", 13_200_460)], older);
    let info = room.perform("yubihsm.device-info", json!({ "device": "A" }));
    assert_eq!(info["part_number"], json!(null));
    assert_eq!(info["firmware"], "2.1.2");
    room.perform("yubihsm.put-authentication-key", authentication_key(2));
}

#[test]
fn the_factory_key_gives_way_to_a_new_one() {
    let mut room = Room::live([("A", 13_200_460)]);
    let made = room.perform("yubihsm.put-authentication-key", authentication_key(2));
    assert_eq!(room.made.devices["A"], 13_200_460);
    assert_eq!(made["serial"], 13_200_460);
    assert_eq!((&made["object_id"], &made["label"]), (&json!(2), &json!("new_authentication_key")));
    assert_eq!((&made["origin"], &made["algorithm"]), (&json!("imported"), &json!("aes128-yubico-authentication")));
    assert_eq!(made["domains"].as_array().unwrap().len(), 16);
    assert_eq!(made["capabilities"], made["delegated_capabilities"]);
    assert!(made["capabilities"].as_array().unwrap().contains(&json!("change-authentication-key")));

    let deletion = with(json!({ "object_id": 1, "object_type": "authentication-key" }));
    let deleted = room.perform("yubihsm.delete-object", deletion.clone());
    assert_eq!(
        deleted,
        json!({
            "serial": 13_200_460,
            "object_id": 1,
            "object_type": "authentication-key",
            "label": "DEFAULT AUTHKEY CHANGE THIS ASAP",
            "gone": true
        })
    );
    let found = room.perform("yubihsm.list-objects", with(json!({ "object_id": 1 })));
    assert_eq!(found, json!({ "serial": 13_200_460, "count": 0, "objects": [] }));
    room.refuses("yubihsm.delete-object", deletion, "not-found");
    let said = room.refuses("yubihsm.put-authentication-key", authentication_key(3), "no-authentication-key");
    assert_eq!(said, "A has no authentication key 1");
}

#[test]
fn objects_are_listed_by_id_type_and_label() {
    let mut room = Room::provisioned(false, |_| {});
    let count = |room: &mut Room, more| room.perform("yubihsm.list-objects", with(more))["count"].clone();
    assert_eq!(count(&mut room, json!({})), 2);
    assert_eq!(count(&mut room, json!({ "object_type": "authentication-key" })), 2);
    assert_eq!(count(&mut room, json!({ "object_type": "asymmetric-key" })), 0);
    assert_eq!(count(&mut room, json!({ "label": "new_authentication_key" })), 1);
    assert_eq!(count(&mut room, json!({ "label": "new_authentication" })), 0);
    let found = room.perform("yubihsm.list-objects", with(json!({ "object_id": 2 })));
    assert_eq!(found["objects"][0]["label"], "new_authentication_key");
    assert_eq!(found["objects"][0]["object_type"], "authentication-key");
}

#[test]
fn a_device_that_was_provisioned_before_is_recognized() {
    let mut room = Room::provisioned(false, |_| {});
    let said = room.refuses("yubihsm.put-authentication-key", authentication_key(2), "exists");
    assert_eq!(
        said,
        "authentication-key 2 is there already on A: label `new_authentication_key`; this device was provisioned before"
    );
}

#[test]
fn the_only_authentication_key_is_not_deleted() {
    let mut room = Room::live([("A", 13_200_460)]);
    let deletion = json!({
        "device": "A",
        "password": { "secret": "factory-default" },
        "object_id": 1,
        "object_type": "authentication-key"
    });
    let said = room.refuses("yubihsm.delete-object", deletion.clone(), "last-key");
    assert!(said.starts_with("authentication key 1 is the only one that can be seen on A"), "{said}");
    // With another one there, a session may delete its own.
    room.perform("yubihsm.put-authentication-key", authentication_key(2));
    assert_eq!(room.perform("yubihsm.delete-object", deletion)["gone"], true);
}

#[test]
fn the_factory_password_is_not_a_new_password() {
    let mut room = Room::live([("A", 13_200_460)]);
    let mut arguments = authentication_key(2);
    arguments["new_password"] = json!({ "secret": "factory-default" });
    room.refuses("yubihsm.put-authentication-key", arguments, "factory-password");
}

#[test]
fn an_authentication_key_with_few_capabilities_has_those_and_no_others() {
    let mut room = Room::live([("A", 13_200_460)]);
    let mut arguments = authentication_key(7);
    arguments["capabilities"] = json!(["sign-eddsa", "get-opaque"]);
    arguments["delegated"] = json!("none");
    arguments["domains"] = json!([5]);
    let made = room.perform("yubihsm.put-authentication-key", arguments);
    assert_eq!(made["capabilities"], json!(["get-opaque", "sign-eddsa"]));
    assert_eq!((&made["delegated_capabilities"], &made["domains"]), (&json!([]), &json!([5])));
}
