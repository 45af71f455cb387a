//! What an auditor objects to in recorded steps.

use crate::bench::{Room, key, with};
use jiff::SignedDuration;
use officiant_devices::yubihsm::{Ed25519Attestation, rehearsal_anchors};
use serde_json::{Value, json};
use std::fs;

const GENERATE: &str = "yubihsm.generate-asymmetric-key";
const ATTEST: &str = "yubihsm.attest";
const EXPORT: &str = "yubihsm.get-public-key";
const SIGN: &str = "yubihsm.sign";

/// A rehearsal in which a key was generated, exported, attested and used.
fn rehearsed(algorithm: &str) -> Room {
    let mut room = Room::provisioned(true, |settings| settings.ed25519_attestation = Ed25519Attestation::Attested);
    let anchors = rehearsal_anchors().unwrap();
    fs::create_dir(room.path("rehearsal")).unwrap();
    fs::write(room.path("rehearsal/rehearsal-root.pem"), anchors.root_pem).unwrap();
    fs::write(room.path("rehearsal/rehearsal-sub-ca.pem"), anchors.sub_ca_pem).unwrap();
    room.perform(GENERATE, key(100, algorithm, "sign-ecdsa,sign-eddsa"));
    room.perform(EXPORT, with(json!({ "object_id": 100, "out": "key.pem" })));
    attest(&mut room, 100);
    room.perform("files.write", json!({ "path": "root.json", "text": "what is signed" }));
    room.perform(SIGN, with(json!({ "object_id": 100, "file": "root.json", "out": "root.sig" })));
    room
}

fn attest(room: &mut Room, id: u16) {
    let (out, certificate) = (format!("{id}.der"), format!("{id}-device.pem"));
    room.perform(ATTEST, with(json!({ "object_id": id, "out": out, "certificate_out": certificate })));
}

fn messages(room: &Room, uses: &str) -> Vec<String> {
    room.audit(uses).into_iter().map(|(_, message)| message).collect()
}

fn codes(room: &Room, uses: &str) -> Vec<&'static str> {
    room.audit(uses).into_iter().map(|(code, _)| code).collect()
}

#[test]
fn what_was_done_and_recorded_holds() {
    for algorithm in ["ed25519", "p256", "p384"] {
        let room = rehearsed(algorithm);
        for uses in ["yubihsm.put-authentication-key", GENERATE, EXPORT, ATTEST, "files.write", SIGN] {
            assert_eq!(room.audit(uses), [], "{algorithm} {uses}");
        }
    }
}

#[test]
fn an_attestation_that_says_something_else_than_the_record_is_found() {
    for (forge, says) in [
        (
            (|room| room.outputs(ATTEST)["fingerprint"] = json!("00")) as fn(&mut Room),
            "the attestation is of another public key than the record says",
        ),
        (|room| room.outputs(ATTEST)["object_id"] = json!(7), "the step is about object 100, what came of it about 7"),
        (
            |room| room.outputs(ATTEST)["issuer"] = json!("CN=Somebody"),
            "the device's certificate has the issuer `CN=REHEARSAL YubiHSM 2 Sub-CA`, the record says otherwise",
        ),
        (
            |room| room.outputs(GENERATE)["label"] = json!("another"),
            "the attestation has another label than the key had when it was generated",
        ),
        (
            |room| room.outputs(GENERATE)["capabilities"] = json!(["sign-eddsa"]),
            "the attestation has another capabilities than the key had when it was generated",
        ),
        (
            |room| room.outputs(GENERATE)["domains"] = json!([1]),
            "the attestation has another domains than the key had when it was generated",
        ),
        (
            |room| room.outputs(GENERATE)["origin"] = json!("imported"),
            "the attestation has another origin than the key had when it was generated",
        ),
        (
            |room| {
                let path = room.path("products/100.der");
                let mut bytes = fs::read(&path).unwrap();
                *bytes.last_mut().unwrap() ^= 1;
                fs::write(path, bytes).unwrap();
            },
            "the attestation does not hold: the device certificate's key did not sign it",
        ),
        (
            |room| fs::write(room.path("products/100.der"), "no certificate").unwrap(),
            "`products/100.der` does not hold: it is no X.509 certificate",
        ),
        (
            |room| fs::remove_file(room.path("rehearsal/rehearsal-sub-ca.pem")).unwrap(),
            "the device's certificate leads to no trusted root: no certificate of `CN=REHEARSAL YubiHSM 2 Sub-CA`",
        ),
        (
            |room| fs::remove_file(room.path("rehearsal/rehearsal-root.pem")).unwrap(),
            "the device's certificate leads to no trusted root: there is no root among the anchors, only intermediates",
        ),
        (
            |room| {
                for step in &mut room.performed {
                    step.at -= SignedDuration::from_hours(20 * 365 * 24);
                }
            },
            "the attestation was not valid at that time",
        ),
    ] {
        let mut room = rehearsed("p256");
        forge(&mut room);
        let said = messages(&room, ATTEST);
        assert!(said.iter().any(|message| message.starts_with(says)), "{says}: {said:?}");
    }
}

