//! `attestation.verify` in a ceremony, and what an auditor objects to in it.

use crate::bench::{Room, key, with};
use jiff::SignedDuration;
use officiant_devices::yubihsm::rehearsal_anchors;
use serde_json::{Value, json};
use std::{fs, path::Path};

const VERIFY: &str = "attestation.verify";
const FOLDER: &str = "keys/0013200460";

fn product(end: &str) -> String {
    format!("{FOLDER}/0013200460_{end}")
}

/// A ceremony whose only device attested its key; the rehearsal's root is there as in one.
fn attested(rehearsal: bool) -> Room {
    let mut room = Room::provisioned(rehearsal, |_| {});
    let anchors = rehearsal_anchors().unwrap();
    fs::create_dir(room.path("rehearsal")).unwrap();
    fs::write(room.path("rehearsal/rehearsal-root.pem"), anchors.root_pem).unwrap();
    fs::write(room.path("rehearsal/rehearsal-sub-ca.pem"), anchors.sub_ca_pem).unwrap();
    room.perform("yubihsm.generate-asymmetric-key", key(100, "p384", "sign-ecdsa"));
    room.perform("yubihsm.get-public-key", with(json!({ "object_id": 100, "out": product("root_pubkey.pub.pem") })));
    if rehearsal {
        let (out, certificate) = (product("root_attestation.der"), product("cert.der"));
        room.perform("yubihsm.attest", with(json!({ "object_id": 100, "out": out, "certificate_out": certificate })));
    }
    room
}

/// What the runbook says.
fn arguments() -> Value {
    json!({
        "kind": "yubihsm",
        "folder": "keys",
        "device": "A",
        "label": "label_ecdsa_sign",
        "object_id": 100,
        "domains": "1,2,3",
        "capabilities": "sign-ecdsa"
    })
}

fn verified() -> Room {
    let mut room = attested(true);
    room.perform(VERIFY, arguments());
    began(&mut room);
    room
}

/// The bench knows a step's beginning only when it is over.
fn began(room: &mut Room) {
    let step = room.performed.last_mut().unwrap();
    step.began -= SignedDuration::from_mins(1);
}

#[test]
fn a_virtual_device_is_verified_in_a_rehearsal_and_the_record_of_it_holds() {
    let mut room = verified();
    let device = room.outputs(VERIFY)["devices"][0].clone();
    assert_eq!((&device["serial"], &device["rehearsal"]), (&json!(13_200_460), &json!(true)));
    assert_eq!(device["chain"], json!(["CN=REHEARSAL YubiHSM 2 Sub-CA", "CN=REHEARSAL YubiHSM Root CA"]));
    assert_eq!(device["keys"][0]["public_keys"], json!(["0013200460_root_pubkey.pub.pem"]));
    assert_eq!(room.audit(VERIFY), []);
}

#[test]
fn a_virtual_device_leads_to_the_rehearsals_root_and_to_no_other() {
    let mut room = attested(true);
    fs::rename(room.path("rehearsal"), room.path("products/anchors")).unwrap();
    let said = room.refuses(VERIFY, arguments(), "anchors");
    assert_eq!(said, "no root was brought that certificates could lead to");
    let mut brought = arguments();
    brought["anchors"] = json!("anchors");
    let said = room.refuses(VERIFY, brought, "anchors");
    assert!(said.starts_with("no root in `anchors` is one that the program knows"), "{said}");
}

#[test]
fn a_rehearsal_goes_on_without_the_folder_of_anchors_and_says_so() {
    let mut room = attested(true);
    let mut brought = arguments();
    brought["anchors"] = json!("/media/stick/anchors");
    room.perform(VERIFY, brought.clone());
    assert_eq!(
        room.informed(),
        [
            "`/media/stick/anchors` is not there; in a ceremony, the vendor's root must be in it",
            "1 device with 1 key: all that was looked at holds, up to CN=REHEARSAL YubiHSM Root CA; virtual devices have a root of \
             their own."
        ]
    );
    let mut live = Room::live([]);
    brought.as_object_mut().unwrap().remove("device");
    assert_eq!(live.refuses(VERIFY, brought, "missing"), "`/media/stick/anchors` is not there");
}

