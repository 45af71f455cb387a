//! `yubihsm.reset`.

use crate::bench::{Room, authentication_key, key, with};
use officiant_devices::yubihsm::{CommandCode, Fault, FaultEffect};
use serde_json::json;

#[test]
fn after_a_reset_the_device_is_as_it_left_the_factory() {
    let mut room = Room::provisioned(false, |_| {});
    room.perform("yubihsm.generate-asymmetric-key", key(100, "ed25519", "sign-eddsa"));
    let outputs = room.perform("yubihsm.reset", with(json!({})));
    assert_eq!(outputs, json!({ "serial": 13_200_460, "firmware": "2.4.0" }));
    room.perform("yubihsm.put-authentication-key", authentication_key(2));
    room.perform("yubihsm.generate-asymmetric-key", key(100, "ed25519", "sign-eddsa"));
}

#[test]
fn a_key_that_may_not_reset_does_not() {
    let mut room = Room::live([("A", 13_200_460)]);
    let mut arguments = authentication_key(2);
    arguments["capabilities"] = json!("generate-asymmetric-key");
    arguments["delegated"] = json!("none");
    room.perform("yubihsm.put-authentication-key", arguments);
    let said = room.refuses("yubihsm.reset", with(json!({})), "not-permitted");
    assert_eq!(said, "A cannot be reset: authentication key 2 lacks the capability reset-device");
}

#[test]
fn a_reset_that_did_not_happen_is_noticed() {
    let mut room = Room::provisioned(false, |_| {});
    // The client takes this for success.
    room.device("A").inject(Fault::before(CommandCode::ResetDevice, FaultEffect::LoseAnswer));
    let said = room.refuses("yubihsm.reset", with(json!({})), "not-reset");
    assert_eq!(said, "A is not as it left the factory: it holds 1 more objects than the factory's authentication key");
}