#[test]
fn an_attestation_of_another_key_of_the_same_device_is_found() {
    let mut room = rehearsed("p256");
    room.perform(GENERATE, key(101, "p256", "sign-ecdsa,sign-eddsa"));
    fs::remove_file(room.path("products/100.der")).unwrap();
    let again = json!({ "object_id": 101, "out": "100.der", "certificate_out": "other.pem" });
    room.perform(ATTEST, with(again));
    room.performed.pop();
    let said = messages(&room, ATTEST);
    assert!(said.contains(&"the attestation is of another public key than the record says".to_string()), "{said:?}");
    assert!(said.contains(&"the attestation is of object 101, the record says otherwise".to_string()), "{said:?}");
}

#[test]
fn a_key_that_was_not_attested_is_said_to_be_unproved() {
    let mut room = Room::provisioned(true, |_| {});
    room.perform(GENERATE, key(100, "ed25519", "sign-eddsa"));
    let arguments = json!({ "object_id": 100, "out": "a.der", "certificate_out": "c.der", "required": false });
    room.perform(ATTEST, with(arguments));
    assert!(codes(&room, ATTEST).contains(&"not-attested"));
}

#[test]
fn the_files_of_one_key_agree_until_another_key_takes_its_place() {
    let mut room = rehearsed("p256");
    let fingerprint = room.outputs(EXPORT)["fingerprint"].clone();
    // A forger who writes another public key in both places is contradicted by the attestation.
    room.perform(GENERATE, key(101, "p256", "none"));
    room.perform(EXPORT, with(json!({ "object_id": 101, "out": "forged.pem" })));
    let mut forged = room.performed.pop().unwrap();
    room.performed.pop();
    forged.with.insert("object_id".into(), json!(100));
    forged.outputs.as_mut().unwrap()["object_id"] = json!(100);
    room.performed.push(forged);
    // The earlier export, the attestation and the signature.
    assert_eq!(codes(&room, EXPORT), ["another-key"; 3]);
    assert!(messages(&room, EXPORT)[0].contains(fingerprint.as_str().unwrap()));
    room.performed.pop();

    room.perform("yubihsm.delete-object", with(json!({ "object_id": 100, "object_type": "asymmetric-key" })));
    room.perform(GENERATE, key(100, "p256", "none"));
    room.perform(EXPORT, with(json!({ "object_id": 100, "out": "next.pem" })));
    assert_ne!(room.outputs(EXPORT)["fingerprint"], fingerprint);
    assert_eq!(room.audit(EXPORT), []);
}

#[test]
fn a_public_key_file_that_is_not_the_recorded_key_is_found() {
    let mut room = rehearsed("p256");
    room.perform(GENERATE, key(101, "p256", "none"));
    room.perform(EXPORT, with(json!({ "object_id": 101, "out": "other.pem" })));
    room.performed.truncate(room.performed.len() - 2);
    fs::copy(room.path("products/other.pem"), room.path("products/key.pem")).unwrap();
    let said = messages(&room, EXPORT);
    assert!(said.contains(&"the public key in the file has another fingerprint than the record says".to_string()));
    fs::write(room.path("products/key.pem"), "no key").unwrap();
    assert_eq!(messages(&room, EXPORT), ["the file is no public key of a YubiHSM 2, PEM"]);
    *room.outputs(EXPORT) = json!({ "serial": 1, "object_id": 100 });
    assert_eq!(codes(&room, EXPORT), ["serial"]);
}

