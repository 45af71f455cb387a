//! PIN and PUK.

use crate::support::{
    BLOCKED, Bench, CHANGE, CONDITIONS, METADATA, NO_REFERENCE, OK, PARAMETERS, PIN, PUK, RESET, SECURITY, SET_RETRIES,
    UNBLOCK, VERIFY, WRONG,
};

const NEW: &[u8] = b"7654321\xff";

fn pair(old: &[u8], new: &[u8]) -> Vec<u8> {
    [old, new].concat()
}

#[test]
fn an_empty_verify_tells_the_tries_that_are_left_until_the_pin_is_verified() {
    let bench = Bench::new();
    assert_eq!(bench.word(VERIFY, 0, 0x80, &[]), 0x63c3);
    bench.verify();
    assert_eq!(bench.word(VERIFY, 0, 0x80, &[]), OK);
}

#[test]
fn every_wrong_pin_loses_a_try_until_the_pin_is_blocked_and_then_the_right_one_is_refused_too() {
    let bench = Bench::new();
    for left in [0x63c2, 0x63c1, 0x63c0] {
        assert_eq!(bench.word(VERIFY, 0, 0x80, WRONG), left);
    }
    assert_eq!(bench.word(VERIFY, 0, 0x80, PIN), BLOCKED);
    assert_eq!(bench.word(VERIFY, 0, 0x80, &[]), BLOCKED);
    assert_eq!(bench.word(CHANGE, 0, 0x80, &pair(PIN, NEW)), BLOCKED);
}

#[test]
fn the_right_pin_gives_all_tries_back() {
    let bench = Bench::new();
    bench.word(VERIFY, 0, 0x80, WRONG);
    bench.word(VERIFY, 0, 0x80, WRONG);
    bench.verify();
    assert_eq!(bench.word(VERIFY, 0, 0x80, WRONG), 0x63c2);
}

#[test]
fn a_wrong_pin_takes_back_that_it_was_verified() {
    let bench = Bench::new();
    bench.verify();
    bench.word(VERIFY, 0, 0x80, WRONG);
    assert_eq!(bench.word(VERIFY, 0, 0x80, &[]), 0x63c2);
}

#[test]
fn a_client_can_take_back_that_the_pin_was_verified() {
    let bench = Bench::new();
    bench.verify();
    assert_eq!(bench.word(VERIFY, 0xff, 0x80, &[]), OK);
    assert_eq!(bench.word(VERIFY, 0, 0x80, &[]), 0x63c3);
}

#[test]
fn what_is_no_pin_loses_no_try() {
    let bench = Bench::new();
    assert_eq!(bench.word(VERIFY, 0, 0x80, b"123456"), PARAMETERS);
    assert_eq!(bench.word(VERIFY, 0, 0x80, b"123456\xff\xff\xff"), PARAMETERS);
    assert_eq!(bench.word(VERIFY, 0, 0x81, PUK), NO_REFERENCE);
    assert_eq!(bench.word(VERIFY, 0, 0x00, PIN), NO_REFERENCE);
    assert_eq!(bench.word(VERIFY, 1, 0x80, PIN), 0x6a86);
    assert_eq!(bench.word(VERIFY, 0, 0x80, &[]), 0x63c3);
}

#[test]
fn the_pin_is_changed_by_whoever_knows_it() {
    let bench = Bench::new();
    assert_eq!(bench.word(CHANGE, 0, 0x80, &pair(WRONG, NEW)), 0x63c2);
    assert_eq!(bench.word(CHANGE, 0, 0x80, &pair(PIN, NEW)), OK);
    assert_eq!(bench.word(VERIFY, 0, 0x80, PIN), 0x63c2);
    assert_eq!(bench.word(VERIFY, 0, 0x80, NEW), OK);
}

#[test]
fn the_puk_is_changed_by_whoever_knows_it_and_can_be_blocked() {
    let bench = Bench::new();
    assert_eq!(bench.word(CHANGE, 0, 0x81, &pair(PUK, NEW)), OK);
    for left in [0x63c2, 0x63c1, 0x63c0] {
        assert_eq!(bench.word(CHANGE, 0, 0x81, &pair(PUK, PUK)), left);
    }
    assert_eq!(bench.word(CHANGE, 0, 0x81, &pair(NEW, PUK)), BLOCKED);
}

