//! What a step finds that was in flight as the ceremony broke off.

use crate::bench::{PASSWORD, Room, authentication_key, key, with};
use officiant_devices::yubihsm::{CommandCode, Fault, FaultEffect};
use officiant_engine::conduct::Failure;
use serde_json::{Value, json};

const GENERATE: &str = "yubihsm.generate-asymmetric-key";
const PUT: &str = "yubihsm.put-authentication-key";
const DELETE: &str = "yubihsm.delete-object";
const RESET: &str = "yubihsm.reset";

fn ed25519() -> Value {
    key(100, "ed25519", "sign-eddsa")
}

fn of_key(id: u16) -> Value {
    with(json!({ "object_id": id, "object_type": "asymmetric-key" }))
}

impl Room {
    /// Performs a step in which a fault happens, and breaks off.
    fn interrupted(&mut self, uses: &str, with: Value, fault: Fault) {
        self.script.record.clear();
        self.device("A").inject(fault);
        let _ = self.attempt(uses, with);
        assert_eq!(self.device("A").pending_faults(), [], "the fault did not happen");
        self.break_off();
        self.device("A").plug();
    }

    fn probe_fails(&mut self, uses: &str, with: Value, code: &str) -> Failure {
        let failure = self.probe(uses, with).expect_err("the probe found something");
        assert_eq!(failure.code, code, "{failure}");
        assert!(failure.next.is_some(), "{failure} leaves the person alone");
        failure
    }
}

#[test]
fn a_key_whose_generation_was_never_answered_is_taken_up_and_is_what_the_device_has() {
    for effect in [FaultEffect::LoseAnswer, FaultEffect::PowerOff, FaultEffect::Vanish] {
        let mut room = Room::provisioned(false, |_| {});
        room.interrupted(GENERATE, ed25519(), Fault::after(CommandCode::GenerateAsymmetricKey, effect));
        let found = room.probe(GENERATE, ed25519()).unwrap();
        let listed = room.perform("yubihsm.list-objects", with(json!({ "object_type": "asymmetric-key" })));
        assert_eq!(listed["count"], 1);
        let mut described = listed["objects"][0].clone();
        described["serial"] = json!(13_200_460);
        assert_eq!(found, json!({ "done": described }), "{effect:?}");
    }
}

#[test]
fn a_key_whose_generation_never_arrived_is_generated() {
    for effect in [FaultEffect::LoseAnswer, FaultEffect::PowerOff, FaultEffect::Vanish] {
        let mut room = Room::provisioned(false, |_| {});
        room.interrupted(GENERATE, ed25519(), Fault::before(CommandCode::GenerateAsymmetricKey, effect));
        assert_eq!(room.probe(GENERATE, ed25519()).unwrap(), "not-done", "{effect:?}");
        room.perform(GENERATE, ed25519());
    }
}

#[test]
fn a_key_that_was_there_before_the_step_is_not_taken_for_its_own() {
    let mut room = Room::provisioned(false, |_| {});
    room.perform(GENERATE, ed25519());
    room.script.record.clear();
    room.refuses(GENERATE, ed25519(), "exists");
    room.break_off();
    assert_eq!(room.probe(GENERATE, ed25519()).unwrap(), "not-done");
    room.refuses(GENERATE, ed25519(), "exists");
    // What the step saw of another ID proves nothing of this one.
    room.script.record = vec![json!({ "observed": {
        "serial": 13_200_460, "before": { "vacant": { "object_type": "asymmetric-key", "object_id": 101 } }
    } })];
    room.break_off();
    assert_eq!(room.probe(GENERATE, ed25519()).unwrap(), "not-done");
}

#[test]
fn a_key_that_is_not_as_it_was_to_be_is_a_failure() {
    let mut room = Room::provisioned(false, |_| {});
    room.interrupted(GENERATE, ed25519(), Fault::before(CommandCode::GenerateAsymmetricKey, FaultEffect::LoseAnswer));
    room.perform(GENERATE, key(100, "ed25519", "sign-eddsa,exportable-under-wrap"));
    let failure = room.probe_fails(GENERATE, ed25519(), "read-back");
    assert!(failure.message.contains("another capabilities than"), "{failure}");
}