#[test]
fn a_virtual_device_is_refused_in_a_ceremony() {
    let mut rehearsed = attested(true);
    let mut room = attested(false);
    for end in ["root_attestation.der", "cert.der"] {
        let path = format!("products/{}", product(end));
        fs::write(room.path(&path), rehearsed.read(&path)).unwrap();
    }
    let root = rehearsal_anchors().unwrap().root_der;
    fs::create_dir(room.path("products/anchors")).unwrap();
    fs::write(room.path("products/anchors/root.der"), &root).unwrap();
    fs::write(room.path("products/anchors/between.der"), rehearsal_anchors().unwrap().sub_ca_der).unwrap();
    let mut live = arguments();
    live["anchors"] = json!("anchors");
    assert!(room.refuses(VERIFY, live.clone(), "anchors").starts_with("no root in `anchors`"));
    // Not even when the runbook names its root.
    live["pins"] = json!([officiant_engine::record::digest_hex(&root)]);
    let said = room.refuses(VERIFY, live, "untrue-attestation");
    assert!(said.contains("`0013200460_cert.der` is the certificate of a virtual device for REHEARSALs"), "{said}");
    rehearsed.perform(VERIFY, arguments());
}

#[test]
fn what_does_not_hold_is_recorded_with_every_devices_result() {
    let mut room = attested(true);
    fs::create_dir(room.path("products/keys/7550055")).unwrap();
    let before = room.script.observed().len();
    let said = room.refuses(VERIFY, arguments(), "untrue-attestation");
    assert!(said.contains("7550055: the device's certificate `{serial}_cert.der` is missing"), "{said}");
    assert!(said.contains("the device 7550055 is none of those that are expected"), "{said}");
    assert!(said.ends_with("13200460: nothing is wrong"), "{said}");
    let seen = &room.script.observed()[before..];
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["devices"].as_array().unwrap().len(), 2);
    assert_eq!(seen[0]["devices"][0]["keys"][0]["label"], "label_ecdsa_sign");
}

#[test]
fn anchors_that_are_not_the_steps_are_found() {
    let mut room = verified();
    let other = json!([{ "path": "rehearsal/rehearsal-root.pem", "sha256": "0".repeat(64) }]);
    room.outputs(VERIFY)["anchors"] = other;
    let says = "the record has anchors that are not in the step's folder of anchors".to_string();
    assert_eq!(room.audit(VERIFY), [("anchors", says)]);
}

#[test]
fn files_that_the_record_leaves_out_are_found() {
    let left_out = |path: &str| {
        let message = format!("`products/{path}` was there, and is not among the files that the step looked at");
        ("left-out", message)
    };
    let mut room = verified();
    let device = &mut room.outputs(VERIFY)["devices"][0];
    let files = device["files"].as_array_mut().unwrap();
    files.retain(|file| !file["path"].as_str().unwrap().ends_with("pubkey.pub.pem"));
    device["keys"][0]["public_keys"] = json!([]);
    assert_eq!(room.audit(VERIFY), [left_out(&product("root_pubkey.pub.pem"))]);
    // A device with all its files; another is still there.
    let mut room = attested(true);
    room.perform("files.write", json!({ "path": "keys/7550055/7550055_cert.der", "text": "none" }));
    fs::rename(room.path("products/keys/7550055"), room.path("aside")).unwrap();
    room.perform(VERIFY, arguments());
    began(&mut room);
    fs::rename(room.path("aside"), room.path("products/keys/7550055")).unwrap();
    assert_eq!(room.audit(VERIFY), [left_out("keys/7550055/7550055_cert.der")]);
}

#[test]
fn a_record_that_says_something_else_than_the_files_is_found() {
    for (forge, says) in [
        (
            (|room| room.outputs(VERIFY)["devices"][0]["keys"][0]["fingerprint"] = json!("00")) as fn(&mut Room),
            "attestation: what the record says of the device 13200460 is not what its files say",
        ),
        (
            |room| room.outputs(VERIFY)["devices"][0]["keys"][0]["origin"] = json!("imported"),
            "attestation: what the record says of the device 13200460 is not what its files say",
        ),
        (
            |room| room.outputs(VERIFY)["devices"][0]["root"] = json!("00"),
            "attestation: the device 13200460 leads to another root than the record says",
        ),
        (
            |room| room.outputs(VERIFY)["devices"] = json!([]),
            "attestation: there is no device among what came of the step",
        ),
        (
            |room| room.outputs(VERIFY)["devices"][0]["folder"] = json!("products/other/0013200460"),
            "path: what came of the step is about another folder than the step",
        ),
        (
            |room| room.outputs(VERIFY)["devices"][0]["files"][0]["path"] = json!("products/root.json"),
            "path: what came of the step is about another folder than the step",
        ),
        (
            |room| room.outputs(VERIFY)["devices"][0]["files"][0]["sha256"] = json!("00"),
            "digest: `products/keys/0013200460/0013200460_cert.der` is not what the step saw there",
        ),
        (
            |room| drop(room.outputs(VERIFY)["devices"][0]["files"].as_array_mut().unwrap().pop()),
            "attestation: what the record says of the device 13200460 is not what its files say",
        ),
        (
            |room| room.outputs(VERIFY)["at"] = json!("2020-01-01T00:00:00Z"),
            "time: the time as of which the step verified is not that of the step",
        ),
        (
            |room| room.outputs(VERIFY)["kind"] = json!("piv"),
            "attestation: what came of the step is about another kind of device",
        ),
        (
            |room| drop(room.performed.last_mut().unwrap().with.insert("label".into(), json!("another"))),
            "attestation: 13200460: `0013200460_root_attestation.der`: its label is `label_ecdsa_sign`, not `another`",
        ),
        (|room| room.performed.last_mut().unwrap().serial = Some(7), "attestation: there is nothing of the device 7"),
        (
            |room| fs::remove_file(room.path("products/keys/0013200460/0013200460_cert.der")).unwrap(),
            "file: what the step saw is not there any more",
        ),
        (
            |room| fs::remove_file(room.path("rehearsal/rehearsal-sub-ca.pem")).unwrap(),
            "attestation: 13200460: `0013200460_cert.der` leads to no trusted root",
        ),
        (
            |room| fs::remove_file(room.path("rehearsal/rehearsal-root.pem")).unwrap(),
            "anchors: that the devices are the vendor's is not proved",
        ),
    ] {
        let mut room = verified();
        forge(&mut room);
        let said: Vec<String> = room.audit(VERIFY).iter().map(|(code, it)| format!("{code}: {it}")).collect();
        assert!(said.iter().any(|message| message.starts_with(says)), "{says}: {said:?}");
    }
}