#[test]
fn keys_and_certificates_that_are_larger_than_any_are_not_read() {
    let larger = "\n".repeat(64 * 1024);
    for (uses, name) in [(EXPORT, "key.pem"), (ATTEST, "100.der"), (ATTEST, "100-device.pem")] {
        let room = rehearsed("p256");
        let path = room.path("products").join(name);
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend(larger.bytes());
        fs::write(path, bytes).unwrap();
        let said = messages(&room, uses);
        let why = format!("`products/{name}`: it is larger than 65536 bytes");
        assert!(said.iter().any(|message| message.contains(&why)), "{name}: {said:?}");
    }
    let room = rehearsed("p256");
    let path = room.path("rehearsal/rehearsal-root.pem");
    let root = fs::read_to_string(&path).unwrap();
    for (more, found) in [(&larger[..60_000], vec![]), (&larger[..], vec!["chain"])] {
        fs::write(&path, format!("{more}{root}")).unwrap();
        assert_eq!(codes(&room, ATTEST), found, "{}", more.len());
    }
}

#[test]
fn a_signature_that_does_not_verify_is_found() {
    for algorithm in ["ed25519", "p256", "p384"] {
        let mut room = rehearsed(algorithm);
        fs::write(room.path("products/root.json"), "something else").unwrap();
        assert_eq!(codes(&room, SIGN), ["signed-file", "signature"], "{algorithm}");
        let digest = officiant_engine::record::digest_hex(b"something else");
        room.outputs(SIGN)["signed_sha256"] = json!(digest);
        assert_eq!(codes(&room, SIGN), ["signature"], "{algorithm}");
    }
    let mut room = rehearsed("p256");
    room.performed.retain(|step| step.uses != ATTEST);
    assert_eq!(room.audit(SIGN), [], "the exported key verifies it");
    room.performed.retain(|step| step.uses != EXPORT);
    assert_eq!(codes(&room, SIGN), ["public-key"]);
    fs::write(room.path("products/root.sig"), "another").unwrap();
    assert_eq!(codes(&room, SIGN), ["signature", "public-key"]);
}

#[test]
fn an_object_that_is_not_as_it_was_asked_for_is_found() {
    for (uses, name, value) in [
        (GENERATE, "label", json!("another")),
        (GENERATE, "domains", json!([1])),
        (GENERATE, "capabilities", json!(["exportable-under-wrap"])),
        (GENERATE, "algorithm", json!("ed25519")),
        (GENERATE, "origin", json!("imported")),
        ("yubihsm.put-authentication-key", "label", json!("another")),
        ("yubihsm.put-authentication-key", "domains", json!([1])),
    ] {
        let mut room = rehearsed("p256");
        room.outputs(uses)[name] = value;
        assert_eq!(codes(&room, uses), ["not-as-asked"], "{uses} {name}");
    }
}

#[test]
fn files_that_steps_measured_are_looked_at_again() {
    let mut room = rehearsed("p256");
    let outside = room.folder.path().join("stick");
    fs::create_dir(&outside).unwrap();
    let outside = outside.join("key.pem").to_str().unwrap().to_string();
    room.perform("files.copy", json!({ "from": "key.pem", "to": outside }));
    assert_eq!(room.audit("files.copy"), []);
    room.perform("files.copy", json!({ "from": "key.pem", "to": "copy.pem" }));
    room.perform("files.digest", json!({ "path": "copy.pem" }));
    room.perform("files.check", json!({ "paths": ["copy.pem", "key.pem"] }));
    for uses in ["files.copy", "files.digest", "files.check"] {
        assert_eq!(room.audit(uses), [], "{uses}");
    }
    fs::write(room.path("products/copy.pem"), "something else").unwrap();
    for uses in ["files.copy", "files.digest", "files.check"] {
        assert_eq!(codes(&room, uses), ["digest"], "{uses}");
    }
    fs::remove_file(room.path("products/copy.pem")).unwrap();
    assert_eq!(codes(&room, "files.digest"), ["file"]);
    let write = room.performed.iter_mut().find(|step| step.uses == "files.write").unwrap();
    write.with.insert("text".into(), Value::from("another text"));
    assert_eq!(codes(&room, "files.write"), ["digest"]);
}

#[test]
fn a_computer_that_was_online_is_found() {
    let mut room = rehearsed("p256");
    for (interfaces, found) in
        [(json!({ "lo": "unknown", "eth0": "down" }), vec![]), (json!({ "eth0": "up" }), vec!["online"])]
    {
        room.performed[0].uses = "host.offline".into();
        room.performed[0].with = serde_json::Map::new();
        room.performed[0].outputs = Some(json!({ "interfaces": interfaces }));
        assert_eq!(codes(&room, "host.offline"), found);
    }
}
