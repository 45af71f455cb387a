//! Files of `YubiKeys` that are not what they should be: each is refused, with its reason.

use super::{
    authority::{BASIC_CONSTRAINTS, Draft, KEY_USAGE, Key, algorithm, certificate_pem, pem},
    room::{F9, FIRMWARE, FORM_FACTOR, Files, LEAF, POLICIES, PUBLIC_KEY, ROOT, Room, SERIAL, SERIAL_NUMBER, YubiKey},
};
use der::Encode;
use std::{fs, os::unix::fs::symlink};

/// What is forged, how, and why it is refused.
type Forged = (&'static str, fn(&mut YubiKey), &'static str);
/// What is done to the files, and why they are refused.
type Edited = (&'static str, fn(&mut Files), &'static str);
/// What is asked for, and why it is refused.
type Asked = (&'static [&'static str], &'static str);

#[track_caller]
fn refused(forged: &[Forged]) {
    for (name, forge, reason) in forged {
        let mut key = YubiKey::genuine();
        forge(&mut key);
        Room::with(&key.files()).verify("piv", &[&format!("pins={}", key.pin())]).refused(name, reason);
    }
}

#[track_caller]
fn edited(edited: &[Edited]) {
    for (name, edit, reason) in edited {
        let key = YubiKey::genuine();
        let mut files = key.files();
        edit(&mut files);
        Room::with(&files).verify("piv", &[&format!("pins={}", key.pin())]).refused(name, reason);
    }
}

fn genuine() -> (Room, String) {
    let key = YubiKey::genuine();
    (Room::with(&key.files()), format!("pins={}", key.pin()))
}

#[test]
fn what_is_as_the_vendor_makes_it_holds_and_is_reported() {
    let (room, pin) = genuine();
    let outputs = room.verify("piv", &[&pin]).holds();
    let device = &outputs["devices"][0];
    assert_eq!(device["serial"], SERIAL);
    assert_eq!(device["chain"], serde_json::json!(["CN=Test PIV Root CA Serial 1"]));
    assert_eq!(pin, format!("pins={}", device["root"].as_str().unwrap()));
    let key = &device["keys"][0];
    for (name, value) in [
        ("slot", "9c"),
        ("firmware", "5.4.3"),
        ("pin_policy", "always"),
        ("touch_policy", "never"),
        ("origin", "generated"),
        ("algorithm", "ecp384"),
    ] {
        assert_eq!(key[name], value, "{name}");
    }
    assert_eq!(key["public_keys"], serde_json::json!(["Slot9CPublicKey.pem"]));
    assert_eq!(key["fips"], true);
    // One device's folder by itself.
    let said = room.verify("piv", &[&pin, "folder=keys/25515003"]);
    assert_eq!(said.holds()["devices"], outputs["devices"]);
}

#[test]
fn a_device_certificate_that_the_root_did_not_sign_is_refused() {
    refused(&[
        (
            "F9 signed by itself",
            |key| {
                key.f9.issuer.clone_from(&key.f9.subject);
                key.f9_signer = key.f9.key.clone();
            },
            "signed by itself, and a device does not vouch for itself",
        ),
        (
            "F9 signed by another than it says",
            |key| key.f9_signer = Key::p256(9),
            "no certificate of `CN=Test PIV Root CA Serial 1` that signed that of `CN=Test PIV Attestation` is among",
        ),
        ("F9 issued by an unknown name", |key| key.f9.issuer = "CN=Somebody".into(), "no certificate of `CN=Somebody`"),
        (
            "a root of the attacker's where F9's certificate should be",
            |key| {
                let (name, mine) = ("CN=Test PIV Root CA Serial 1", Key::p256(9));
                key.f9 = Draft::authority(name, name, mine.clone(), 1);
                key.f9_signer = mine.clone();
                key.leaf.issuer = name.into();
                key.leaf_signer = mine;
            },
            "signed by itself, and a device does not vouch for itself",
        ),
    ]);
}

#[test]
fn an_attestation_that_the_device_certificate_did_not_sign_is_refused() {
    refused(&[
        (
            "of another batch, whose F9 has the same name",
            |key| key.leaf_signer = Key::p256(9),
            "the key of the device's certificate did not sign it",
        ),
        (
            "an imported key, which the device does not attest and which signs for itself",
            |key| key.leaf_signer = key.leaf.key.clone(),
            "the key of the device's certificate did not sign it",
        ),
        (
            "issued by another name",
            |key| key.leaf.issuer = "CN=Somebody".into(),
            "it was issued by `CN=Somebody`, not by the device's certificate",
        ),
        (
            "signed by the root",
            |key| {
                key.leaf_signer = key.root.key.clone();
                key.leaf.issuer.clone_from(&key.root.subject);
            },
            "the key of the device's certificate did not sign it",
        ),
    ]);
}