/// Docker's real devices in a ceremony folder, verified there; nothing where they are not here.
fn dockers(data: &Path, anchors: &str) -> Room {
    let mut room = Room::live([]);
    for serial in ["25515003", "28751259"] {
        let folder = room.path(&format!("products/keys/{serial}"));
        fs::create_dir_all(&folder).unwrap();
        for entry in fs::read_dir(data.join("docker-2024-06-04/keys").join(serial)).unwrap() {
            let entry = entry.unwrap();
            fs::write(folder.join(entry.file_name()), fs::read(entry.path()).unwrap()).unwrap();
        }
    }
    fs::create_dir(room.path("products/anchors")).unwrap();
    fs::copy(data.join("anchors/yubico-piv-ca-1.der"), room.path("products/anchors/root.der")).unwrap();
    room.perform(
        VERIFY,
        json!({ "kind": "piv", "folder": "keys", "anchors": anchors, "serials": [25_515_003, 28_751_259] }),
    );
    began(&mut room);
    room
}

#[test]
fn what_the_ceremony_has_is_proved_from_its_folder_alone_when_the_root_is_in_it() {
    let Some(data) = crate::published::real_data() else { return };
    let room = dockers(&data, "anchors");
    assert_eq!(room.audit(VERIFY), []);
    // The root has become another: it proves nothing.
    fs::write(room.path("products/anchors/root.der"), rehearsal_anchors().unwrap().root_der).unwrap();
    let said = room.audit(VERIFY);
    assert_eq!(said.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["anchors"], "{said:?}");
}

#[test]
fn a_root_outside_the_folder_is_the_auditors_to_bring() {
    let Some(data) = crate::published::real_data() else { return };
    let mut room = dockers(&data, data.join("anchors").canonicalize().unwrap().to_str().unwrap());
    let said = room.audit(VERIFY);
    assert_eq!(said.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["anchors"], "{said:?}");
    room.anchors = vec![fs::read(data.join("anchors/yubico-piv-ca-1.der")).unwrap()];
    assert_eq!(room.audit(VERIFY), []);
    room.anchors = vec![fs::read(data.join("anchors/yubihsm2-attestation-root.der")).unwrap()];
    assert!(room.audit(VERIFY)[0].1.contains("leads to no trusted root"));
}

#[test]
fn files_outside_the_folder_prove_nothing() {
    let Some(data) = crate::published::real_data() else { return };
    let data = data.canonicalize().unwrap();
    let mut room = Room::live([]);
    room.perform(
        VERIFY,
        json!({ "kind": "piv", "folder": data.join("docker-2024-06-04/keys"), "anchors": data.join("anchors") }),
    );
    began(&mut room);
    let said = room.audit(VERIFY);
    let message = "the attestations are outside the ceremony folder, and cannot be verified again from it";
    assert_eq!(said, [("outside", message.to_string())]);
}

#[test]
fn a_device_that_nobody_has_seen_is_not_verified() {
    let mut room = Room::live([]);
    let said = room.refuses(VERIFY, json!({ "kind": "yubihsm", "folder": "keys", "device": "B" }), "unknown-device");
    assert_eq!(said, "nobody has seen yet which device B is");
}
