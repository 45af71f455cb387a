//! `yubihsm.sign`.

use crate::bench::{Room, key, openssl, with};
use serde_json::json;
use std::fs;

#[test]
fn openssl_verifies_what_the_device_signs() {
    let mut room = Room::provisioned(false, |_| {});
    let signed = room.path("products/root.json");
    fs::write(&signed, "what is signed").unwrap();
    let signed = signed.to_str().unwrap().to_string();
    for (id, algorithm, name) in
        [(100, "ed25519", "ed25519"), (101, "p256", "ecdsa-sha256"), (102, "p384", "ecdsa-sha384")]
    {
        room.perform("yubihsm.generate-asymmetric-key", key(id, algorithm, "sign-ecdsa,sign-eddsa"));
        let (pem, out) = (format!("{id}.pem"), format!("{id}.sig"));
        room.perform("yubihsm.get-public-key", with(json!({ "object_id": id, "out": pem })));
        let outputs = room.perform("yubihsm.sign", with(json!({ "object_id": id, "file": "root.json", "out": out })));
        assert_eq!(outputs["algorithm"], name);
        assert_eq!(hex::encode(room.read(&format!("products/{out}"))), outputs["signature"]);
        let [pem, signature] =
            [pem, out].map(|path| room.path(&format!("products/{path}")).to_str().unwrap().to_string());
        match name {
            "ed25519" => openssl(&[
                "pkeyutl", "-verify", "-pubin", "-inkey", &pem, "-rawin", "-in", &signed, "-sigfile", &signature,
            ]),
            "ecdsa-sha256" => openssl(&["dgst", "-sha256", "-verify", &pem, "-signature", &signature, &signed]),
            _ => openssl(&["dgst", "-sha384", "-verify", &pem, "-signature", &signature, &signed]),
        };
        let text = json!({ "object_id": id, "data": "what is signed", "out": format!("{id}-text.sig") });
        assert_eq!(room.perform("yubihsm.sign", with(text))["signed_sha256"], outputs["signed_sha256"]);
    }
}

#[test]
fn a_signature_is_of_a_text_or_of_a_file() {
    let mut room = Room::provisioned(false, |_| {});
    for more in
        [json!({ "object_id": 100, "out": "s" }), json!({ "object_id": 100, "out": "s", "data": "x", "file": "y" })]
    {
        room.refuses("yubihsm.sign", with(more), "wrong-argument");
    }
    room.refuses("yubihsm.sign", with(json!({ "object_id": 100, "out": "s", "file": "../x" })), "path");
    room.refuses("yubihsm.sign", with(json!({ "object_id": 100, "out": "s", "file": "x" })), "file");
}

#[test]
fn what_is_too_long_for_ed25519_is_refused_before_the_device_sees_it() {
    let mut room = Room::provisioned(false, |_| {});
    room.perform("yubihsm.generate-asymmetric-key", key(100, "ed25519", "sign-eddsa"));
    let fits = json!({ "object_id": 100, "out": "fits", "data": "x".repeat(2_000) });
    room.perform("yubihsm.sign", with(fits));
    let long = json!({ "object_id": 100, "out": "long", "data": "x".repeat(2_001) });
    room.refuses("yubihsm.sign", with(long), "too-long");
}

#[test]
fn a_key_without_the_capability_does_not_sign() {
    let mut room = Room::provisioned(false, |_| {});
    room.perform("yubihsm.generate-asymmetric-key", key(100, "ed25519", "sign-ecdsa"));
    room.refuses("yubihsm.sign", with(json!({ "object_id": 100, "out": "s", "data": "x" })), "not-permitted");
    assert!(!room.path("products/s").exists());
}
