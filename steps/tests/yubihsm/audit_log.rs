//! `yubihsm.audit-log`.

use crate::bench::{PASSWORD, Room, key, with};
use officiant_devices::{
    Firmware,
    yubihsm::{CommandCode, Fault, FaultEffect},
};
use serde_json::{Value, json};
use std::fs;
use yubihsm::{Client, Connector, Credentials, HttpConfig};

const LOG: &str = "yubihsm.audit-log";
const GENERATE: &str = "yubihsm.generate-asymmetric-key";
const SIGN: &str = "yubihsm.sign";
const DELETE: &str = "yubihsm.delete-object";

/// A ceremony on a device that logs by default.
fn logging() -> Room {
    Room::provisioned(false, |settings| settings.firmware = Some(Firmware::new(2, 2, 0)))
}

fn read(room: &mut Room, out: &str) -> Value {
    room.perform(LOG, with(json!({ "out": out })))
}

fn used(room: &mut Room) {
    room.perform(GENERATE, key(100, "p256", "sign-ecdsa"));
    room.perform(SIGN, with(json!({ "object_id": 100, "data": "x", "out": "x.sig" })));
    room.perform(GENERATE, key(101, "ed25519", "sign-eddsa"));
    room.perform(DELETE, with(json!({ "object_id": 101, "object_type": "asymmetric-key" })));
}

/// Writes the log over, in one session.
fn sign_often(room: &Room) {
    let (host, port) = room
        .url("A")
        .trim_start_matches("http://")
        .rsplit_once(':')
        .map(|(host, port)| (host.to_string(), port.parse().unwrap()))
        .unwrap();
    let connector = Connector::http(&HttpConfig { addr: host, port, ..HttpConfig::default() });
    let client = Client::open(connector, Credentials::from_password(2, PASSWORD.as_bytes()), false).unwrap();
    for _ in 0..70 {
        client.sign_ecdsa_prehash_raw(100, vec![7; 32]).unwrap();
    }
}

fn codes(room: &Room) -> Vec<&'static str> {
    room.audit(LOG).into_iter().map(|(code, _)| code).collect()
}

#[test]
fn a_log_is_read_checked_and_written_down() {
    let mut room = logging();
    used(&mut room);
    let outputs = read(&mut room, "log.json");
    let log: Vec<Value> = serde_json::from_slice(&room.read("products/log.json")).unwrap();
    assert_eq!((&outputs["serial"], &outputs["entries"]), (&json!(13_200_460), &json!(log.len())));
    assert_eq!((&outputs["first"], &outputs["last"]), (&json!(1), &log.last().unwrap()["item"]));
    assert_eq!((&outputs["force_audit"], &outputs["unlogged_boots"]), (&json!(false), &json!(0)));
    let audited = outputs["audited"].as_array().unwrap();
    assert!(audited.contains(&json!("generate-asymmetric-key")) && !audited.contains(&json!("echo")));
    let changes = ["put-authentication-key", "generate-asymmetric-key", "sign-ecdsa", "delete-object"];
    let changes: Vec<_> = log
        .iter()
        .filter(|entry| changes.contains(&entry["command"].as_str().unwrap()))
        .map(|entry| (entry["command"].as_str().unwrap(), entry["target_key"].as_u64().unwrap()))
        .collect();
    assert_eq!(
        changes,
        [
            ("put-authentication-key", 2),
            ("generate-asymmetric-key", 100),
            ("sign-ecdsa", 100),
            ("generate-asymmetric-key", 101),
            ("delete-object", 101)
        ]
    );
    assert_eq!(log[0]["command"], "reset");
    assert_eq!(room.audit(LOG), []);
}

#[test]
fn a_refused_command_is_in_the_log_as_the_device_wrote_it() {
    let mut room = logging();
    room.refuses(DELETE, with(json!({ "object_id": 9, "object_type": "asymmetric-key" })), "not-found");
    read(&mut room, "log.json");
    let log: Vec<Value> = serde_json::from_slice(&room.read("products/log.json")).unwrap();
    let refused = log.iter().find(|entry| entry["target_key"] == 9).unwrap();
    assert_eq!(refused["result"], 0x0b);
    assert_eq!(room.audit(LOG), []);
}

