//! Data objects.

use crate::support::{Bench, FULL, GET_DATA, LENGTH, NOT_FOUND, OK, PARAMETERS, PUT_DATA, SECURITY, put_data, tlv};

const CERTIFICATE_9C: [u8; 3] = [0x5f, 0xc1, 0x0a];
const PRINTED: [u8; 3] = [0x5f, 0xc1, 0x09];
const ADMIN: [u8; 3] = [0x5f, 0xff, 0x00];

#[test]
fn an_object_is_read_as_it_was_written() {
    let bench = Bench::new();
    bench.manage();
    for length in [1, 0x7f, 0x80, 0xff, 0x100, 2000] {
        let content = vec![0xa5; length];
        assert_eq!(bench.put(CERTIFICATE_9C, &content), OK);
        assert_eq!(bench.get(CERTIFICATE_9C), (tlv(0x53, &content), OK));
    }
}

#[test]
fn writing_needs_the_management_key_and_reading_does_not() {
    let bench = Bench::new();
    bench.verify();
    assert_eq!(bench.put(ADMIN, b"x"), SECURITY);
    bench.manage();
    assert_eq!(bench.put(ADMIN, b"x"), OK);
    bench.card.reset();
    bench.select(crate::support::PIV);
    assert_eq!(bench.get(ADMIN), (tlv(0x53, b"x"), OK));
}

#[test]
fn an_object_without_content_is_deleted() {
    let bench = Bench::new();
    bench.manage();
    assert_eq!(bench.get(ADMIN).1, NOT_FOUND);
    bench.put(ADMIN, b"x");
    assert_eq!(bench.put(ADMIN, b""), OK);
    assert_eq!(bench.get(ADMIN).1, NOT_FOUND);
    assert_eq!(bench.put(ADMIN, b""), OK);
}

#[test]
fn fingerprints_prints_and_pictures_are_read_under_the_pin_only() {
    let bench = Bench::new();
    bench.manage();
    for object in [[0x5f, 0xc1, 0x03], [0x5f, 0xc1, 0x08], PRINTED, [0x5f, 0xc1, 0x21]] {
        bench.word(0x20, 0xff, 0x80, &[]);
        assert_eq!(bench.get(object).1, SECURITY, "whether or not it is there");
        assert_eq!(bench.put(object, b"secret"), OK);
        assert_eq!(bench.get(object).1, SECURITY);
        bench.verify();
        assert_eq!(bench.get(object), (tlv(0x53, b"secret"), OK));
    }
}

#[test]
fn the_largest_object_fits_into_one_command_and_a_larger_one_into_none() {
    let bench = Bench::new();
    bench.manage();
    assert_eq!(bench.put(CERTIFICATE_9C, &[7; 3063]), OK);
    assert_eq!(bench.get(CERTIFICATE_9C), (tlv(0x53, &[7; 3063]), OK));
    assert_eq!(bench.put(CERTIFICATE_9C, &[8; 3064]), LENGTH);
    assert_eq!(bench.get(CERTIFICATE_9C), (tlv(0x53, &[7; 3063]), OK));
}

#[test]
fn a_full_card_takes_nothing_more_until_something_is_deleted() {
    let bench = Bench::new();
    bench.manage();
    let object = |number| [0x5f, 0x00, number];
    let full = (0..100).find(|number| bench.put(object(*number), &[7; 3000]) != OK).unwrap();
    assert_eq!(bench.put(object(full), &[7; 3000]), FULL);
    assert_eq!(bench.get(object(full)).1, NOT_FOUND);
    assert_eq!(bench.put(object(0), &[8; 3000]), OK, "in the place of the old one");
    assert_eq!(bench.put(object(0), b""), OK);
    assert_eq!(bench.put(object(full), &[7; 3000]), OK);
}

#[test]
fn the_discovery_object_is_always_there_and_never_written() {
    let bench = Bench::new();
    bench.manage();
    let discovery = bench.data(GET_DATA, 0x3f, 0xff, &[0x5c, 1, 0x7e]);
    assert_eq!(discovery[..4], [0x7e, 0x12, 0x4f, 0x0b]);
    assert_eq!(bench.word(PUT_DATA, 0x3f, 0xff, &[0x7e, 1, 0]), PARAMETERS);
}

#[test]
fn what_names_no_object_is_refused() {
    let bench = Bench::new();
    bench.manage();
    assert_eq!(bench.get([0x5e, 0xc1, 0x02]).1, NOT_FOUND);
    assert_eq!(bench.word(GET_DATA, 0x3f, 0xff, &[0x5c, 1, 0x05]), NOT_FOUND);
    assert_eq!(bench.word(GET_DATA, 0x3f, 0x00, &[0x5c, 1, 0x7e]), 0x6a86);
    for wrong in [&[][..], &[0x5c], &[0x5c, 9, 1], &[0x53, 1, 1], &[0x5c, 0x80]] {
        assert_eq!(bench.word(GET_DATA, 0x3f, 0xff, wrong), PARAMETERS, "{wrong:02x?}");
        assert_eq!(bench.word(PUT_DATA, 0x3f, 0xff, wrong), PARAMETERS, "{wrong:02x?}");
    }
    assert_eq!(bench.put([0x5e, 0xc1, 0x02], b"x"), PARAMETERS);
    let mut trailing = put_data(ADMIN, b"x");
    trailing.push(0);
    assert_eq!(bench.word(PUT_DATA, 0x3f, 0xff, &trailing), PARAMETERS);
}

#[test]
fn a_reset_deletes_objects() {
    let bench = Bench::new();
    bench.manage();
    bench.put(ADMIN, b"x");
    bench.factory_reset();
    assert_eq!(bench.get(ADMIN).1, NOT_FOUND);
}
