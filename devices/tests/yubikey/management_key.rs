//! The management key.

use crate::support::{
    AES128, AES192, AES256, AUTHENTICATE, Bench, FACTORY, METADATA, OK, PARAMETERS, PIV, SECURITY, SET_MANAGEMENT_KEY,
    TDES, encrypt, generate_data,
};
use officiant_devices::Firmware;

/// Each algorithm with the bytes of its keys.
const ALGORITHMS: [(u8, usize); 4] = [(TDES, 24), (AES128, 16), (AES192, 24), (AES256, 32)];

fn key(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from(index * 7 + 3).unwrap()).collect()
}

fn set(algorithm: u8, key: &[u8]) -> Vec<u8> {
    [&[algorithm, 0x9b, u8::try_from(key.len()).unwrap()], key].concat()
}

#[test]
fn a_new_device_has_a_triple_des_key_and_from_5_7_on_an_aes_one() {
    let old = Bench::new();
    assert_eq!(old.data(METADATA, 0, 0x9b, &[]), [1, 1, TDES, 2, 2, 0, 1, 5, 1, 1]);
    assert_eq!(old.manage_with(AES192, FACTORY), PARAMETERS);
    old.manage();
    let new = Bench::with(|settings| settings.firmware = Some(Firmware::new(5, 7, 0)));
    assert_eq!(new.data(METADATA, 0, 0x9b, &[]), [1, 1, AES192, 2, 2, 0, 1, 5, 1, 1]);
    assert_eq!(new.manage_with(TDES, FACTORY), PARAMETERS);
    new.manage();
}

#[test]
fn every_algorithm_can_be_set_and_is_then_the_only_one() {
    let bench = Bench::new();
    bench.manage();
    for (algorithm, length) in ALGORITHMS {
        assert_eq!(bench.word(SET_MANAGEMENT_KEY, 0xff, 0xff, &set(algorithm, &key(length))), OK);
        bench.card.reset();
        bench.select(PIV);
        assert_eq!(bench.data(METADATA, 0, 0x9b, &[]), [1, 1, algorithm, 2, 2, 0, 1, 5, 1, 0]);
        for (other, _) in ALGORITHMS.iter().filter(|(other, _)| *other != algorithm) {
            assert_eq!(bench.word(AUTHENTICATE, *other, 0x9b, &[0x7c, 2, 0x80, 0]), PARAMETERS);
        }
        assert_eq!(bench.manage_with(algorithm, &key(length)), OK);
    }
}

#[test]
fn a_wrong_key_proves_nothing_and_takes_back_what_was_proved() {
    let bench = Bench::new();
    assert_eq!(bench.manage_with(TDES, &key(24)), SECURITY);
    bench.manage();
    assert_eq!(bench.manage_with(TDES, &key(24)), SECURITY);
    assert_eq!(bench.word(0x47, 0, 0x9a, &generate_data(0x11, [0, 0])), SECURITY);
}

#[test]
fn a_client_can_answer_a_challenge_without_asking_the_card_for_proof() {
    let bench = Bench::new();
    let challenge = bench.data(AUTHENTICATE, TDES, 0x9b, &[0x7c, 2, 0x81, 0]);
    assert_eq!(challenge[..4], [0x7c, 10, 0x81, 8]);
    let answer = [&[0x7c, 10, 0x82, 8], &*encrypt(TDES, FACTORY, &challenge[4..])].concat();
    assert_eq!(bench.word(AUTHENTICATE, TDES, 0x9b, &answer), OK);
    bench.generate(0x9a, 0x11, [0, 0]);
}

#[test]
fn a_challenge_is_answered_once_and_by_the_next_command_for_the_key() {
    let bench = Bench::new();
    let challenge = bench.data(AUTHENTICATE, TDES, 0x9b, &[0x7c, 2, 0x81, 0]);
    let answer = [&[0x7c, 10, 0x82, 8], &*encrypt(TDES, FACTORY, &challenge[4..])].concat();
    assert_eq!(bench.word(AUTHENTICATE, TDES, 0x9b, &[0x7c, 10, 0x82, 8, 0, 0, 0, 0, 0, 0, 0, 0]), SECURITY);
    assert_eq!(bench.word(AUTHENTICATE, TDES, 0x9b, &answer), PARAMETERS);
}

#[test]
fn no_two_challenges_are_alike() {
    let bench = Bench::new();
    let ask = || bench.data(AUTHENTICATE, TDES, 0x9b, &[0x7c, 2, 0x81, 0]);
    assert_ne!(ask(), ask());
}

#[test]
fn an_answer_that_is_empty_or_of_another_length_proves_nothing() {
    let bench = Bench::new();
    for answer in [&[0x7c, 2, 0x82, 0][..], &[0x7c, 3, 0x82, 1, 0], &[0x7c, 2, 0x83, 0], &[0x7c, 0], &[]] {
        bench.data(AUTHENTICATE, TDES, 0x9b, &[0x7c, 2, 0x81, 0]);
        assert_ne!(bench.word(AUTHENTICATE, TDES, 0x9b, answer), OK, "{answer:02x?}");
        assert_eq!(bench.word(0x47, 0, 0x9a, &generate_data(0x11, [0, 0])), SECURITY);
    }
}

#[test]
fn a_new_key_needs_the_old_one_and_must_fit_its_algorithm() {
    let bench = Bench::new();
    assert_eq!(bench.word(SET_MANAGEMENT_KEY, 0xff, 0xff, &set(AES256, &key(32))), SECURITY);
    bench.manage();
    for wrong in [set(AES256, &key(24)), set(0x0d, &key(32)), set(TDES, &key(16)), vec![AES256], Vec::new()] {
        assert_eq!(bench.word(SET_MANAGEMENT_KEY, 0xff, 0xff, &wrong), PARAMETERS);
    }
    let mut cut = set(AES256, &key(32));
    cut.pop();
    assert_eq!(bench.word(SET_MANAGEMENT_KEY, 0xff, 0xff, &cut), PARAMETERS);
    assert_eq!(bench.word(SET_MANAGEMENT_KEY, 0xff, 0x00, &set(AES256, &key(32))), 0x6a86);
}

#[test]
fn firmware_from_before_5_4_2_has_no_aes() {
    let bench = Bench::with(|settings| settings.firmware = Some(Firmware::new(5, 2, 7)));
    bench.manage();
    assert_eq!(bench.word(SET_MANAGEMENT_KEY, 0xff, 0xff, &set(AES256, &key(32))), PARAMETERS);
    assert_eq!(bench.word(SET_MANAGEMENT_KEY, 0xff, 0xff, &set(TDES, &key(24))), OK);
}