#[test]
fn without_its_device_nothing_is_known_and_with_another_neither() {
    let mut room = Room::live([("A", 13_200_460), ("B", 13_200_461)]);
    room.device("B").unplug();
    room.perform(PUT, authentication_key(2));
    room.interrupted(GENERATE, ed25519(), Fault::after(CommandCode::GenerateAsymmetricKey, FaultEffect::Vanish));
    room.device("A").unplug();
    room.probe_fails(GENERATE, ed25519(), "no-device");
    room.device("B").plug();
    room.probe_fails(GENERATE, ed25519(), "wrong-device");
    room.device("B").unplug();
    room.device("A").plug();
    assert!(room.probe(GENERATE, ed25519()).unwrap().get("done").is_some());
}

#[test]
fn a_name_that_no_device_was_bound_to_does_not_pass_to_another_device() {
    let mut room = Room::live([("A", 13_200_460), ("B", 13_200_461)]);
    room.device("B").unplug();
    room.interrupted(PUT, authentication_key(2), Fault::after(CommandCode::PutAuthenticationKey, FaultEffect::Vanish));
    room.device("A").unplug();
    room.device("B").plug();
    let failure = room.probe_fails(PUT, authentication_key(2), "wrong-device");
    assert_eq!(
        failure.message,
        "as the ceremony broke off, the step was at work on the device with the serial number 13200460; the one that is \
         inserted has 13200461"
    );
}

#[test]
fn an_authentication_key_is_taken_up_when_its_password_opens_a_session() {
    let mut room = Room::live([("A", 13_200_460)]);
    let fault = Fault::after(CommandCode::PutAuthenticationKey, FaultEffect::PowerOff);
    room.interrupted(PUT, authentication_key(2), fault);
    room.secret("new_password", "another password");
    let failure = room.probe_fails(PUT, authentication_key(2), "wrong-password");
    assert!(failure.message.starts_with("the authentication key was stored before the break, but no session opens"));
    room.secret("new_password", PASSWORD);
    let found = room.probe(PUT, authentication_key(2)).unwrap();
    assert_eq!((&found["done"]["object_id"], &found["done"]["origin"]), (&json!(2), &json!("imported")));
    room.perform(GENERATE, ed25519());

    let fault = Fault::before(CommandCode::PutAuthenticationKey, FaultEffect::PowerOff);
    room.interrupted(PUT, authentication_key(3), fault);
    assert_eq!(room.probe(PUT, authentication_key(3)).unwrap(), "not-done");
}

#[test]
fn an_object_that_was_deleted_is_gone_and_one_that_was_not_is_there() {
    let mut room = Room::provisioned(false, |_| {});
    room.perform(GENERATE, ed25519());
    room.interrupted(DELETE, of_key(100), Fault::before(CommandCode::DeleteObject, FaultEffect::PowerOff));
    assert_eq!(room.probe(DELETE, of_key(100)).unwrap(), "not-done");
    room.interrupted(DELETE, of_key(100), Fault::after(CommandCode::DeleteObject, FaultEffect::PowerOff));
    let done = json!({ "done": {
        "serial": 13_200_460,
        "object_id": 100,
        "object_type": "asymmetric-key",
        "label": "label_ecdsa_sign",
        "gone": true
    } });
    assert_eq!(room.probe(DELETE, of_key(100)).unwrap(), done);
    // Somebody made another one meanwhile.
    room.perform(GENERATE, ed25519());
    room.probe_fails(DELETE, of_key(100), "changed");
}

#[test]
fn an_object_that_was_never_there_was_not_deleted_by_the_step() {
    let mut room = Room::provisioned(false, |_| {});
    room.script.record.clear();
    room.refuses(DELETE, of_key(100), "not-found");
    room.break_off();
    assert_eq!(room.probe(DELETE, of_key(100)).unwrap(), "not-done");
}

