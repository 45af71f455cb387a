//! What goes wrong between a command and its answer.

use crate::bench::{PASSWORD, Room, authentication_key, key, with};
use officiant_devices::yubihsm::{CommandCode, ErrorCode, Fault, FaultEffect, Settings};
use serde_json::{Value, json};
use std::time::Duration;

const GENERATE: &str = "yubihsm.generate-asymmetric-key";

fn ed25519() -> Value {
    key(100, "ed25519", "exportable-under-wrap,sign-eddsa")
}

#[test]
fn a_device_that_is_not_inserted_is_named() {
    let mut room = Room::provisioned(false, |_| {});
    room.device("A").unplug();
    let url = room.url("A");
    let said = room.refuses(GENERATE, ed25519(), "no-device");
    assert_eq!(said, format!("A is not inserted: the connector at {url} has no device"));
    room.device("A").power_off();
    let said = room.refuses(GENERATE, ed25519(), "no-device");
    assert_eq!(said, format!("A is not inserted: no connector answers at {url}"));
}

#[test]
fn another_device_in_its_place_is_refused_by_both_numbers() {
    let mut room = Room::live([("A", 13_200_460), ("B", 13_200_461)]);
    room.device("B").unplug();
    room.perform("yubihsm.device-info", json!({ "device": "A" }));
    room.device("A").unplug();
    room.device("B").plug();
    let said = room.refuses("yubihsm.put-authentication-key", authentication_key(2), "wrong-device");
    assert_eq!(said, "the device that is inserted has the serial number 13200461; A is the one with 13200460");
}

#[test]
fn a_step_finds_its_device_among_several() {
    let mut room = Room::live([("A", 13_200_460), ("B", 13_200_461)]);
    room.refuses("yubihsm.device-info", json!({ "device": "A" }), "which-device");
    room.device("B").unplug();
    room.perform("yubihsm.device-info", json!({ "device": "A" }));
    room.device("B").plug();
    for (name, serial) in [("A", 13_200_460), ("B", 13_200_461)] {
        assert_eq!(room.perform("yubihsm.device-info", json!({ "device": name }))["serial"], serial);
    }
}

#[test]
fn a_wrong_password_is_told_from_a_missing_key() {
    let mut room = Room::provisioned(false, |_| {});
    room.secret("new_password", "another password");
    let said = room.refuses(GENERATE, ed25519(), "wrong-password");
    assert_eq!(said, "this is not the password of authentication key 2 of A");
    let mut arguments = ed25519();
    arguments["authentication_key"] = json!(9);
    let said = room.refuses(GENERATE, arguments, "no-authentication-key");
    assert_eq!(said, "A has no authentication key 9");
    room.secret("new_password", PASSWORD);
    room.perform(GENERATE, ed25519());
}

#[test]
fn a_secret_that_nobody_entered_is_missing() {
    let mut room = Room::provisioned(false, |_| {});
    let mut arguments = ed25519();
    arguments["password"] = json!({ "secret": "other" });
    room.refuses(GENERATE, arguments, "no-secret");
}

#[test]
fn a_device_that_goes_before_the_command_leaves_its_outcome_open() {
    for effect in [FaultEffect::Vanish, FaultEffect::PowerOff] {
        let mut room = Room::provisioned(false, |_| {});
        room.device("A").inject(Fault::before(CommandCode::GenerateAsymmetricKey, effect));
        let said = room.refuses(GENERATE, ed25519(), "vanished");
        assert_eq!(said, "A went away during generate-asymmetric-key; whether the key was generated is not known");
        room.device("A").plug();
        room.perform(GENERATE, ed25519());
    }
}

#[test]
fn a_device_that_goes_after_the_command_leaves_its_outcome_open() {
    for effect in [FaultEffect::Vanish, FaultEffect::PowerOff] {
        let mut room = Room::provisioned(false, |_| {});
        room.device("A").inject(Fault::after(CommandCode::GenerateAsymmetricKey, effect));
        let said = room.refuses(GENERATE, ed25519(), "vanished");
        assert_eq!(said, "A went away during generate-asymmetric-key; whether the key was generated is not known");
        room.device("A").plug();
        room.refuses(GENERATE, ed25519(), "exists");
    }
}

#[test]
fn an_answer_that_is_lost_is_told_from_a_device_that_is_lost() {
    let mut room = Room::provisioned(false, |_| {});
    room.device("A").inject(Fault::after(CommandCode::GenerateAsymmetricKey, FaultEffect::LoseAnswer));
    let said = room.refuses(GENERATE, ed25519(), "vanished");
    assert_eq!(
        said,
        "the connection to A broke during generate-asymmetric-key, and A is there again; whether the key was generated is \
         not known"
    );
}

