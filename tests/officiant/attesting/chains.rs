//! Roots are brought and pinned; everything else is an intermediate at most.

use super::{
    authority::{BASIC_CONSTRAINTS, Draft, KEY_USAGE, Key, certificate_pem},
    room::{F9, Files, ROOT, Room, YubiKey, digest},
};
use std::fs;

const CERTIFICATE_SIGNING: [u8; 4] = [3, 2, 1, 6];

/// A chain as those of the vendor's newer devices: two more authorities between the root and F9.
struct Newer {
    key: YubiKey,
    intermediates: [(Draft, Key); 2],
}

impl Newer {
    fn new(keys: [Key; 4]) -> Self {
        let [root, first, second, f9] = keys;
        let names =
            ["CN=Test Attestation Root 1", "CN=Test Attestation Intermediate B 1", "CN=Test PIV Attestation B 1"];
        let authority = |at: usize, above: usize, key: &Key, below| {
            Draft::authority(names[at], names[above], key.clone(), below).with(KEY_USAGE, true, &CERTIFICATE_SIGNING)
        };
        let mut key = YubiKey::genuine();
        key.root = authority(0, 0, &root, 3);
        key.f9 = Draft::authority("CN=Test YubiKey PIV Attestation", names[2], f9.clone(), 0);
        key.f9_signer = second.clone();
        key.leaf.issuer.clone_from(&key.f9.subject);
        key.leaf_signer = f9;
        let intermediates = [(authority(1, 0, &first, 2), root), (authority(2, 1, &second, 1), first)];
        Self { key, intermediates }
    }

    /// The files; what is between is one file of anchors, as the vendor has it.
    fn files(&self) -> Files {
        let mut files = self.key.files();
        let between: Vec<u8> =
            self.intermediates.iter().flat_map(|(draft, signer)| certificate_pem(&draft.sign(signer))).collect();
        files.insert("anchors/intermediates.pem".into(), [b"# between\n".to_vec(), between].concat());
        files
    }

    fn pin(&self) -> String {
        format!("pins={}", self.key.pin())
    }
}

fn elliptic() -> Newer {
    Newer::new([Key::p384(21), Key::p256(22), Key::p384(23), Key::p384(24)])
}

#[test]
fn the_longer_chains_of_newer_devices_hold() {
    for newer in [elliptic(), Newer::new([Key::rsa(), Key::rsa(), Key::rsa(), Key::rsa()])] {
        let device = Room::with(&newer.files()).verify("piv", &[&newer.pin()]).holds()["devices"][0].clone();
        assert_eq!(
            device["chain"],
            serde_json::json!([
                "CN=Test PIV Attestation B 1",
                "CN=Test Attestation Intermediate B 1",
                "CN=Test Attestation Root 1"
            ])
        );
    }
}

#[test]
fn the_longer_chains_do_not_hold_when_one_of_them_is_another() {
    for (name, change, reason) in [
        (
            "the first may have none below the next",
            (|newer| newer.intermediates[0].0.say(BASIC_CONSTRAINTS, &[0x30, 6, 1, 1, 0xff, 2, 1, 1]))
                as fn(&mut Newer),
            "`CN=Test Attestation Intermediate B 1` may not have 2 certificates of authorities below it",
        ),
        (
            "the root may have but two",
            |newer| newer.key.root.say(BASIC_CONSTRAINTS, &[0x30, 6, 1, 1, 0xff, 2, 1, 2]),
            "`CN=Test Attestation Root 1` may not have 3 certificates of authorities below it",
        ),
        (
            "the second is none",
            |newer| newer.intermediates[1].0.leave_out(BASIC_CONSTRAINTS),
            "`CN=Test PIV Attestation B 1` is no certification authority",
        ),
        (
            "the second is of another key",
            |newer| newer.intermediates[1].0.key = Key::p256(9),
            "no certificate of `CN=Test PIV Attestation B 1` that signed that of `CN=Test YubiKey PIV Attestation`",
        ),
        (
            "the first is signed by another",
            |newer| newer.intermediates[0].1 = Key::p256(9),
            "no certificate of `CN=Test Attestation Root 1` that signed that of `CN=Test Attestation Intermediate B 1`",
        ),
        (
            "the second expired",
            |newer| newer.intermediates[1].0.years = (2016, 2017),
            "`CN=Test PIV Attestation B 1` was not valid at that time",
        ),
        (
            "the second's key is for something else",
            |newer| newer.intermediates[1].0.say(KEY_USAGE, &[3, 2, 7, 0x80]),
            "the key of `CN=Test PIV Attestation B 1` is not for signing certificates",
        ),
        (
            "the second has something unknown",
            |newer| newer.intermediates[1].0.extend("1.2.3.4", true, &[5, 0]),
            "has the critical extension 1.2.3.4, which is not known here",
        ),
    ] {
        let mut newer = elliptic();
        change(&mut newer);
        Room::with(&newer.files()).verify("piv", &[&newer.pin()]).refused(name, reason);
    }
}