#[test]
fn a_new_pin_has_six_to_eight_bytes_and_then_padding() {
    let bench = Bench::new();
    for wrong in [&b"12345\xff\xff\xff"[..], b"123456\xff8", b"\xff\xff\xff\xff\xff\xff\xff\xff", b"1234567"] {
        assert_eq!(bench.word(CHANGE, 0, 0x80, &pair(PIN, wrong)), PARAMETERS, "{wrong:02x?}");
    }
    assert_eq!(bench.word(CHANGE, 0, 0x80, &pair(PIN, b"123456\xff\xff")), OK);
    assert_eq!(bench.word(CHANGE, 0, 0x80, &pair(PIN, b"12345678")), OK);
}

#[test]
fn the_puk_gives_a_blocked_pin_another_value_and_all_tries() {
    let bench = Bench::new();
    while bench.word(VERIFY, 0, 0x80, WRONG) != BLOCKED {}
    assert_eq!(bench.word(UNBLOCK, 0, 0x80, &pair(WRONG, NEW)), 0x63c2);
    assert_eq!(bench.word(UNBLOCK, 0, 0x80, &pair(PUK, NEW)), OK);
    assert_eq!(bench.word(VERIFY, 0, 0x80, &[]), 0x63c3);
    assert_eq!(bench.word(VERIFY, 0, 0x80, NEW), OK);
}

#[test]
fn a_blocked_puk_unblocks_nothing() {
    let bench = Bench::new();
    while bench.word(UNBLOCK, 0, 0x80, &pair(WRONG, NEW)) != BLOCKED {}
    assert_eq!(bench.word(UNBLOCK, 0, 0x80, &pair(PUK, NEW)), BLOCKED);
}

#[test]
fn tries_are_set_under_management_key_and_pin_and_then_both_secrets_are_the_factorys() {
    let bench = Bench::new();
    bench.word(CHANGE, 0, 0x80, &pair(PIN, NEW));
    assert_eq!(bench.word(SET_RETRIES, 5, 15, &[]), SECURITY);
    bench.manage();
    assert_eq!(bench.word(SET_RETRIES, 5, 15, &[]), SECURITY);
    assert_eq!(bench.word(VERIFY, 0, 0x80, NEW), OK);
    assert_eq!(bench.word(SET_RETRIES, 0, 15, &[]), PARAMETERS);
    assert_eq!(bench.word(SET_RETRIES, 5, 15, &[]), OK);
    assert_eq!(bench.word(VERIFY, 0, 0x80, &[]), 0x63c5);
    assert_eq!(bench.data(METADATA, 0, 0x81, &[]), [1, 1, 0xff, 5, 1, 1, 6, 2, 15, 15]);
    bench.verify();
}

#[test]
fn more_tries_than_fifteen_are_told_as_fifteen() {
    let bench = Bench::new();
    bench.manage();
    bench.verify();
    assert_eq!(bench.word(SET_RETRIES, 255, 255, &[]), OK);
    assert_eq!(bench.word(VERIFY, 0, 0x80, WRONG), 0x63cf);
    assert_eq!(bench.data(METADATA, 0, 0x80, &[]), [1, 1, 0xff, 5, 1, 1, 6, 2, 255, 254]);
}

#[test]
fn metadata_tell_whether_a_secret_is_still_the_factorys() {
    let bench = Bench::new();
    assert_eq!(bench.data(METADATA, 0, 0x80, &[]), [1, 1, 0xff, 5, 1, 1, 6, 2, 3, 3]);
    bench.word(CHANGE, 0, 0x80, &pair(PIN, NEW));
    bench.word(VERIFY, 0, 0x80, WRONG);
    assert_eq!(bench.data(METADATA, 0, 0x80, &[]), [1, 1, 0xff, 5, 1, 0, 6, 2, 3, 2]);
}

#[test]
fn a_reset_needs_both_to_be_blocked() {
    let bench = Bench::new();
    assert_eq!(bench.word(RESET, 0, 0, &[]), CONDITIONS);
    while bench.word(VERIFY, 0, 0x80, WRONG) != BLOCKED {}
    assert_eq!(bench.word(RESET, 0, 0, &[]), CONDITIONS);
    while bench.word(CHANGE, 0, 0x81, &pair(WRONG, NEW)) != BLOCKED {}
    assert_eq!(bench.word(RESET, 0, 0, &[]), OK);
    bench.verify();
    assert_eq!(bench.word(CHANGE, 0, 0x81, &pair(PUK, NEW)), OK);
}