#[test]
fn a_command_that_no_step_caused_is_found() {
    let mut room = logging();
    used(&mut room);
    // Somebody signs once more, between two steps.
    room.perform(SIGN, with(json!({ "object_id": 100, "data": "y", "out": "y.sig" })));
    room.performed.pop();
    read(&mut room, "log.json");
    assert_eq!(codes(&room), ["log-unaccounted"]);
    let said = room.audit(LOG)[0].1.clone();
    assert!(said.ends_with("is sign-ecdsa of object 100, by authentication key 2, which no step caused"), "{said}");
}

#[test]
fn a_step_whose_command_is_not_in_the_log_is_found() {
    let mut room = logging();
    used(&mut room);
    let signed = room.performed.iter().find(|step| step.uses == SIGN).unwrap().clone();
    room.performed.push(signed);
    read(&mut room, "log.json");
    assert_eq!(codes(&room), ["log-missing"]);
    // A step that failed may have done it or not.
    let again = room.performed.iter_mut().rfind(|step| step.uses == SIGN).unwrap();
    again.outputs = None;
    again.finished = false;
    assert_eq!(room.audit(LOG), []);
}

#[test]
fn a_command_whose_answer_was_lost_is_counted_once() {
    let mut room = logging();
    room.device("A").inject(Fault::after(CommandCode::GenerateAsymmetricKey, FaultEffect::LoseAnswer));
    room.refuses(GENERATE, key(100, "p256", "sign-ecdsa"), "vanished");
    read(&mut room, "failed.json");
    assert_eq!(room.audit(LOG), []);
    let mut taken_up = room.performed[1].clone();
    taken_up.taken_up = true;
    taken_up.outputs = Some(json!({ "serial": 13_200_460, "object_id": 100 }));
    room.performed[1] = taken_up;
    assert_eq!(room.audit(LOG), []);
}

#[test]
fn a_step_that_broke_off_once_and_was_then_done_is_in_the_log_once_or_twice() {
    for (times, found) in [(1, vec![]), (2, vec![]), (3, vec!["log-unaccounted"])] {
        let mut room = logging();
        room.perform(GENERATE, key(100, "p256", "sign-ecdsa"));
        for time in 0..times {
            room.perform(SIGN, with(json!({ "object_id": 100, "data": "x", "out": format!("{time}.sig") })));
        }
        // One step, whatever the device did.
        let made = room.performed.iter().position(|step| step.uses == SIGN).unwrap();
        room.performed.truncate(made + 1);
        room.performed.last_mut().unwrap().breaks = 1;
        read(&mut room, "log.json");
        assert_eq!(codes(&room), found, "{times}");
    }
}

#[test]
fn a_second_log_goes_on_from_the_first() {
    let mut room = logging();
    used(&mut room);
    read(&mut room, "first.json");
    room.perform(SIGN, with(json!({ "object_id": 100, "data": "y", "out": "y.sig" })));
    read(&mut room, "second.json");
    assert_eq!(room.audit(LOG), []);
    let first = room.performed.iter_mut().find(|step| step.uses == LOG).unwrap();
    first.outputs.as_mut().unwrap()["digest"] = json!("00");
    assert!(codes(&room).contains(&"log-unaccounted"));
}

#[test]
fn a_device_that_was_reset_without_a_step_is_found_and_one_that_a_step_reset_is_not() {
    let mut room = logging();
    used(&mut room);
    read(&mut room, "first.json");
    room.perform("yubihsm.reset", with(json!({})));
    let mut factory = with(json!({ "out": "second.json" }));
    factory["authentication_key"] = json!(1);
    factory["password"] = json!({ "secret": "factory-default" });
    room.perform(LOG, factory);
    assert_eq!(room.audit(LOG), []);
    room.performed.retain(|step| step.uses != "yubihsm.reset");
    assert_eq!(codes(&room), ["log-unaccounted"]);
}

