//! Commands and answers that are too long for one APDU.

use crate::support::{Bench, CONDITIONS, GET_RESPONSE, LENGTH, OK, PUT_DATA, VERIFY, put_data, tlv};

const OBJECT: [u8; 3] = [0x5f, 0xc1, 0x0a];

/// A short APDU, without Le.
fn short(class: u8, ins: u8, p1: u8, p2: u8, data: &[u8]) -> Vec<u8> {
    [&[class, ins, p1, p2, u8::try_from(data.len()).unwrap()], data].concat()
}

fn get_short(le: &[u8]) -> Vec<u8> {
    [&short(0, 0xcb, 0x3f, 0xff, &[0x5c, 3, 0x5f, 0xc1, 0x0a]), le].concat()
}

#[test]
fn a_command_in_parts_is_carried_out_when_the_last_part_is_there() {
    let bench = Bench::new();
    bench.manage();
    let data = put_data(OBJECT, &[7; 600]);
    let parts: Vec<&[u8]> = data.chunks(255).collect();
    let (last, first) = parts.split_last().unwrap();
    for part in first {
        assert_eq!(bench.raw(&short(0x10, PUT_DATA, 0x3f, 0xff, part)), (Vec::new(), OK));
    }
    assert_eq!(bench.raw(&short(0x00, PUT_DATA, 0x3f, 0xff, last)), (Vec::new(), OK));
    assert_eq!(bench.get(OBJECT), (tlv(0x53, &[7; 600]), OK));
}

#[test]
fn another_command_between_the_parts_gives_them_up() {
    let bench = Bench::new();
    bench.manage();
    let data = put_data(OBJECT, &[7; 300]);
    bench.raw(&short(0x10, PUT_DATA, 0x3f, 0xff, &data[..200]));
    assert_eq!(bench.word(VERIFY, 0, 0x80, &[]), 0x63c3);
    assert_ne!(bench.raw(&short(0x00, PUT_DATA, 0x3f, 0xff, &data[200..])).1, OK);
    bench.raw(&short(0x10, PUT_DATA, 0x3f, 0xff, &data[..200]));
    assert_ne!(bench.raw(&short(0x00, PUT_DATA, 0x3f, 0x00, &data[200..])).1, OK, "other parameters");
    assert_eq!(bench.get(OBJECT).1, 0x6a82);
}

#[test]
fn the_parts_of_a_command_are_bounded() {
    let bench = Bench::new();
    bench.manage();
    let part = short(0x10, PUT_DATA, 0x3f, 0xff, &[7; 255]);
    let refused = (0..1000).find(|_| bench.raw(&part).1 != OK).unwrap();
    assert_eq!(refused, 12);
    assert_eq!(bench.raw(&part), (Vec::new(), OK), "the next one begins a new command");
}

#[test]
fn a_long_answer_is_fetched_in_parts() {
    let bench = Bench::new();
    bench.manage();
    bench.put(OBJECT, &[7; 600]);
    let whole = tlv(0x53, &[7; 600]);
    let (first, word) = bench.raw(&get_short(&[0]));
    assert_eq!((first.len(), word), (256, 0x6100), "more than 255 bytes are left");
    let (second, word) = bench.raw(&[0, GET_RESPONSE, 0, 0, 0]);
    assert_eq!((second.len(), word), (256, 0x6100 + 604 - 512));
    let (third, word) = bench.raw(&[0, GET_RESPONSE, 0, 0, 0x5c]);
    assert_eq!(word, OK);
    assert_eq!([first, second, third].concat(), whole);
    assert_eq!(bench.raw(&[0, GET_RESPONSE, 0, 0, 0]).1, CONDITIONS);
}

#[test]
fn an_answer_is_as_long_as_the_command_expects() {
    let bench = Bench::new();
    bench.manage();
    bench.put(OBJECT, &[7; 300]);
    let (part, word) = bench.raw(&get_short(&[8]));
    assert_eq!((part.len(), word), (8, 0x6100));
    let (part, word) = bench.raw(&[0, GET_RESPONSE, 0, 0, 100]);
    assert_eq!((part.len(), word), (100, 0x6100 + 304 - 108));
    let (part, word) = bench.raw(&get_short(&[]));
    assert_eq!((part.len(), word), (256, 0x6100 + 304 - 256), "without Le");
    assert_eq!(bench.get(OBJECT).0.len(), 304, "extended");
    let extended_without_le = [&[0, 0xcb, 0x3f, 0xff, 0, 0, 5, 0x5c, 3], &OBJECT[..]].concat();
    let (part, word) = bench.raw(&extended_without_le);
    assert_eq!((part.len(), word), (256, 0x6100 + 304 - 256));
}

#[test]
fn what_is_left_of_an_answer_is_gone_with_the_next_command() {
    let bench = Bench::new();
    bench.manage();
    bench.put(OBJECT, &[7; 300]);
    bench.raw(&get_short(&[0]));
    bench.word(VERIFY, 0, 0x80, &[]);
    assert_eq!(bench.raw(&[0, GET_RESPONSE, 0, 0, 0]).1, CONDITIONS);
}

#[test]
fn apdus_whose_lengths_are_wrong_are_refused() {
    let bench = Bench::new();
    for wrong in [
        &[][..],
        &[0],
        &[0, 0x20, 0],
        &[0, 0x20, 0, 0x80, 8, 1, 2],
        &[0, 0x20, 0, 0x80, 1, 1, 0, 0],
        &[0, 0x20, 0, 0x80, 0, 0],
        &[0, 0x20, 0, 0x80, 0, 0, 0, 0],
        &[0, 0x20, 0, 0x80, 0, 0, 8, 1],
        &[0, 0x20, 0, 0x80, 0, 0, 1, 1, 0],
        &[0, 0x20, 0, 0x80, 0, 0, 1, 1, 0, 0, 0],
    ] {
        assert_eq!(bench.raw(wrong), (Vec::new(), LENGTH), "{wrong:02x?}");
    }
    assert_eq!(bench.word(VERIFY, 0, 0x80, &[]), 0x63c3);
}

#[test]
fn classes_that_the_card_does_not_have_are_refused() {
    let bench = Bench::new();
    for (class, word) in [(0x04, 0x6882), (0x0c, 0x6882), (0x80, 0x6e00), (0x01, 0x6e00), (0xff, 0x6e00)] {
        assert_eq!(bench.raw(&[class, 0x20, 0, 0x80]).1, word, "{class:02x}");
    }
}