#[test]
fn issuers_of_one_name_are_told_apart_by_their_signatures() {
    let mut newer = elliptic();
    let mut files = newer.files();
    let (draft, signer) = &mut newer.intermediates[1];
    for seed in 50..60 {
        draft.key = Key::p256(seed);
        files.insert(format!("anchors/{seed}.pem"), certificate_pem(&draft.sign(signer)));
    }
    Room::with(&files).verify("piv", &[&newer.pin()]).holds();
}

#[test]
fn an_intermediate_is_no_root_even_when_it_is_pinned() {
    let newer = elliptic();
    let (draft, signer) = &newer.intermediates[1];
    let pinned = format!("pins={}", digest(&draft.sign(signer)));
    let mut files = newer.files();
    files.remove(ROOT);
    for pin in [&pinned, &newer.pin()] {
        let said = Room::with(&files).verify("piv", &[pin]);
        said.refused("no root", "is one that the program knows or `pins` names: an intermediate is none");
        assert!(said.stderr.contains("https://developers.yubico.com/PKI/yubico-piv-ca-1.pem"), "{}", said.stderr);
    }
}

#[test]
fn a_root_is_none_that_is_not_pinned() {
    let key = YubiKey::genuine();
    let room = Room::with(&key.files());
    room.verify("piv", &[]).refused("no pin", "no root in `");
    room.verify("piv", &[&format!("pins={}", "0".repeat(64))]).refused("another pin", "no root in `");
    // The attacker's own root, under the name of the right one and beside it.
    let mut forged = YubiKey::genuine();
    forged.root.key = Key::p256(66);
    forged.f9_signer = Key::p256(66);
    let mut files = forged.files();
    let pin = format!("pins={}", key.pin());
    Room::with(&files).verify("piv", &[&pin]).refused("alone", "no root in `");
    files.insert("anchors/genuine.pem".into(), key.files()[ROOT].clone());
    let reason =
        format!("the root `CN=Test PIV Root CA Serial 1` is not one that is trusted: its SHA-256 is {}", forged.pin());
    Room::with(&files).verify("piv", &[&pin]).refused("beside it", &reason);
}

#[test]
fn what_is_in_a_devices_folder_is_no_anchor() {
    let key = YubiKey::genuine();
    let mut files = key.files();
    let root = files.remove(ROOT).unwrap();
    files.insert("keys/25515003/root.pem".into(), root);
    files.insert("anchors/f9.pem".into(), files[F9].clone());
    Room::with(&files).verify("piv", &[&format!("pins={}", key.pin())]).refused("root", "no root in `");
}

#[test]
fn anchors_that_cannot_be_read_are_not_passed_over() {
    let key = YubiKey::genuine();
    let pin = format!("pins={}", key.pin());
    for (bytes, reason) in [
        (b"nothing".to_vec(), "among the anchors: it is no X.509 certificate"),
        (b"-----BEGIN CERTIFICATE-----\n".to_vec(), "among the anchors: a certificate in it does not end"),
        (b"-----BEGIN PUBLIC KEY-----\n".to_vec(), "among the anchors: it holds 0 certificates"),
        (vec![b' '; 1_100_000], "among the anchors: it is larger than 1048576 bytes"),
    ] {
        let mut files = key.files();
        files.insert("anchors/more.pem".into(), bytes);
        Room::with(&files).verify("piv", &[&pin]).refused(reason, reason);
    }
    let room = Room::with(&key.files());
    fs::write(room.path("anchors/README"), "where they are from").unwrap();
    room.verify("piv", &[&pin]).holds();
}

#[test]
fn a_verification_without_anchors_says_where_to_get_them() {
    let room = Room::with(&YubiKey::genuine().files());
    let said = super::room::verify(room.0.path(), "yubihsm", &["folder=keys"]);
    said.refused("none", "no root was brought that certificates could lead to");
    let page = "https://developers.yubico.com/YubiHSM2/Concepts/yubihsm2-attest-ca-crt.pem";
    assert!(said.stderr.contains(page), "{}", said.stderr);
}
