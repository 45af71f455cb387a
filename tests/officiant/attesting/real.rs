//! Real devices: Docker's twelve of 2024-06-04 and the PSF's two of 2020-10-30.

use super::room::{Files, Room, Said, real_data, verify};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const DOCKER: &str = "docker-2024-06-04/keys";
const PSF: &str = "psf-2020-10-30";

/// Docker's devices, and how they share the certificates of F9.
const BATCHES: [&[&str]; 3] = [
    &["25515003", "25515137", "25515139", "25515142", "25515264", "25515267", "25515985", "25515991"],
    &["28751258", "28751259", "28751288"],
    &["25599865"],
];

/// A device's files, as `keys/…`.
fn device(data: &Path, folder: &str, serial: &str) -> Files {
    let files = fs::read_dir(data.join(folder).join(serial)).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| format!("keys/{serial}/{}", path.file_name().unwrap().to_str().unwrap());
    files.map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

fn verified(data: &Path, kind: &str, files: &Files, arguments: &[&str]) -> Said {
    let anchors = format!("anchors={}", data.join("anchors").display());
    verify(Room::with(files).0.path(), kind, &[&["folder=keys", &anchors], arguments].concat())
}

#[test]
fn dockers_twelve_devices_hold() {
    let Some(data) = real_data() else { return };
    let arguments = ["folder=docker-2024-06-04/keys", "anchors=anchors", "fips=true", "firmware_at_least=5.4.3"];
    let outputs =
        verify(&data, "piv", &[&arguments[..], &["pin_policy=always", "touch_policy=never"]].concat()).holds();
    let devices = outputs["devices"].as_array().unwrap();
    let mut serials: Vec<String> = devices.iter().map(|it| it["serial"].to_string()).collect();
    let mut expected: Vec<&str> = BATCHES.concat();
    serials.sort();
    expected.sort_unstable();
    assert_eq!(serials, expected);
    for device in devices {
        assert_eq!(device["chain"], serde_json::json!(["CN=Yubico PIV Root CA Serial 263751"]));
        let key = &device["keys"][0];
        assert_eq!((&key["slot"], &key["algorithm"]), (&"9c".into(), &"ecp384".into()));
        assert!(device["held_by"].as_str().unwrap().starts_with('@'), "{device}");
    }
    // As openssl sees the same key.
    let leaf = data.join(DOCKER).join("25515003/Slot9CAttestation.pem");
    let key = Command::new("openssl").args(["x509", "-noout", "-pubkey", "-in"]).arg(leaf).output().unwrap();
    let der = der::pem::decode_vec(&key.stdout).unwrap().1;
    let found = devices.iter().find(|it| it["serial"] == 25_515_003).unwrap();
    assert_eq!(found["keys"][0]["fingerprint"], super::room::digest(&der));
}

#[test]
fn the_psfs_two_devices_hold() {
    let Some(data) = real_data() else { return };
    let arguments = ["folder=psf-2020-10-30", "anchors=anchors", "domains=1", "capabilities=sign-ecdsa"];
    let outputs = verify(&data, "yubihsm", &arguments).holds();
    assert_eq!(outputs["passed_over"], serde_json::json!(["photos"]));
    let mut keys = Vec::new();
    for device in outputs["devices"].as_array().unwrap() {
        let chain = serde_json::json!(["CN=Yubico YubiHSM 6742036 Sub-CA", "CN=Yubico YubiHSM Root CA"]);
        assert_eq!(device["chain"], chain);
        for key in device["keys"].as_array().unwrap() {
            assert_eq!((&key["origin"], &key["exportable"]), (&"generated".into(), &false.into()));
            assert_eq!(key["public_keys"].as_array().unwrap().len(), 2);
            keys.push((device["serial"].clone(), key["label"].clone(), key["object_id"].clone()));
        }
    }
    let key = |serial: u32, label: &str, id: u16| (serial.into(), label.into(), id.into());
    let expected = [13_200_460, 13_200_461].map(|serial| [key(serial, "tuf-root", 3), key(serial, "tuf-targets", 4)]);
    assert_eq!(keys, expected.concat());
}

#[test]
fn a_certificate_of_another_batch_is_refused_though_its_name_is_the_same() {
    let Some(data) = real_data() else { return };
    for (at, batch) in BATCHES.iter().enumerate() {
        let mut files = device(&data, DOCKER, batch[0]);
        let other = BATCHES[(at + 1) % BATCHES.len()][0];
        let f9 = device(&data, DOCKER, other)[&format!("keys/{other}/SlotF9Intermediate.pem")].clone();
        files.insert(format!("keys/{}/SlotF9Intermediate.pem", batch[0]), f9);
        let said = verified(&data, "piv", &files, &[]);
        said.refused(batch[0], "`Slot9CAttestation.pem`: the key of the device's certificate did not sign it");
    }
}

#[test]
fn an_attestation_of_another_real_device_is_refused() {
    let Some(data) = real_data() else { return };
    let mut files = device(&data, DOCKER, "25515003");
    let other = device(&data, DOCKER, "25515137")["keys/25515137/Slot9CAttestation.pem"].clone();
    files.insert("keys/25515003/Slot9CAttestation.pem".into(), other);
    verified(&data, "piv", &files, &[])
        .refused("PIV", "25515003: `Slot9CAttestation.pem`: it is of the device 25515137");

    let mut files = device(&data, PSF, "0013200460");
    let other = device(&data, PSF, "0013200461");
    for (name, bytes) in &other {
        files.insert(name.replace("0013200461", "0013200460"), bytes.clone());
    }
    let said = verified(&data, "yubihsm", &files, &[]);
    said.refused("YubiHSM", "`0013200460_cert.der` is of the device 13200461");
    said.refused("YubiHSM", "`0013200460_root_attestation.der`: it is of the device 13200461");
}

#[test]
fn keys_that_are_exchanged_are_refused() {
    let Some(data) = real_data() else { return };
    for end in ["pem", "pub"] {
        let mut files = device(&data, PSF, "0013200460");
        let other = files[&format!("keys/0013200460/0013200460_targets_pubkey.{end}")].clone();
        files.insert(format!("keys/0013200460/0013200460_root_pubkey.{end}"), other);
        let reason = format!("`0013200460_root_pubkey.{end}`: it is another public key than the attested one");
        verified(&data, "yubihsm", &files, &[]).refused(end, &reason);
    }
}

#[test]
fn real_devices_are_what_is_asked_for_or_refused() {
    let Some(data) = real_data() else { return };
    let files = device(&data, PSF, "0013200460");
    let one = "attestation={serial}_root_attestation.der";
    for (argument, reason) in [
        ("label=tuf-targets", "its label is `tuf-root`, not `tuf-targets`"),
        ("object_id=4", "it is of object 3, not 4"),
        ("domains=2", "its domains are 1, not 2"),
        (
            "capabilities=sign-ecdsa,exportable-under-wrap",
            "its capabilities are sign-ecdsa, not sign-ecdsa, exportable-under-wrap",
        ),
        ("firmware_at_least=2.2.0", "its firmware is 2.1.2, older than 2.2.0"),
        ("fips=true", "it is not of a FIPS device"),
        ("slot=9c", "`slot` is of another kind of device than `kind`"),
    ] {
        let said = verified(&data, "yubihsm", &files, &[one, "public_key={serial}_root_pubkey.pem", argument]);
        said.refused(argument, reason);
    }
    let all =
        ["label=tuf-root", "object_id=3", "domains=1", "capabilities=sign-ecdsa", "serials=13200460", "fips=false"];
    verified(&data, "yubihsm", &files, &[&[one, "public_key={serial}_root_pubkey.pem"], &all[..]].concat()).holds();
    // A kind is not another.
    let said =
        verified(&data, "piv", &files, &["certificate={serial}_cert.der", "attestation={serial}_root_attestation.der"]);
    said.refused("another kind", "its subject `CN=YubiHSM Attestation id:0x0003` names no slot");
}

#[test]
fn what_a_real_device_said_is_refused_with_any_byte_changed() {
    let Some(data) = real_data() else { return };
    for (folder, serial, kind, name) in [
        (DOCKER, "25515003", "piv", "Slot9CAttestation.pem"),
        (DOCKER, "25515003", "piv", "SlotF9Intermediate.pem"),
        (PSF, "0013200460", "yubihsm", "0013200460_root_attestation.der"),
        (PSF, "0013200460", "yubihsm", "0013200460_cert.der"),
    ] {
        let path = format!("keys/{serial}/{name}");
        let files = device(&data, folder, serial);
        let is_pem = kind == "piv";
        let der = if is_pem { der::pem::decode_vec(&files[&path]).unwrap().1 } else { files[&path].clone() };
        // Every 29th, beginning elsewhere in each file.
        for at in (name.len()..der.len()).step_by(29) {
            let mut bytes = der.clone();
            bytes[at] ^= 1;
            let mut files = files.clone();
            files.insert(path.clone(), if is_pem { super::authority::certificate_pem(&bytes) } else { bytes });
            let said = verified(&data, kind, &files, &[]);
            assert_eq!(said.code, Some(1), "{name}, byte {at}: {}", said.stderr);
        }
    }
}

#[test]
fn the_vendors_roots_alone_make_no_chain_of_the_other_kind() {
    let Some(data) = real_data() else { return };
    let files = device(&data, PSF, "0013200460");
    let mut room = files.clone();
    let root = fs::read(data.join("anchors/yubico-piv-ca-1.der")).unwrap();
    room.insert("anchors/piv.der".into(), root);
    Room::with(&room).verify("yubihsm", &[]).refused("PIV's root for a YubiHSM", "no root in `");
    let intermediate = fs::read(data.join("anchors/yubihsm2-attestation-intermediate-E45DA5F3.der")).unwrap();
    room.insert("anchors/between.der".into(), intermediate);
    Room::with(&room).verify("yubihsm", &[]).refused("only what is between", "no root in `");
    let root = fs::read(data.join("anchors/yubihsm2-attestation-root.der")).unwrap();
    room.insert("anchors/root.der".into(), root);
    Room::with(&room).verify("yubihsm", &[]).holds();
    room.remove("anchors/between.der");
    let reason =
        "no certificate of `CN=Yubico YubiHSM 6742036 Sub-CA` that signed that of `CN=YubiHSM Attestation (13200460)`";
    Room::with(&room).verify("yubihsm", &[]).refused("nothing between", reason);
}