#[test]
fn who_is_no_authority_vouches_for_nobody() {
    refused(&[
        (
            "F9's certificate is an attestation",
            |key| {
                key.f9.leave_out(BASIC_CONSTRAINTS);
                key.f9.extend(POLICIES, false, &[3, 1]);
            },
            "`CN=Test PIV Attestation` is no certification authority",
        ),
        (
            "F9 says that it is none",
            |key| key.f9.say(BASIC_CONSTRAINTS, &[0x30, 0]),
            "`CN=Test PIV Attestation` is no certification authority",
        ),
        (
            "the root may have none below it",
            |key| key.root.say(BASIC_CONSTRAINTS, &[0x30, 6, 1, 1, 0xff, 2, 1, 0]),
            "may not have 1 certificates of authorities below it",
        ),
        (
            "the root's key is not for certificates",
            |key| key.root.say(KEY_USAGE, &[3, 2, 7, 0x80]),
            "the key of `CN=Test PIV Root CA Serial 1` is not for signing certificates",
        ),
        (
            "F9's key is not for certificates",
            |key| key.f9.extend(KEY_USAGE, true, &[3, 2, 7, 0x80]),
            "the key of `CN=Test PIV Attestation` is not for signing certificates",
        ),
        (
            "F9's key usage is unreadable",
            |key| key.f9.extend(KEY_USAGE, true, &[4, 1, 6]),
            "the key of `CN=Test PIV Attestation` is not for signing certificates",
        ),
        (
            "an attestation that is an authority's",
            |key| key.leaf.extend(BASIC_CONSTRAINTS, true, &[0x30, 3, 1, 1, 0xff]),
            "it is the certificate of an authority, not of a key",
        ),
    ]);
}

#[test]
fn what_is_critical_and_unknown_is_refused() {
    let reason = "has the critical extension 1.2.3.4, which is not known here";
    refused(&[
        ("in F9's certificate", |key| key.f9.extend("1.2.3.4", true, &[5, 0]), reason),
        ("in the attestation", |key| key.leaf.extend("1.2.3.4", true, &[5, 0]), reason),
        ("in the root", |key| key.root.extend("1.2.3.4", true, &[5, 0]), reason),
    ]);
}

#[test]
fn what_is_not_valid_at_the_time_is_refused() {
    refused(&[
        ("F9 expired", |key| key.f9.years = (2016, 2020), "`CN=Test PIV Attestation` was not valid at that time"),
        ("F9 not yet", |key| key.f9.years = (2050, 2051), "`CN=Test PIV Attestation` was not valid at that time"),
        ("the attestation expired", |key| key.leaf.years = (2016, 2020), "`Slot9CAttestation.pem`: it was not valid"),
        ("the attestation not yet", |key| key.leaf.years = (2050, 2051), "`Slot9CAttestation.pem`: it was not valid"),
        ("the root expired", |key| key.root.years = (2016, 2020), "Root CA Serial 1` was not valid at that time"),
        ("the root not yet", |key| key.root.years = (2050, 2051), "Root CA Serial 1` was not valid at that time"),
    ]);
    let (room, pin) = genuine();
    let at = |at: &str| room.verify("piv", &[&pin, &format!("at={at}")]);
    at("2015-12-31T23:59:59Z").refused("before", "was not valid at that time");
    at("2052-01-01T00:00:01Z").refused("after", "was not valid at that time");
    assert_eq!(at("2016-01-01T00:00:00Z").holds()["at"], "2016-01-01T00:00:00Z");
    at("yesterday").refused("no time", "no time (RFC 3339)");
}

