//! Messages that no client sends.

use officiant_devices::{Firmware, yubihsm::CommandCode};
use yubihsm::object;

use crate::{
    host::{Host, answer, error, frame},
    support::Bench,
};

const INVALID_COMMAND: u8 = 0x01;
const INVALID_DATA: u8 = 0x02;
const WRONG_LENGTH: u8 = 0x08;

#[test]
fn a_message_cut_short_or_with_a_length_that_lies_has_the_wrong_length() {
    let bench = Bench::new();
    for message in [
        &[][..],
        &[0x01],
        &[0x01, 0],
        &[0x01, 0, 1],
        &[0x01, 0, 0, 9],
        &[0x01, 0xff, 0xff, 1, 2, 3],
        &[0x05, 0, 0],
        &[0x04, 0, 1, 0],
        &[0x03, 0, 2, 0, 1],
    ] {
        assert_eq!(answer(bench.device(), message), error(WRONG_LENGTH), "{message:02x?}");
    }
}

#[test]
fn a_message_longer_than_the_firmwares_buffer_has_the_wrong_length() {
    for (firmware, longest) in [(Firmware::new(2, 1, 2), 2047), (Firmware::new(2, 4, 0), 3135)] {
        let bench = Bench::with(|settings| settings.firmware = Some(firmware));
        let fitting = frame(0x01, &vec![7; longest - 3]);
        assert_eq!(answer(bench.device(), &fitting)[0], 0x81);
        let too_long = frame(0x01, &vec![7; longest - 2]);
        assert_eq!(answer(bench.device(), &too_long), error(WRONG_LENGTH));
    }
}

#[test]
fn only_four_commands_and_no_others_are_carried_out_outside_a_session() {
    let bench = Bench::new();
    for code in 0..=255 {
        let refused = answer(bench.device(), &frame(code, &[])) == error(INVALID_COMMAND);
        let known = [0x01, 0x03, 0x04, 0x05, 0x06].contains(&code);
        assert_eq!(refused, !known, "{code:#04x}");
    }
}

#[test]
fn every_command_that_is_not_there_is_an_invalid_command_and_the_session_goes_on() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    let there = [
        0x01, 0x06, 0x08, 0x40, 0x41, 0x43, 0x44, 0x45, 0x46, 0x48, 0x4d, 0x4e, 0x4f, 0x50, 0x51, 0x54, 0x56, 0x58,
        0x64, 0x67, 0x6a, 0x6b, 0x6c,
    ];
    for code in (0..=255).filter(|code| !there.contains(code)) {
        assert_eq!(host.send(code, &[0; 8]), error(INVALID_COMMAND), "{code:#04x}");
    }
}

#[test]
fn commands_with_too_little_or_too_much_data_have_the_wrong_length() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    let mut new_key = [0; 53];
    new_key[43] = 1;
    new_key[52] = 12;
    // Command, and data of the right length: what fails is one byte less, or one more where there is no open end.
    let fixed: [(u8, &[u8]); 11] = [
        (0x08, &[]),
        (0x40, &[]),
        (0x41, &[]),
        (0x43, &[0, 0]),
        (0x46, &new_key),
        (0x4e, &[0, 1, 2]),
        (0x51, &[0, 1]),
        (0x54, &[0, 1]),
        (0x58, &[0, 9, 2]),
        (0x64, &[0, 1, 0, 0]),
        (0x6b, &[1]),
    ];
    for (code, data) in fixed {
        assert_eq!(host.send(code, &[data, &[0]].concat()), error(WRONG_LENGTH), "{code:#04x} with a byte more");
        if let [less @ .., _] = data {
            assert_eq!(host.send(code, less), error(WRONG_LENGTH), "{code:#04x} with a byte less");
        }
    }
    for code in [0x01, 0x44, 0x45, 0x56, 0x6a, 0x6c] {
        assert_eq!(host.send(code, &[]), error(WRONG_LENGTH), "{code:#04x} with nothing");
    }
}

