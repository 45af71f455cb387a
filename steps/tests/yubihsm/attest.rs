//! `yubihsm.attest`.

use crate::bench::{Room, key, openssl, with};
use officiant_devices::yubihsm::{Ed25519Attestation, ErrorCode, Settings, rehearsal_anchors};
use serde_json::{Value, json};
use std::fs;

fn attest(more: Value) -> Value {
    let mut arguments = with(json!({ "object_id": 100, "out": "attestation.pem", "certificate_out": "device.pem" }));
    let (Value::Object(arguments_map), Value::Object(more)) = (&mut arguments, more) else { panic!("no object") };
    arguments_map.extend(more);
    arguments
}

fn attests_ed25519(settings: &mut Settings) {
    settings.ed25519_attestation = Ed25519Attestation::Attested;
}

#[test]
fn an_attested_key_leads_up_to_the_rehearsal_root() {
    for algorithm in ["ed25519", "p256", "p384"] {
        let mut room = Room::provisioned(true, attests_ed25519);
        room.perform("yubihsm.generate-asymmetric-key", key(100, algorithm, "sign-ecdsa,sign-eddsa"));
        let outputs = room.perform("yubihsm.attest", attest(json!({})));
        assert_eq!((&outputs["attested"], &outputs["finding"]), (&json!(true), &json!(null)));
        assert_eq!(outputs["path"], "products/attestation.pem");
        assert_eq!(outputs["certificate_path"], "products/device.pem");
        assert_eq!(outputs["subject"], "CN=REHEARSAL YubiHSM Attestation (13200460)");
        assert!(outputs["issuer"].as_str().unwrap().starts_with("CN=REHEARSAL YubiHSM"));
        let exported = room.perform("yubihsm.get-public-key", with(json!({ "object_id": 100, "out": "key.pem" })));
        assert_eq!(exported["fingerprint"], outputs["fingerprint"]);

        let anchors = rehearsal_anchors().unwrap();
        let (anchor, sub) = (room.path("root.pem"), room.path("sub.pem"));
        fs::write(&anchor, anchors.root_pem).unwrap();
        fs::write(&sub, anchors.sub_ca_pem).unwrap();
        let (leaf, device) = (room.path("products/attestation.pem"), room.path("products/device.pem"));
        let files = [&anchor, &sub, &device, &leaf].map(|path| path.to_str().unwrap());
        let [anchor, sub, device, leaf] = files;
        openssl(&["verify", "-CAfile", anchor, "-untrusted", sub, "-untrusted", device, leaf]);
        let Some(attested) = openssl(&["x509", "-in", leaf, "-noout", "-pubkey"]) else { return };
        assert_eq!(attested, exported["pem"].as_str().unwrap());
    }
}

#[test]
fn a_certificate_is_pem_or_der_by_the_end_of_its_name() {
    let mut room = Room::provisioned(true, attests_ed25519);
    room.perform("yubihsm.generate-asymmetric-key", key(100, "ed25519", "sign-eddsa"));
    room.perform("yubihsm.attest", attest(json!({ "out": "a.der", "certificate_out": "c.der" })));
    assert_eq!(room.read("products/c.der"), room.device("A").attestation_certificate());
    let path = room.path("products/a.der");
    openssl(&["x509", "-inform", "der", "-in", path.to_str().unwrap(), "-noout"]);
    room.refuses("yubihsm.attest", attest(json!({ "out": "a.crt" })), "path");
    room.refuses("yubihsm.attest", attest(json!({ "out": "device.pem" })), "path");
}