#[test]
fn an_attestation_of_something_else_is_refused() {
    refused(&[
        (
            "another device",
            |key| key.leaf.say(SERIAL_NUMBER, &[2, 4, 1, 0x85, 0x54, 0x81]),
            "`Slot9CAttestation.pem`: it is of the device 25515137",
        ),
        (
            "another slot",
            |key| key.leaf.subject = "CN=YubiKey PIV Attestation 9a".into(),
            "it is of slot 9a, and its name says 9c",
        ),
        (
            "no slot",
            |key| key.leaf.subject = "CN=YubiKey PIV Attestation".into(),
            "its subject `CN=YubiKey PIV Attestation` names no slot",
        ),
        (
            "two names",
            |key| key.leaf.subject = "CN=YubiKey PIV Attestation 9c,CN=YubiKey PIV Attestation 9a".into(),
            "names no slot",
        ),
    ]);
}

#[test]
fn what_an_attestation_must_say_it_says_once_and_in_der() {
    refused(&[
        ("no firmware", |key| key.leaf.leave_out(FIRMWARE), "its extension for the firmware version is missing"),
        ("no serial number", |key| key.leaf.leave_out(SERIAL_NUMBER), "its extension for the serial number is missing"),
        ("no policies", |key| key.leaf.leave_out(POLICIES), "its extension for the PIN and touch policy is missing"),
        (
            "two serial numbers",
            |key| key.leaf.extend(SERIAL_NUMBER, false, &[2, 1, 1]),
            "it has the extension 1.3.6.1.4.1.41482.3.7 twice",
        ),
        (
            "something twice in F9's certificate",
            |key| key.f9.extend(BASIC_CONSTRAINTS, true, &[0x30, 3, 1, 1, 0xff]),
            "it has the extension 2.5.29.19 twice",
        ),
        (
            "a negative serial number",
            |key| key.leaf.say(SERIAL_NUMBER, &[2, 4, 0xff, 0x85, 0x53, 0xfb]),
            "its extension for the serial number is not encoded as it must be",
        ),
        (
            "a serial number with leading zeros",
            |key| key.leaf.say(SERIAL_NUMBER, &[2, 5, 0, 1, 0x85, 0x53, 0xfb]),
            "its extension for the serial number is not encoded as it must be",
        ),
        (
            "a serial number with something after it",
            |key| key.leaf.say(SERIAL_NUMBER, &[2, 4, 1, 0x85, 0x53, 0xfb, 0]),
            "its extension for the serial number is not encoded as it must be",
        ),
        (
            "two bytes of firmware",
            |key| key.leaf.say(FIRMWARE, &[5, 4]),
            "its extension for the firmware version is not encoded",
        ),
        (
            "an unknown PIN policy",
            |key| key.leaf.say(POLICIES, &[9, 1]),
            "its extension for the PIN and touch policy is not encoded",
        ),
        (
            "an unknown touch policy",
            |key| key.leaf.say(POLICIES, &[3, 0]),
            "its extension for the PIN and touch policy is not encoded",
        ),
        (
            "two form factors",
            |key| key.leaf.say(FORM_FACTOR, &[3, 3]),
            "its extension for the form factor is not encoded",
        ),
    ]);
}

#[test]
fn weak_and_contradictory_signature_algorithms_are_refused() {
    fn both(draft: &mut Draft, oid: &str) {
        draft.inner = Some(algorithm(oid));
        draft.outer = Some(algorithm(oid));
    }
    refused(&[
        (
            "SHA-1",
            |key| both(&mut key.leaf, "1.2.840.113549.1.1.5"),
            "it is signed by SHA-1 with RSA, which is not accepted",
        ),
        (
            "MD5",
            |key| both(&mut key.leaf, "1.2.840.113549.1.1.4"),
            "it is signed by MD5 with RSA, which is not accepted",
        ),
        (
            "SHA-1 of F9's certificate",
            |key| both(&mut key.f9, "1.2.840.10045.4.1"),
            "it is signed by ECDSA with SHA-1, which is not accepted",
        ),
        (
            "an unknown one",
            |key| both(&mut key.leaf, "1.2.840.10045.4.3.4"),
            "its signature algorithm 1.2.840.10045.4.3.4 is not accepted",
        ),
        ("two", |key| key.leaf.outer = Some(algorithm("1.2.840.10045.4.3.3")), "it names two signature algorithms"),
        (
            "two of F9's",
            |key| key.f9.outer = Some(algorithm("1.2.840.10045.4.3.3")),
            "it names two signature algorithms",
        ),
    ]);
}