#[test]
fn an_encrypted_message_whose_inside_is_no_message_is_answered_inside_the_session() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    assert_eq!(host.send_raw(&[]), error(WRONG_LENGTH));
    assert_eq!(host.send_raw(&[0x01]), error(WRONG_LENGTH));
    assert_eq!(host.send_raw(&[0x01, 0xff, 0xff, 1]), error(WRONG_LENGTH));
    assert_eq!(host.send(0x01, b"on"), frame(0x81, b"on"));
}

#[test]
fn an_authentic_message_with_no_padding_inside_ends_the_session() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    let message = host.with_mac(0x05, &[0x55; 32]);
    assert_eq!(answer(bench.device(), &message), error(INVALID_DATA));
    let late = host.message(&frame(0x01, b"late"));
    assert_eq!(answer(bench.device(), &late), error(0x03));
}

#[test]
fn a_session_message_that_is_no_whole_number_of_blocks_has_the_wrong_length_and_ends_nothing() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    for length in [0, 1, 7, 8, 15, 23, 25, 39] {
        let data = [&[host.session], vec![0; length].as_slice()].concat();
        assert_eq!(answer(bench.device(), &frame(0x05, &data)), error(WRONG_LENGTH), "{length}");
    }
    assert_eq!(host.send(0x01, b"on"), frame(0x81, b"on"));
}

#[test]
fn sessions_that_cannot_be_are_invalid() {
    let bench = Bench::new();
    for session in [0, 15, 16, 255] {
        let data = [&[session], [0; 24].as_slice()].concat();
        assert_eq!(answer(bench.device(), &frame(0x05, &data)), error(0x03));
        assert_eq!(
            answer(bench.device(), &frame(0x04, &[session, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8])),
            error(3)
        );
    }
}

#[test]
fn a_filter_that_is_unknown_or_cut_short_is_refused() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    assert_eq!(host.send(0x48, &[0]), error(INVALID_DATA));
    assert_eq!(host.send(0x48, &[7]), error(INVALID_DATA));
    for cut in [&[1][..], &[1, 0], &[2], &[3, 0], &[4, 0, 0], &[5], &[6, 65, 66]] {
        assert_eq!(host.send(0x48, cut), error(WRONG_LENGTH), "{cut:02x?}");
    }
}

#[test]
fn a_type_that_is_none_is_invalid_data() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    for code in [0x4e, 0x58] {
        assert_eq!(host.send(code, &[0, 1, 0]), error(INVALID_DATA));
        assert_eq!(host.send(code, &[0, 1, 10]), error(INVALID_DATA));
    }
}

#[test]
fn no_bytes_of_any_kind_bring_the_device_down() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    // A generator of its own, so that a failure can be repeated.
    let mut seed = 1_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(seed >> 56).unwrap()
    };
    let reset = CommandCode::ResetDevice.code();
    let close = CommandCode::CloseSession.code();
    for round in 0..6000 {
        let bytes: Vec<u8> = (0..random()).map(|_| random()).collect();
        if round % 2 == 0 {
            let message = if round % 4 == 0 { bytes } else { frame(random(), &bytes) };
            // A message to the session, which would end it, has to wait.
            if message.first() != Some(&0x05) {
                answer(bench.device(), &message);
            }
        } else {
            let code = random();
            if code != reset && code != close {
                host.send(code, &bytes);
            }
        }
    }
    assert_eq!(host.send(0x01, b"alive"), frame(0x81, b"alive"));
}

#[test]
fn more_random_bytes_than_a_message_holds_are_refused() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    let most = host.send(0x51, &3116_u16.to_be_bytes());
    assert_eq!(most.len(), 3 + 3116);
    assert_eq!(host.send(0x51, &3117_u16.to_be_bytes()), error(WRONG_LENGTH));
    assert_eq!(host.send(0x51, &[0xff, 0xff]), error(WRONG_LENGTH));
}

#[test]
fn capabilities_that_no_firmware_defines_are_left_out() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    let mut key = vec![0, 2];
    key.extend([0; 40]);
    key.extend([0xff; 10]);
    key.push(38);
    key.extend([0xff; 8]);
    key.extend([7; 32]);
    assert_eq!(host.send(0x44, &key), frame(0xc4, &[0, 2]));
    let info = bench.client().get_object_info(2, object::Type::AuthenticationKey).unwrap();
    assert_eq!(info.capabilities.bits(), (1 << 56) - 1);
}