#[test]
fn a_device_that_does_not_attest_ed25519_is_a_finding_when_attestation_is_not_required() {
    for code in [
        ErrorCode::InvalidData,
        ErrorCode::InvalidCommand,
        ErrorCode::InsufficientPermissions,
        ErrorCode::WrongLength,
        ErrorCode::AlgorithmDisabled,
        ErrorCode::CommandUnexecuted,
    ] {
        let refuses = |settings: &mut Settings| settings.ed25519_attestation = Ed25519Attestation::Refused(code);
        let mut room = Room::provisioned(true, refuses);
        room.perform("yubihsm.generate-asymmetric-key", key(100, "ed25519", "sign-eddsa"));
        let said = room.refuses("yubihsm.attest", attest(json!({})), "not-attested");
        assert!(!room.path("products/device.pem").exists());

        let outputs = room.perform("yubihsm.attest", attest(json!({ "required": false })));
        assert_eq!((&outputs["attested"], &outputs["path"]), (&json!(false), &json!(null)));
        assert_eq!(outputs["finding"], said);
        assert_eq!(room.read("products/device.pem").first(), Some(&b'-'));
        assert!(!room.path("products/attestation.pem").exists());
        assert_eq!(room.script.record.last(), Some(&json!({ "observed": { "finding": said } })));
    }
}

#[test]
fn a_key_that_may_not_be_attested_with_this_authentication_key_is_no_finding() {
    let mut room = Room::provisioned(true, |_| {});
    room.perform("yubihsm.generate-asymmetric-key", key(100, "ed25519", "sign-eddsa"));
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
    let arguments = attest(json!({ "authentication_key": 3, "password": { "secret": "small" }, "required": false }));
    let said = room.refuses("yubihsm.attest", arguments, "not-permitted");
    assert_eq!(
        said,
        "A refused sign-attestation-certificate: authentication key 3 lacks the capability sign-attestation-certificate"
    );
}

#[test]
fn a_virtual_device_is_refused_in_a_ceremony_and_nothing_is_written() {
    let mut room = Room::provisioned(false, attests_ed25519);
    room.perform("yubihsm.generate-asymmetric-key", key(100, "ed25519", "sign-eddsa"));
    for required in [true, false] {
        let said = room.refuses("yubihsm.attest", attest(json!({ "required": required })), "rehearsal-device");
        assert_eq!(said, "A is a virtual device for rehearsals: CN=REHEARSAL YubiHSM Attestation (13200460)");
    }
    assert_eq!(fs::read_dir(room.path("products")).unwrap().count(), 0);
}

#[test]
fn a_key_that_is_not_there_is_not_attested() {
    let mut room = Room::provisioned(true, |_| {});
    room.refuses("yubihsm.attest", attest(json!({})), "not-found");
    room.perform("yubihsm.generate-asymmetric-key", key(100, "p256", "sign-ecdsa"));
    room.refuses("yubihsm.attest", attest(json!({ "attestation_key": 7 })), "not-found");
}

#[test]
fn a_file_that_is_there_already_is_said_to_be_the_same_or_not() {
    let mut room = Room::provisioned(true, attests_ed25519);
    room.perform("yubihsm.generate-asymmetric-key", key(100, "ed25519", "sign-eddsa"));
    room.perform("yubihsm.attest", attest(json!({})));
    let said = room.refuses("yubihsm.attest", attest(json!({ "out": "other.pem" })), "exists");
    assert_eq!(said, "`products/device.pem` is there already, and is the same");
    assert!(!room.path("products/other.pem").exists());
    fs::write(room.path("products/attestation.pem"), "another").unwrap();
    let said = room.refuses("yubihsm.attest", attest(json!({ "certificate_out": "other.pem" })), "exists");
    assert_eq!(said, "`products/attestation.pem` is there already, and is not the same");
    assert!(!room.path("products/other.pem").exists(), "nothing is written when the other cannot be");

    let export = with(json!({ "object_id": 100, "out": "key.pem" }));
    room.perform("yubihsm.get-public-key", export.clone());
    let said = room.refuses("yubihsm.get-public-key", export.clone(), "exists");
    assert_eq!(said, "`products/key.pem` is there already, and is the same");
    fs::write(room.path("products/key.pem"), "another").unwrap();
    let said = room.refuses("yubihsm.get-public-key", export.clone(), "exists");
    assert_eq!(said, "`products/key.pem` is there already, and is not the same");
    assert_eq!(room.read("products/key.pem"), b"another");
    fs::remove_file(room.path("products/key.pem")).unwrap();
    fs::create_dir(room.path("products/key.pem")).unwrap();
    room.refuses("yubihsm.get-public-key", export, "exists");
}
