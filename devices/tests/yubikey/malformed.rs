//! What nobody should send.

use officiant_devices::yubikey::{
    Reply, VirtualYubiKey,
    parsers::{Apdu, Message, Objects},
};
use rand_core::{OsRng, RngCore};

use crate::support::{Bench, FACTORY, OK, PIN, PIV, TDES, VERIFY};

const INSTRUCTIONS: [u8; 22] = [
    0x01, 0x03, 0x1d, 0x20, 0x24, 0x2c, 0x47, 0x87, 0xa4, 0xc0, 0xcb, 0xdb, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfd,
    0xfe, 0xff, 0x00,
];
const PARAMETERS: [u8; 16] =
    [0x00, 0x01, 0x03, 0x04, 0x11, 0x14, 0x3f, 0x80, 0x81, 0x82, 0x9a, 0x9b, 0x9c, 0xf9, 0xfe, 0xff];
const TAGS: [u8; 16] = [0x5c, 0x53, 0x7c, 0xac, 0x80, 0x81, 0x82, 0x85, 0xaa, 0xab, 0x01, 0x02, 0x06, 0x7f, 0x5f, 0x9b];

fn byte() -> u8 {
    OsRng.next_u32().to_be_bytes()[0]
}

fn below(limit: usize) -> usize {
    usize::try_from(OsRng.next_u64() % u64::try_from(limit).unwrap()).unwrap()
}

fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

/// Something like a data object, perhaps with others inside, perhaps with a wrong length.
fn object(depth: usize) -> Vec<u8> {
    let value =
        if depth > 0 && below(2) == 0 { [object(depth - 1), object(depth - 1)].concat() } else { random(below(9)) };
    let length = if below(8) == 0 { byte() } else { u8::try_from(value.len() & 0x7f).unwrap() };
    [&[TAGS[below(TAGS.len())], length], &*value].concat()
}

fn command() -> Vec<u8> {
    let class = [0x00, 0x00, 0x00, 0x10, byte()][below(5)];
    let data = match below(4) {
        0 => random(below(40)),
        1 => PIN.to_vec(),
        _ => object(3),
    };
    let mut apdu = vec![class, INSTRUCTIONS[below(INSTRUCTIONS.len())], PARAMETERS[below(16)], PARAMETERS[below(16)]];
    match below(4) {
        0 => {}
        1 => apdu.extend([&[0, 0, u8::try_from(data.len() & 0xff).unwrap()], &*data].concat()),
        _ => apdu.extend([&[u8::try_from(data.len() & 0xff).unwrap()], &*data].concat()),
    }
    if below(3) == 0 {
        apdu.push(byte());
    }
    apdu
}

fn answers(card: &VirtualYubiKey, apdu: &[u8]) {
    let Reply::Answer(answer) = card.transmit(apdu) else { panic!("no answer to {apdu:02x?}") };
    assert!(answer.len() >= 2, "{apdu:02x?}");
}

#[test]
fn whatever_is_sent_the_card_answers_and_lives() {
    let bench = Bench::new();
    bench.manage();
    for round in 0..10_000 {
        if round % 50 == 0 {
            bench.select(PIV);
            bench.manage_with(TDES, FACTORY);
            bench.word(VERIFY, 0, 0x80, PIN);
        }
        let apdu = if round % 3 == 0 { random(below(24)) } else { command() };
        answers(&bench.card, &apdu);
    }
    bench.card.reset();
    bench.select(PIV);
    assert_eq!(bench.data(0xf8, 0, 0, &[]), bench.card.serial().to_be_bytes());
    bench.restart();
}

#[test]
fn every_instruction_with_every_first_parameter_and_no_data_is_answered() {
    let bench = Bench::new();
    for instruction in 0..=u8::MAX {
        for p1 in 0..=u8::MAX {
            answers(&bench.card, &[0, instruction, p1, 0]);
        }
    }
    assert_eq!(bench.word(VERIFY, 0, 0x80, PIN), OK);
}

#[test]
fn the_longest_apdus_are_answered() {
    let bench = Bench::new();
    for instruction in INSTRUCTIONS {
        let mut apdu = vec![0, instruction, 0x3f, 0xff, 0, 0xff, 0xff];
        apdu.extend(vec![0x7c; 65_535]);
        answers(&bench.card, &apdu);
        apdu.extend([0, 0]);
        answers(&bench.card, &apdu);
    }
}

#[test]
fn parsers_take_any_bytes() {
    for _ in 0..50_000 {
        let bytes = random(below(40));
        if let Ok(apdu) = Apdu::parse(&bytes) {
            assert!(apdu.data.len() < bytes.len());
        }
        if let Some(objects) = Objects::parse(&bytes) {
            assert!(objects.iter().map(|(_, value)| value.len() + 2).sum::<usize>() <= bytes.len());
        }
    }
}

#[test]
fn a_message_of_the_reader_does_not_show_the_pin_in_it() {
    let message = Message::parse(b"\x00\x20\x00\x80\x08123456\xff\xff").unwrap();
    assert_eq!(format!("{message:?}"), "Apdu(13 bytes)");
    assert_eq!(format!("{:?}", Message::parse(&[4])), "Some(GetAtr)");
}