#[test]
fn a_rehearsal_vouches_for_no_device() {
    refused(&[
        (
            "all of it",
            |key| {
                key.root.subject = "CN=REHEARSAL PIV Root CA".into();
                key.root.issuer.clone_from(&key.root.subject);
                key.f9.issuer.clone_from(&key.root.subject);
                key.f9.subject = "CN=REHEARSAL PIV Attestation".into();
                key.leaf.issuer.clone_from(&key.f9.subject);
            },
            "`SlotF9Intermediate.pem` is the certificate of a virtual device for REHEARSALs",
        ),
        (
            "the attestation alone",
            |key| key.leaf.subject = "CN=REHEARSAL YubiKey PIV Attestation 9c".into(),
            "it is the attestation of a virtual device for REHEARSALs",
        ),
    ]);
}

fn der(files: &Files, name: &str) -> Vec<u8> {
    der::pem::decode_vec(&files[name]).unwrap().1
}

fn put(files: &mut Files, name: &str, der: &[u8]) {
    files.insert(name.into(), certificate_pem(der));
}

#[test]
fn der_is_read_strictly() {
    edited(&[
        (
            "a truncated attestation",
            |files| {
                let mut bytes = der(files, LEAF);
                bytes.truncate(bytes.len() - 1);
                put(files, LEAF, &bytes);
            },
            "`Slot9CAttestation.pem`: it is no X.509 certificate",
        ),
        (
            "an attestation with something after it",
            |files| {
                let bytes = [der(files, LEAF), vec![0]].concat();
                put(files, LEAF, &bytes);
            },
            "`Slot9CAttestation.pem`: it is no X.509 certificate",
        ),
        (
            "a device certificate with something after it",
            |files| {
                let bytes = [der(files, F9), der(files, F9)].concat();
                put(files, F9, &bytes);
            },
            "`SlotF9Intermediate.pem`: it is no X.509 certificate",
        ),
        (
            "a length in more bytes than it needs",
            |files| {
                let bytes = der(files, LEAF);
                assert_eq!(bytes[..2], [0x30, 0x82]);
                let bytes = [&[0x30, 0x83, 0], &bytes[2..]].concat();
                put(files, LEAF, &bytes);
            },
            "`Slot9CAttestation.pem`: it is no X.509 certificate",
        ),
        (
            "a needless FALSE",
            // critical FALSE is the default, and not written in DER.
            |files| {
                let mut bytes = der(files, LEAF);
                let oid = [0x06, 0x0a, 0x2b, 6, 1, 4, 1, 0x82, 0xc4, 0x0a, 3, 9];
                let at = bytes.windows(oid.len()).position(|it| it == oid).unwrap() + oid.len();
                bytes.splice(at..at, [1, 1, 0]);
                // Of the extension, the extensions, their tag, the body and the whole.
                let head = at - oid.len() - 1;
                bytes[head] += 3;
                let extensions = bytes[..head].windows(2).rposition(|it| it == [0x30, 0x4c]).unwrap();
                bytes[extensions + 1] += 3;
                bytes[extensions - 1] += 3;
                for length in [2, 6] {
                    let sum = u16::from_be_bytes([bytes[length], bytes[length + 1]]) + 3;
                    bytes[length..length + 2].copy_from_slice(&sum.to_be_bytes());
                }
                put(files, LEAF, &bytes);
            },
            "`Slot9CAttestation.pem`: it is not in DER",
        ),
        (
            "no certificate at all",
            |files| drop(files.insert(LEAF.into(), b"not a certificate".to_vec())),
            "`Slot9CAttestation.pem`: it is no X.509 certificate",
        ),
        ("nothing", |files| drop(files.insert(LEAF.into(), Vec::new())), "it is no X.509 certificate"),
        (
            "far too much",
            |files| drop(files.insert(LEAF.into(), vec![b' '; 70_000])),
            "`Slot9CAttestation.pem` is larger than 65536 bytes",
        ),
    ]);
}

#[test]
fn pem_is_one_certificate_and_nothing_else() {
    edited(&[
        (
            "two certificates",
            |files| {
                let two = [files[LEAF].clone(), files[F9].clone()].concat();
                files.insert(LEAF.into(), two);
            },
            "`Slot9CAttestation.pem`: it holds 2 blocks of PEM, and one is expected",
        ),
        (
            "text before it",
            |files| {
                let text = [b"trust me\n".to_vec(), files[F9].clone()].concat();
                files.insert(F9.into(), text);
            },
            "`SlotF9Intermediate.pem`: there is something before its block of PEM",
        ),
        (
            "text after it",
            |files| {
                let text = [files[F9].clone(), b"trust me\n".to_vec()].concat();
                files.insert(F9.into(), text);
            },
            "`SlotF9Intermediate.pem`: its PEM cannot be read",
        ),
        (
            "something else in PEM",
            |files| {
                let bytes = pem("PRIVATE KEY", &der(files, F9));
                files.insert(F9.into(), bytes);
            },
            "`SlotF9Intermediate.pem`: it holds a PRIVATE KEY, not a CERTIFICATE",
        ),
    ]);
}

