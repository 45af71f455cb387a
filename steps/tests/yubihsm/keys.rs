//! `yubihsm.generate-asymmetric-key`, `get-public-key`.

use crate::bench::{Room, key, openssl, with};
use serde_json::json;
use std::fs;

#[test]
fn a_key_is_generated_as_it_was_asked_for() {
    let mut room = Room::provisioned(false, |_| {});
    for (id, algorithm, name) in [(100, "ed25519", "ed25519"), (101, "p256", "ecp256"), (102, "ecp384", "ecp384")] {
        let made =
            room.perform("yubihsm.generate-asymmetric-key", key(id, algorithm, "exportable-under-wrap,sign-eddsa"));
        assert_eq!(
            made,
            json!({
                "serial": 13_200_460,
                "object_id": id,
                "object_type": "asymmetric-key",
                "sequence": 0,
                "label": "label_ecdsa_sign",
                "algorithm": name,
                "domains": [1, 2, 3],
                "capabilities": ["sign-eddsa", "exportable-under-wrap"],
                "delegated_capabilities": [],
                "origin": "generated"
            })
        );
    }
    let found = room.perform("yubihsm.list-objects", with(json!({ "object_type": "asymmetric-key" })));
    assert_eq!(found["count"], 3);
}

#[test]
fn a_key_id_that_is_taken_stays_as_it_is() {
    let mut room = Room::provisioned(false, |_| {});
    room.perform("yubihsm.generate-asymmetric-key", key(100, "ed25519", "sign-eddsa"));
    let said = room.refuses("yubihsm.generate-asymmetric-key", key(100, "p256", "sign-ecdsa"), "exists");
    assert_eq!(
        said,
        "asymmetric-key 100 is there already on A: label `label_ecdsa_sign`; this device was provisioned before"
    );
}

#[test]
fn openssl_reads_every_public_key() {
    let mut room = Room::provisioned(false, |_| {});
    for (id, algorithm, says) in
        [(100, "ed25519", "ED25519 Public-Key"), (101, "ecp256", "prime256v1"), (102, "p384", "secp384r1")]
    {
        room.perform("yubihsm.generate-asymmetric-key", key(id, algorithm, "none"));
        let out = format!("0013200460/{id}_root_pubkey.pub.pem");
        let written = room.perform("yubihsm.get-public-key", with(json!({ "object_id": id, "out": out })));
        assert_eq!(written["path"], format!("products/{out}"));
        let path = room.path(written["path"].as_str().unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), written["pem"]);
        assert_eq!(room.made.products[0].sha256, written["sha256"]);
        let path = path.to_str().unwrap();
        let Some(text) = openssl(&["pkey", "-pubin", "-in", path, "-noout", "-text"]) else { return };
        assert!(text.contains(says), "{text}");
        let der = room.folder.path().join("key.der");
        let der = der.to_str().unwrap();
        openssl(&["pkey", "-pubin", "-in", path, "-outform", "DER", "-out", der]);
        let digest = openssl(&["dgst", "-sha256", "-r", der]).unwrap();
        assert_eq!(digest.split_whitespace().next().unwrap(), written["fingerprint"]);
    }
}

#[test]
fn a_product_is_never_replaced() {
    let mut room = Room::provisioned(false, |_| {});
    room.perform("yubihsm.generate-asymmetric-key", key(100, "ed25519", "none"));
    let export = with(json!({ "object_id": 100, "out": "key.pem" }));
    room.perform("yubihsm.get-public-key", export.clone());
    let before = room.read("products/key.pem");
    room.refuses("yubihsm.get-public-key", export.clone(), "exists");
    assert_eq!(room.read("products/key.pem"), before);
    // Nor is one on the stick that products are copied to.
    let stick = room.folder.path().join("stick");
    fs::create_dir(&stick).unwrap();
    fs::write(stick.join("other.pem"), "another").unwrap();
    room.bindings.products = Some(stick.to_str().unwrap().to_string());
    let export = with(json!({ "object_id": 100, "out": "other.pem" }));
    room.refuses("yubihsm.get-public-key", export, "exists");
    assert!(!room.path("products/other.pem").exists());
}

#[test]
fn a_product_stays_among_the_products() {
    let mut room = Room::provisioned(false, |_| {});
    room.perform("yubihsm.generate-asymmetric-key", key(100, "ed25519", "none"));
    for out in ["../key.pem", "/tmp/key.pem", "a/../../key.pem", "", "."] {
        room.refuses("yubihsm.get-public-key", with(json!({ "object_id": 100, "out": out })), "path");
    }
    std::os::unix::fs::symlink("/tmp", room.path("products/link")).unwrap();
    room.refuses("yubihsm.get-public-key", with(json!({ "object_id": 100, "out": "link/key.pem" })), "path");
}

#[test]
fn a_key_that_is_not_there_has_no_public_key() {
    let mut room = Room::provisioned(false, |_| {});
    let said = room.refuses("yubihsm.get-public-key", with(json!({ "object_id": 100, "out": "key.pem" })), "not-found");
    assert_eq!(said, "A has no asymmetric-key 100 that authentication key 2 may see");
}
