//! The file that a card lives in.

use std::fs;

use officiant_devices::{Error, Firmware, yubikey::VirtualYubiKey};

use crate::support::{
    ATTEST, AUTHENTICATE, Bench, CHANGE, METADATA, OK, P256, P384, PIN, SECURITY, VERIFY, WRONG, settings, sign_data,
};

const NEW: &[u8] = b"7654321\xff";

#[test]
fn everything_but_what_was_proved_outlives_the_process() {
    let bench = Bench::new();
    bench.manage();
    bench.generate(0x9c, P384, [0, 2]);
    bench.generate(0x9a, 0x07, [0, 0]);
    bench.put([0x5f, 0xc1, 0x0a], b"certificate");
    assert_eq!(bench.word(CHANGE, 0, 0x80, &[PIN, NEW].concat()), OK);
    bench.word(VERIFY, 0, 0x80, WRONG);
    let metadata = [0x80, 0x81, 0x9b, 0x9a, 0x9c, 0xf9].map(|slot| bench.data(METADATA, 0, slot, &[]));
    let certificates = (bench.get([0x5f, 0xc1, 0x0a]), bench.get([0x5f, 0xff, 0x01]));
    let bench = bench.restart();
    assert_eq!([0x80, 0x81, 0x9b, 0x9a, 0x9c, 0xf9].map(|slot| bench.data(METADATA, 0, slot, &[])), metadata);
    assert_eq!((bench.get([0x5f, 0xc1, 0x0a]), bench.get([0x5f, 0xff, 0x01])), certificates);
    assert_eq!(bench.sign(0x9c, P384), SECURITY);
    assert_eq!(bench.word(VERIFY, 0, 0x80, NEW), OK);
    assert_eq!(bench.sign(0x9c, P384), OK);
    bench.data(ATTEST, 0x9c, 0, &[]);
}

#[test]
fn a_wrong_try_is_stored_before_anybody_learns_of_it() {
    let bench = Bench::new();
    bench.word(VERIFY, 0, 0x80, WRONG);
    let stored = fs::read_to_string(&bench.settings.state).unwrap();
    assert!(stored.contains("\"tries\": 2"), "{stored}");
}

#[test]
fn what_cannot_be_stored_is_refused_and_not_done() {
    let bench = Bench::new();
    bench.manage();
    let new = bench.settings.state.with_extension("json.new");
    fs::create_dir(&new).unwrap();
    assert_eq!(bench.word(0x47, 0, 0x9e, &crate::support::generate_data(P256, [0, 0])), 0x6581);
    assert_eq!(bench.word(VERIFY, 0, 0x80, WRONG), 0x6581, "no guess is free");
    fs::remove_dir(new).unwrap();
    assert_eq!(bench.word(AUTHENTICATE, P256, 0x9e, &sign_data(&[7; 32])), 0x6a80);
}

#[test]
fn a_device_is_what_it_was_made_as() {
    let bench = Bench::fips(Firmware::new(5, 4, 3));
    drop(bench.card);
    let settings = settings(bench.folder.path());
    let other_serial = officiant_devices::yubikey::Settings { serial: 1, ..settings.clone() };
    assert!(matches!(VirtualYubiKey::open(&other_serial), Err(Error::OtherSerial { wanted: 1, .. })));
    let mut other_firmware = settings.clone();
    other_firmware.firmware = Some(Firmware::new(5, 7, 1));
    assert!(matches!(VirtualYubiKey::open(&other_firmware), Err(Error::OtherFirmware { .. })));
    let mut other_series = settings.clone();
    other_series.fips = Some(false);
    let error = VirtualYubiKey::open(&other_series).unwrap_err();
    assert!(matches!(error, Error::OtherSeries { fips: true, .. }));
    assert!(error.to_string().contains("this virtual device is one of the FIPS Series; ask for what it is"), "{error}");
    assert!(VirtualYubiKey::open(&settings).unwrap().is_fips());
}

#[test]
fn a_device_is_open_once_at_a_time() {
    let bench = Bench::new();
    let copy = bench.card.clone();
    assert!(matches!(VirtualYubiKey::open(&bench.settings), Err(Error::InUse { .. })));
    drop(bench.card);
    assert!(matches!(VirtualYubiKey::open(&bench.settings), Err(Error::InUse { .. })));
    drop(copy);
    VirtualYubiKey::open(&bench.settings).unwrap();
}

#[test]
fn a_damaged_file_is_told_apart_from_a_device_and_left_as_it_is() {
    let bench = Bench::new();
    bench.manage();
    bench.generate(0x9c, P256, [0, 0]);
    drop(bench.card);
    let path = &bench.settings.state;
    let intact = fs::read_to_string(path).unwrap();
    let (head, tail) = intact.split_once("\"keys\": [").unwrap();
    let key = &tail[..=tail.find('}').unwrap()];
    let damages = [
        ("cut", intact[..intact.len() / 2].to_owned(), "EOF"),
        ("format", intact.replace("yubikey/1", "yubikey/2"), "its format is"),
        ("a foreign device", intact.replace("virtual-yubikey", "virtual-yubihsm"), "its format is"),
        ("a word too many", intact.replace("\"fips\"", "\"new\": 1, \"fips\""), "unknown field"),
        ("tries", intact.replacen("\"tries\": 3", "\"tries\": 4", 1), "its PIN has more tries"),
        ("a long PIN", intact.replacen("\"kept\": \"", "\"kept\": \"00", 1), "its PIN has another length"),
        ("management key", intact.replacen("\"tdes\"", "\"aes256\"", 1), "its management key does not fit"),
        ("curve", intact.replacen("\"ecc-p256\"", "\"ecc-p384\"", 1), "slot 9c has no key that fits"),
        ("slot", intact.replacen("\"9c\"", "\"9f\"", 1), "\"9f\" is no slot"),
        ("object", intact.replacen("\"5fff01\"", "\"5f01\"", 1), "\"5f01\" is no object"),
        (
            "attestation key",
            intact.replacen("\"attestation_key\": \"30", "\"attestation_key\": \"31", 1),
            "attestation",
        ),
        ("a slot twice", format!("{head}\"keys\": [{key},{tail}"), "slot 9c is there twice"),
    ];
    for (what, damaged, reason) in damages {
        assert_ne!(damaged, intact, "{what}");
        fs::write(path, &damaged).unwrap();
        let error = VirtualYubiKey::open(&bench.settings).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{what}: {error:?}");
        assert!(error.to_string().contains(reason), "{what}: {error}");
        assert_eq!(fs::read_to_string(path).unwrap(), damaged, "{what}");
    }
    fs::write(path, intact).unwrap();
    VirtualYubiKey::open(&bench.settings).unwrap();
}

#[test]
fn a_device_shows_nothing_of_its_secrets() {
    let bench = Bench::new();
    bench.manage();
    bench.generate(0x9c, P256, [0, 0]);
    assert_eq!(format!("{:?}", bench.card), "VirtualYubiKey { serial: 24680135, .. }");
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let mode = fs::metadata(&bench.settings.state).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