#[test]
fn what_was_done_before_the_ceremony_on_a_device_whose_log_has_lost_its_beginning_is_not_its_own() {
    let mut room = logging();
    used(&mut room);
    sign_often(&room);
    room.performed.clear();
    room.perform(GENERATE, key(102, "p256", "sign-ecdsa"));
    read(&mut room, "log.json");
    assert_eq!(room.audit(LOG), []);
}

#[test]
fn entries_that_were_lost_are_said_to_be_lost() {
    let mut room = logging();
    used(&mut room);
    read(&mut room, "first.json");
    room.perform(SIGN, with(json!({ "object_id": 100, "data": "y", "out": "y.sig" })));
    sign_often(&room);
    room.perform(DELETE, with(json!({ "object_id": 100, "object_type": "asymmetric-key" })));
    read(&mut room, "second.json");
    // What is in the log from the first step's command on is compared, and what may have been written over is not missing.
    let codes = codes(&room);
    assert_eq!(codes[0], "log-gap");
    assert!(codes[1..].iter().all(|code| *code == "log-unaccounted"), "{codes:?}");
}

#[test]
fn a_log_that_was_changed_is_found() {
    let mut room = logging();
    used(&mut room);
    read(&mut room, "log.json");
    let path = room.path("products/log.json");
    let log: Vec<Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let mut changed = log.clone();
    changed[5]["target_key"] = json!(7);
    fs::write(&path, serde_json::to_vec(&changed).unwrap()).unwrap();
    assert_eq!(codes(&room), ["log"]);
    // Cut off behind: the chain holds, what the record says of it does not.
    fs::write(&path, serde_json::to_vec(&log[..log.len() - 8]).unwrap()).unwrap();
    assert!(codes(&room).starts_with(&["log"; 3]));
    fs::write(&path, "no log").unwrap();
    assert_eq!(codes(&room), ["log"]);
}

#[test]
fn an_entry_that_is_called_another_command_than_its_code_is_found() {
    let mut room = logging();
    used(&mut room);
    // Somebody signs once more, and calls it a command that only looks: the device's digest is made from the code alone.
    room.perform(SIGN, with(json!({ "object_id": 100, "data": "y", "out": "y.sig" })));
    room.performed.pop();
    read(&mut room, "log.json");
    assert_eq!(codes(&room), ["log-unaccounted"]);
    let path = room.path("products/log.json");
    let mut log: Vec<Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let signed = log.iter_mut().rfind(|entry| entry["command"] == "sign-ecdsa").unwrap();
    let item = signed["item"].clone();
    signed["command"] = json!("get-object-info");
    fs::write(&path, serde_json::to_string_pretty(&log).unwrap() + "\n").unwrap();
    let said = format!("entry {item} is called get-object-info, which is not the command 0x56");
    assert_eq!(room.audit(LOG), [("log", said)]);
}

#[test]
fn a_device_that_logs_nothing_proves_nothing() {
    let mut room = Room::provisioned(false, |_| {});
    used(&mut room);
    let outputs = read(&mut room, "log.json");
    assert_eq!(outputs["entries"], 2);
    assert_eq!(outputs["audited"], json!([]));
    assert_eq!(codes(&room), ["not-audited"]);
    room.outputs(LOG)["audited"] = Value::Null;
    assert_eq!(
        codes(&room),
        ["not-audited", "log-missing", "log-missing", "log-missing", "log-missing", "log-missing"]
    );
}

#[test]
fn the_log_needs_its_capability() {
    let mut room = logging();
    room.secret("small", "a small password");
    let small = with(json!({
        "object_id": 3,
        "label": "small",
        "domains": "all",
        "capabilities": "get-opaque",
        "delegated": "none",
        "new_password": { "secret": "small" }
    }));
    room.perform("yubihsm.put-authentication-key", small);
    let arguments = with(json!({ "authentication_key": 3, "password": { "secret": "small" }, "out": "log.json" }));
    let said = room.refuses(LOG, arguments, "not-permitted");
    assert_eq!(said, "A refused get-log-entries: authentication key 3 lacks the capability get-log-entries");
}