#[test]
fn a_device_that_goes_before_anything_was_changed_says_so() {
    let mut room = Room::provisioned(false, |_| {});
    room.device("A").inject(Fault::before(CommandCode::ListObjects, FaultEffect::Vanish));
    let said = room.refuses(GENERATE, ed25519(), "vanished");
    assert_eq!(said, "A went away during list-objects; nothing was changed");
    room.device("A").plug();
    room.device("A").inject(Fault::before(CommandCode::AuthenticateSession, FaultEffect::Vanish));
    let said = room.refuses(GENERATE, ed25519(), "vanished");
    assert_eq!(said, "A went away before the session was open; nothing was changed");
}

#[test]
fn a_device_that_goes_before_the_read_back_says_that_the_key_was_generated() {
    let mut room = Room::provisioned(false, |_| {});
    // The first is of the session's own authentication key.
    room.device("A").inject(Fault::before(CommandCode::GetObjectInfo, FaultEffect::Vanish).nth(2));
    let said = room.refuses(GENERATE, ed25519(), "vanished");
    assert_eq!(said, "A went away during get-object-info; the key was generated, but that could not be confirmed");
}

#[test]
fn a_missing_capability_is_named() {
    let mut room = Room::live([("A", 13_200_460)]);
    let mut arguments = authentication_key(2);
    arguments["capabilities"] = json!("generate-asymmetric-key");
    arguments["delegated"] = json!("sign-eddsa");
    arguments["domains"] = json!("1,2");
    room.perform("yubihsm.put-authentication-key", arguments);

    let said = room.refuses(GENERATE, ed25519(), "not-permitted");
    assert_eq!(
        said,
        "A refused generate-asymmetric-key: authentication key 2 may not hand on the capability exportable-under-wrap, which its \
         delegated capabilities lack"
    );
    let said = room.refuses(GENERATE, key(100, "ed25519", "sign-eddsa"), "not-permitted");
    assert_eq!(said, "A refused generate-asymmetric-key: authentication key 2 is not in the domain 3");
    let deletion = with(json!({ "object_id": 1, "object_type": "authentication-key" }));
    let said = room.refuses("yubihsm.delete-object", deletion, "not-permitted");
    assert_eq!(said, "A refused delete-object: authentication key 2 lacks the capability delete-authentication-key");
}

#[test]
fn what_a_device_refuses_is_said_in_words() {
    for (code, failure, says) in [
        (ErrorCode::StorageFailed, "storage-full", "A is full, or could not write its storage"),
        (ErrorCode::LogFull, "log-full", "the audit log of A is full, and it takes no command until the log was read"),
        (ErrorCode::AlgorithmDisabled, "algorithm-disabled", "the algorithm is switched off on A"),
        (ErrorCode::InvalidData, "refused", "A refused generate-asymmetric-key with INVALID DATA (0x02)"),
        (ErrorCode::DemoMode, "refused", "A refused generate-asymmetric-key with DEMO MODE (0x10)"),
        (ErrorCode::InvalidOtp, "refused", "A refused generate-asymmetric-key with INVALID OTP (0x0f)"),
        (ErrorCode::InvalidCommand, "refused", "A, firmware 2.4.0, does not know the command generate-asymmetric-key"),
        (
            ErrorCode::ObjectExists,
            "exists",
            "asymmetric-key 100 is there already on A, where this authentication key does not see it; this device was \
             provisioned before",
        ),
    ] {
        let mut room = Room::provisioned(false, |_| {});
        room.device("A").inject(Fault::before(CommandCode::GenerateAsymmetricKey, FaultEffect::Answer(code)));
        assert_eq!(room.refuses(GENERATE, ed25519(), failure), says);
    }
}

#[test]
fn a_session_that_the_device_forgot_is_not_taken_for_a_wrong_password() {
    let mut room = Room::provisioned(false, |_| {});
    let fault = Fault::before(CommandCode::SessionMessage, FaultEffect::Answer(ErrorCode::InvalidSession)).nth(2);
    room.device("A").inject(fault);
    let said = room.refuses(GENERATE, ed25519(), "vanished");
    assert!(said.ends_with("nothing was changed"), "{said}");
}

#[test]
fn more_steps_than_there_are_sessions_wait_for_one_to_expire() {
    let short = |settings: &mut Settings| settings.session_timeout = Duration::from_millis(1_500);
    let mut room = Room::with(false, [("A", 13_200_460)], short);
    let list = json!({ "device": "A", "password": { "secret": "factory-default" } });
    for _ in 0..20 {
        room.perform("yubihsm.list-objects", list.clone());
    }
    assert!(room.script.waits.iter().any(|(_, what)| what == "a session of A to expire; all are taken"));
}