#[test]
fn files_that_are_exchanged_missing_or_too_many_are_refused() {
    edited(&[
        (
            "the device's certificate in place of the attestation",
            |files| drop(files.insert(LEAF.into(), files[F9].clone())),
            "it is the certificate of an authority, not of a key",
        ),
        (
            "the attestation in place of the device's certificate",
            |files| drop(files.insert(F9.into(), files[LEAF].clone())),
            "`CN=YubiKey PIV Attestation 9c` is no certification authority",
        ),
        (
            "the root in place of the device's certificate",
            |files| drop(files.insert(F9.into(), files[ROOT].clone())),
            "signed by itself, and a device does not vouch for itself",
        ),
        (
            "no device's certificate",
            |files| drop(files.remove(F9)),
            "the device's certificate `SlotF9Intermediate.pem` is missing",
        ),
        ("no attestation", |files| drop(files.remove(LEAF)), "there is no attestation"),
        (
            "another public key",
            |files| {
                let key = pem("PUBLIC KEY", &Key::p384(9).public().to_der().unwrap());
                files.insert(PUBLIC_KEY.into(), key);
            },
            "`Slot9CPublicKey.pem`: it is another public key than the attested one",
        ),
        (
            "a certificate of another key",
            |files| {
                let own = Draft::new("CN=Key holder", "CN=Key holder", Key::p384(9));
                let own = certificate_pem(&own.sign(&own.key));
                files.insert("keys/25515003/Slot9CCertificate.pem".into(), own);
            },
            "`Slot9CCertificate.pem`: it is another public key than the attested one",
        ),
        (
            "another key in the same slot",
            |files| {
                let other = Draft { key: Key::p384(9), ..YubiKey::genuine().leaf };
                let other = certificate_pem(&other.sign(&YubiKey::genuine().leaf_signer));
                files.remove(PUBLIC_KEY);
                files.insert("keys/25515003/Slot9cAttestation.pem".into(), other);
            },
            "`Slot9CAttestation.pem` and `Slot9cAttestation.pem` attest two keys in one place",
        ),
        (
            "no public key in its file",
            |files| drop(files.insert(PUBLIC_KEY.into(), b"key".to_vec())),
            "`Slot9CPublicKey.pem`: it is no public key",
        ),
        (
            "a public key that nothing attests",
            |files| drop(files.insert("keys/25515003/Slot9APublicKey.pem".into(), files[PUBLIC_KEY].clone())),
            "`Slot9APublicKey.pem` is a public key that nothing attests",
        ),
        (
            "one of two attestations is no good",
            |files| drop(files.insert("keys/25515003/Slot9AAttestation.pem".into(), files[LEAF].clone())),
            "`Slot9AAttestation.pem`: it is of slot 9c, and its name says 9a",
        ),
    ]);
}

#[test]
fn a_folder_is_one_devices_and_is_called_by_its_serial_number() {
    fn moved(files: &mut Files, to: &str) {
        for name in [F9, LEAF, PUBLIC_KEY] {
            let bytes = files.remove(name).unwrap();
            files.insert(name.replace("25515003", to), bytes);
        }
    }
    edited(&[
        (
            "another number",
            |files| moved(files, "25515004"),
            "25515004: `Slot9CAttestation.pem`: it is of the device 25515003",
        ),
        (
            "no number",
            |files| moved(files, "tianon"),
            "`tianon` has certificates in it, and its name is no serial number",
        ),
        ("too high a number", |files| moved(files, "99999999999"), "`99999999999` is no serial number"),
        (
            "two folders of one device",
            |files| {
                let again: Vec<_> =
                    [F9, LEAF].iter().map(|name| (name.replace("/25", "/0025"), files[*name].clone())).collect();
                files.extend(again);
            },
            "there are two folders of the device 25515003",
        ),
        (
            "no device",
            |files| {
                files.retain(|name, _| name == ROOT);
                files.insert("keys/README.md".into(), b"nothing yet".to_vec());
            },
            "there is no device's folder in `",
        ),
    ]);
    let (room, pin) = genuine();
    fs::create_dir(room.path("empty")).unwrap();
    room.verify("piv", &[&pin, "folder=empty"]).refused("empty", "there is no device's folder in `");
    fs::create_dir(room.path("keys/25515137")).unwrap();
    let said = room.verify("piv", &[&pin]);
    said.refused("empty device", "25515137: the device's certificate `SlotF9Intermediate.pem` is missing");
    said.refused("the other", "25515003: nothing is wrong");
    assert!(said.stderr.contains("seen {\"at\":"), "what was found is shown all the same: {}", said.stderr);
    let file = room.verify("piv", &[&pin, "folder=keys/25515003/Slot9CAttestation.pem"]);
    file.refused("a file", "is no folder");
    assert_eq!(room.verify("piv", &[&pin, "folder=nowhere"]).code, Some(2));
}

