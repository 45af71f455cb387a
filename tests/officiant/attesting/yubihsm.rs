//! Files of YubiHSM 2 devices that are not what they should be.

use super::{
    authority::{Draft, Key, certificate_pem, pem},
    room::{Files, Room, digest},
};
use der::Encode;

const SERIAL: u32 = 13_200_460;
const OID: &str = "1.3.6.1.4.1.41482.4.";

struct YubiHsm {
    device: Draft,
    leaf: Draft,
}

fn oid(number: u8) -> String {
    format!("{OID}{number}")
}

impl YubiHsm {
    fn genuine() -> Self {
        let serial = [&[2, 4], SERIAL.to_be_bytes().as_slice()].concat();
        let name = "CN=YubiHSM Attestation (13200460)";
        let leaf = Draft::new("CN=YubiHSM Attestation id:0x0003", name, Key::p384(3))
            .with(&oid(1), false, &[4, 3, 2, 4, 0])
            .with(&oid(2), false, &serial)
            .with(&oid(3), false, &[3, 2, 0, 1])
            .with(&oid(4), false, &[3, 3, 0, 0, 1])
            .with(&oid(5), false, &[3, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0x80])
            .with(&oid(6), false, &[2, 1, 3])
            .with(&oid(9), false, b"\x0c\x08tuf-root");
        let device = Draft::authority(name, "CN=Test YubiHSM Root CA", Key::p256(2), 0).with(&oid(2), false, &serial);
        Self { device, leaf }
    }

    fn files(&self) -> (Files, String) {
        let (root, name) = (Key::p256(1), "CN=Test YubiHSM Root CA");
        let anchor = Draft::authority(name, name, root.clone(), 2).sign(&root);
        let folder = "keys/0013200460/0013200460";
        let files = Files::from([
            ("anchors/root.pem".into(), certificate_pem(&anchor)),
            (format!("{folder}_cert.der"), self.device.sign(&root)),
            (format!("{folder}_root_attestation.der"), self.leaf.sign(&self.device.key)),
            (format!("{folder}_root_pubkey.pub.pem"), pem("PUBLIC KEY", &self.leaf.key.public().to_der().unwrap())),
        ]);
        (files, format!("pins={}", digest(&anchor)))
    }
}

#[test]
fn a_yubihsm_that_is_as_the_vendor_makes_it_holds() {
    let (files, pin) = YubiHsm::genuine().files();
    let arguments = [&pin, "label=tuf-root", "object_id=3", "domains=1", "capabilities=sign-ecdsa"];
    let outputs = Room::with(&files).verify("yubihsm", &arguments).holds();
    assert_eq!(outputs["devices"][0]["keys"][0]["firmware"], "2.4.0");
}

#[test]
fn a_key_that_is_not_what_it_must_be_is_refused() {
    for (name, forge, reason) in [
        (
            "exportable",
            (|hsm| hsm.leaf.say(&oid(5), &[3, 9, 0, 0, 0, 0, 0, 0, 1, 0, 0x80])) as fn(&mut YubiHsm),
            "it may be exported under a wrap key (exportable-under-wrap)",
        ),
        (
            "imported",
            |hsm| hsm.leaf.say(&oid(3), &[3, 2, 0, 2]),
            "its origin is imported: the device that attests the key did not generate it",
        ),
        (
            "brought from another device under a wrap key",
            |hsm| hsm.leaf.say(&oid(3), &[3, 2, 0, 0x11]),
            "its origin is wrapped-generated: the device that attests the key did not generate it",
        ),
        (
            "of no known origin",
            |hsm| hsm.leaf.say(&oid(3), &[3, 2, 0, 7]),
            "its extension for the origin is not encoded as it must be",
        ),
        (
            "half a byte of origin",
            |hsm| hsm.leaf.say(&oid(3), &[3, 2, 4, 0x10]),
            "its extension for the origin is not encoded",
        ),
        ("of another device", |hsm| hsm.leaf.say(&oid(2), &[2, 1, 7]), "it is of the device 7"),
        ("by another device", |hsm| hsm.device.say(&oid(2), &[2, 1, 7]), "`0013200460_cert.der` is of the device 7"),
        (
            "by a device that does not say which",
            |hsm| hsm.device.leave_out(&oid(2)),
            "`0013200460_cert.der`: its extension for the serial number is missing",
        ),
        ("without firmware", |hsm| hsm.leaf.leave_out(&oid(1)), "its extension for the firmware version is missing"),
        (
            "without a serial number",
            |hsm| hsm.leaf.leave_out(&oid(2)),
            "its extension for the serial number is missing",
        ),
        ("without an origin", |hsm| hsm.leaf.leave_out(&oid(3)), "its extension for the origin is missing"),
        ("without domains", |hsm| hsm.leaf.leave_out(&oid(4)), "its extension for the domains is missing"),
        ("without capabilities", |hsm| hsm.leaf.leave_out(&oid(5)), "its extension for the capabilities is missing"),
        ("without an object ID", |hsm| hsm.leaf.leave_out(&oid(6)), "its extension for the object ID is missing"),
        ("without a label", |hsm| hsm.leaf.leave_out(&oid(9)), "its extension for the label is missing"),
        (
            "with two labels",
            |hsm| hsm.leaf.extend(&oid(9), false, b"\x0c\x01x"),
            "it has the extension 1.3.6.1.4.1.41482.4.9 twice",
        ),
        (
            "with nine bytes of capabilities",
            |hsm| hsm.leaf.say(&oid(5), &[3, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80]),
            "its extension for the capabilities is not encoded",
        ),
        (
            "with a label that is no text",
            |hsm| hsm.leaf.say(&oid(9), &[0x0c, 1, 0xff]),
            "its extension for the label is not encoded",
        ),
    ] {
        let mut hsm = YubiHsm::genuine();
        forge(&mut hsm);
        let (files, pin) = hsm.files();
        Room::with(&files).verify("yubihsm", &[&pin]).refused(name, reason);
    }
}

#[test]
fn what_may_be_is_said_in_the_runbook() {
    let mut hsm = YubiHsm::genuine();
    hsm.leaf.say(&oid(5), &[3, 9, 0, 0, 0, 0, 0, 0, 1, 0, 0x80]);
    hsm.leaf.say(&oid(3), &[3, 2, 0, 0x11]);
    let (files, pin) = hsm.files();
    let key = Room::with(&files).verify("yubihsm", &[&pin, "exportable=true", "origin=any"]).holds();
    let key = &key["devices"][0]["keys"][0];
    assert_eq!((&key["exportable"], &key["origin"]), (&true.into(), &"wrapped-generated".into()));
}