#[test]
fn the_sessions_own_key_that_was_deleted_opens_no_session_and_that_is_what_was_wanted() {
    let mut room = Room::provisioned(false, |_| {});
    let factory = json!({
        "device": "A",
        "password": { "secret": "factory-default" },
        "object_id": 1,
        "object_type": "authentication-key"
    });
    room.interrupted(DELETE, factory.clone(), Fault::before(CommandCode::DeleteObject, FaultEffect::LoseAnswer));
    assert_eq!(room.probe(DELETE, factory.clone()).unwrap(), "not-done");
    room.interrupted(DELETE, factory.clone(), Fault::after(CommandCode::DeleteObject, FaultEffect::LoseAnswer));
    assert_eq!(room.probe(DELETE, factory).unwrap()["done"]["gone"], true);
}

#[test]
fn a_device_that_was_reset_is_as_it_left_the_factory() {
    let mut room = Room::provisioned(false, |_| {});
    room.interrupted(RESET, with(json!({})), Fault::before(CommandCode::ResetDevice, FaultEffect::LoseAnswer));
    assert_eq!(room.probe(RESET, with(json!({}))).unwrap(), "not-done");
    room.interrupted(RESET, with(json!({})), Fault::after(CommandCode::ResetDevice, FaultEffect::LoseAnswer));
    let done = json!({ "done": { "serial": 13_200_460, "firmware": "2.4.0" } });
    assert_eq!(room.probe(RESET, with(json!({}))).unwrap(), done);
}

#[test]
fn a_device_that_was_as_new_before_is_reset_again() {
    let mut room = Room::live([("A", 13_200_460)]);
    let factory = json!({ "device": "A", "password": { "secret": "factory-default" } });
    room.interrupted(RESET, factory.clone(), Fault::before(CommandCode::ResetDevice, FaultEffect::LoseAnswer));
    assert_eq!(room.probe(RESET, factory.clone()).unwrap(), "not-done");
    room.perform(RESET, factory);
}

#[test]
fn a_wrong_password_after_the_break_is_asked_for_again_and_decides_nothing() {
    let mut room = Room::provisioned(false, |_| {});
    room.perform(
        DELETE,
        json!({
            "device": "A",
            "password": { "secret": "factory-default" },
            "object_id": 1,
            "object_type": "authentication-key"
        }),
    );
    room.interrupted(RESET, with(json!({})), Fault::before(CommandCode::ResetDevice, FaultEffect::LoseAnswer));
    room.secret("new_password", "another password");
    room.probe_fails(RESET, with(json!({})), "wrong-password");
    room.interrupted(RESET, with(json!({})), Fault::before(CommandCode::CreateSession, FaultEffect::PowerOff));
    room.secret("new_password", PASSWORD);
    assert_eq!(room.probe(RESET, with(json!({}))).unwrap(), "not-done", "nothing was seen, so nothing was done");
}

#[test]
fn a_signature_is_made_again() {
    let mut room = Room::provisioned(false, |_| {});
    room.perform(GENERATE, ed25519());
    let sign = with(json!({ "object_id": 100, "data": "x", "out": "x.sig" }));
    room.interrupted("yubihsm.sign", sign.clone(), Fault::after(CommandCode::SignEddsa, FaultEffect::LoseAnswer));
    assert_eq!(room.probe("yubihsm.sign", sign.clone()).unwrap(), "not-done");
    room.perform("yubihsm.sign", sign);
}

#[test]
fn a_reset_by_hand_is_done_again() {
    let mut room = Room::rehearsal([("A", 13_200_460)]);
    let arguments = json!({ "device": "A", "timeout": 5 });
    room.perform("devices.touch-reset", arguments.clone());
    assert_eq!(room.probe("devices.touch-reset", arguments).unwrap(), "not-done");
}