#[test]
fn a_symbolic_link_is_not_followed() {
    for (link, target) in [
        ("keys/25515003/Slot9AAttestation.pem", LEAF),
        ("keys/25515003/notes", "anchors"),
        ("keys/25515137", "keys/25515003"),
    ] {
        let (room, pin) = genuine();
        symlink(room.path(target), room.path(link)).unwrap();
        room.verify("piv", &[&pin]).refused(link, "is a symbolic link");
    }
    let (room, pin) = genuine();
    fs::rename(room.path(LEAF), room.path("leaf.pem")).unwrap();
    symlink(room.path("leaf.pem"), room.path(LEAF)).unwrap();
    room.verify("piv", &[&pin]).refused("the attestation", "`Slot9CAttestation.pem` is a symbolic link");
    let (room, pin) = genuine();
    symlink(room.path("leaf.pem"), room.path("anchors/more.pem")).unwrap();
    room.verify("piv", &[&pin]).refused("an anchor", "it is no regular file");
    let (room, pin) = genuine();
    fs::remove_file(room.path(LEAF)).unwrap();
    fs::create_dir(room.path(LEAF)).unwrap();
    room.verify("piv", &[&pin]).refused("a folder", "`Slot9CAttestation.pem` is no file");
}

#[test]
fn what_is_asked_for_must_be_so() {
    let (room, pin) = genuine();
    let asked: &[Asked] = &[
        (&["touch_policy=always"], "its touch policy is never, not always"),
        (&["pin_policy=once"], "its PIN policy is always, not once"),
        (&["firmware_at_least=5.7.0"], "its firmware is 5.4.3, older than 5.7.0"),
        (&["slot=9a"], "it is of slot 9c, not 9a"),
        (&["fips=false"], "it is of a FIPS device"),
        (&["serials=25515003,25515137"], "there is nothing of the device 25515137"),
        (&["serials=25515137"], "the device 25515003 is none of those that are expected"),
        (&["device=25515137"], "the device 25515003 is none of those that are expected"),
        (&["public_key=Slot{slot}.pem"], "its public key `Slot{slot}.pem` is missing"),
        (&["certificate={serial}.pem"], "the device's certificate `{serial}.pem` is missing"),
        (&["attestation={serial}.pem"], "there is no attestation: no file is called `{serial}.pem`"),
        (&["label=root"], "`label` is of another kind of device than `kind`"),
        (&["pins=00"], "`00` among `pins` is no SHA-256"),
        (&["attestation=../{slot}.pem"], "is no name of a file in a device's folder"),
        (&["firmware_at_least=new"], "`new` is no firmware version"),
    ];
    for (arguments, reason) in asked {
        room.verify("piv", &[&[pin.as_str()], *arguments].concat()).refused(&arguments.join(" "), reason);
    }
    let all = [
        &pin,
        "touch_policy=never",
        "pin_policy=always",
        "firmware_at_least=5.4.3",
        "slot=9C",
        "fips=true",
        "serials=25515003",
        "device=25515003",
        "public_key=Slot{slot}PublicKey.pem",
    ];
    room.verify("piv", &all).holds();
    let mut key = YubiKey::genuine();
    key.leaf.say(FORM_FACTOR, &[3]);
    let room = Room::with(&key.files());
    room.verify("piv", &[&pin, "fips=true"]).refused("not FIPS", "it is not of a FIPS device");
    assert_eq!(room.verify("piv", &[&pin, "fips=false"]).holds()["devices"][0]["keys"][0]["fips"], false);
}
