//! The FIPS Series.

use crate::support::{
    AES256, Bench, CHANGE, CONDITIONS, FACTORY, GENERATE, IMPORT, MANAGEMENT, OK, P256, P384, PARAMETERS, PIN, PIV,
    PUK, SET_MANAGEMENT_KEY, SET_RETRIES, TDES, UNBLOCK, VERIFY, find, generate_data, tlv,
};
use officiant_devices::Firmware;

const FIPS_140_2: Firmware = Firmware::new(5, 4, 3);
const FIPS_140_3: Firmware = Firmware::new(5, 7, 4);

const NEW_PIN: &[u8] = b"75318642";
const NEW_PUK: &[u8] = b"24681357";
const NEW_KEY: [u8; 32] = [0x42; 32];

fn info(bench: &Bench) -> Vec<u8> {
    bench.select(MANAGEMENT);
    let info = bench.data(0x1d, 0, 0, &[]);
    bench.select(PIV);
    info[1..].to_vec()
}

fn approved(bench: &Bench) -> bool {
    find(&info(bench), 0x15).unwrap() == [0, 2]
}

fn set_key(algorithm: u8, key: &[u8]) -> Vec<u8> {
    [&[algorithm, 0x9b, u8::try_from(key.len()).unwrap()], key].concat()
}

/// Gives the device secrets of its owner's.
fn take_over(bench: &Bench) {
    assert_eq!(bench.word(CHANGE, 0, 0x80, &[PIN, NEW_PIN].concat()), OK);
    assert_eq!(bench.word(CHANGE, 0, 0x81, &[PUK, NEW_PUK].concat()), OK);
    bench.manage();
    assert_eq!(bench.word(SET_MANAGEMENT_KEY, 0xff, 0xff, &set_key(AES256, &NEW_KEY)), OK);
}

#[test]
fn the_form_factor_shows_the_series() {
    let plain = Bench::new();
    assert!(!plain.card.is_fips());
    assert_eq!(find(&info(&plain), 0x04).unwrap(), [0x03]);
    let fips = Bench::fips(FIPS_140_2);
    assert!(fips.card.is_fips());
    assert_eq!(find(&info(&fips), 0x04).unwrap(), [0x83]);
    let asked = Bench::with(|settings| settings.form_factor = 0x83);
    assert_eq!(find(&info(&asked), 0x04).unwrap(), [0x03]);
}

#[test]
fn a_device_of_5_4_makes_keys_as_it_comes_but_none_that_is_asked_to_never_need_the_pin() {
    let bench = Bench::fips(FIPS_140_2);
    bench.manage();
    bench.generate(0x9c, P384, [0, 0]);
    assert_eq!(bench.word(GENERATE, 0, 0x9c, &generate_data(P384, [1, 0])), PARAMETERS);
    assert_eq!(bench.word(IMPORT, P256, 0x9a, &[&*tlv(6, &[7; 32]), &[0xaa, 1, 1]].concat()), PARAMETERS);
    assert_eq!(bench.word(CHANGE, 0, 0x80, &[PIN, b"222222\xff\xff"].concat()), OK);
}

#[test]
fn a_device_of_5_7_makes_and_takes_no_key_before_pin_puk_and_management_key_are_its_owners() {
    let bench = Bench::fips(FIPS_140_3);
    let refused = |bench: &Bench| {
        assert!(!approved(bench));
        bench.manage();
        assert_eq!(bench.word(GENERATE, 0, 0x9c, &generate_data(P384, [0, 0])), CONDITIONS);
        assert_eq!(bench.word(IMPORT, P256, 0x9a, &tlv(6, &[7; 32])), CONDITIONS);
    };
    refused(&bench);
    assert_eq!(bench.word(CHANGE, 0, 0x80, &[PIN, NEW_PIN].concat()), OK);
    refused(&bench);
    assert_eq!(bench.word(CHANGE, 0, 0x81, &[PUK, NEW_PUK].concat()), OK);
    refused(&bench);
    assert_eq!(bench.word(SET_MANAGEMENT_KEY, 0xff, 0xff, &set_key(AES256, &NEW_KEY)), OK);
    assert!(approved(&bench));
    assert_eq!(bench.manage_with(AES256, &NEW_KEY), OK);
    bench.generate(0x9c, P384, [0, 0]);
}

#[test]
fn secrets_of_a_device_of_5_7_have_eight_characters_and_are_not_too_simple() {
    let bench = Bench::fips(FIPS_140_3);
    for simple in [&b"753186\xff\xff"[..], b"11111111", b"12345678", b"password"] {
        assert_eq!(bench.word(CHANGE, 0, 0x80, &[PIN, simple].concat()), CONDITIONS, "{simple:02x?}");
        assert_eq!(bench.word(CHANGE, 0, 0x81, &[PUK, simple].concat()), CONDITIONS, "{simple:02x?}");
        assert_eq!(bench.word(UNBLOCK, 0, 0x80, &[PUK, simple].concat()), CONDITIONS, "{simple:02x?}");
    }
    assert_eq!(bench.word(CHANGE, 0, 0x80, &[PIN, b"12345\xff\xff\xff"].concat()), PARAMETERS);
    bench.verify();
}

#[test]
fn a_device_of_5_7_takes_no_triple_des_key() {
    let bench = Bench::fips(FIPS_140_3);
    bench.manage();
    assert_eq!(bench.word(SET_MANAGEMENT_KEY, 0xff, 0xff, &set_key(TDES, &[9; 24])), PARAMETERS);
}

#[test]
fn secrets_of_a_device_of_5_7_become_the_factorys_by_a_reset_only() {
    let bench = Bench::fips(FIPS_140_3);
    take_over(&bench);
    assert_eq!(bench.word(VERIFY, 0, 0x80, NEW_PIN), OK);
    assert_eq!(bench.word(SET_RETRIES, 5, 5, &[]), CONDITIONS);
    assert!(approved(&bench));
    bench.factory_reset();
    assert!(!approved(&bench));
    bench.verify();
}

#[test]
fn a_device_of_5_7_that_is_not_of_the_series_enforces_nothing() {
    let bench = Bench::with(|settings| settings.firmware = Some(FIPS_140_3));
    assert_eq!(find(&info(&bench), 0x14).unwrap(), [0, 0]);
    bench.manage();
    bench.generate(0x9c, P384, [1, 0]);
    assert_eq!(bench.word(SET_MANAGEMENT_KEY, 0xff, 0xff, &set_key(TDES, FACTORY)), OK);
    assert!(!approved(&bench));
}
