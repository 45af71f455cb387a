//! What tells clients which device it is.

use crate::support::{Bench, MANAGEMENT, NO_INSTRUCTION, NOT_FOUND, OK, PIV, SELECT, SERIAL, find};
use officiant_devices::Firmware;

#[test]
fn piv_is_selected_by_its_name_with_or_without_its_version() {
    let bench = Bench::new();
    let whole = [0xa0, 0, 0, 3, 8, 0, 0, 0x10, 0, 1, 0];
    for length in [5, 9, 11] {
        let answer = bench.data(SELECT, 4, 0, &whole[..length]);
        assert_eq!(answer, [0x61, 0x11, 0x4f, 6, 0, 0, 0x10, 0, 1, 0, 0x79, 7, 0x4f, 5, 0xa0, 0, 0, 3, 8]);
    }
    for wrong in [&whole[..4], &[], &[0xa0, 0, 0, 3, 9], &[0xa0, 0, 0, 3, 8, 0, 0, 0x10, 0, 2, 0], &[0; 20]] {
        assert_eq!(bench.word(SELECT, 4, 0, wrong), NOT_FOUND, "{wrong:02x?}");
    }
    assert_eq!(bench.word(SELECT, 0, 0, PIV), 0x6a86);
}

#[test]
fn an_application_that_is_not_there_leaves_the_selected_one_as_it_was() {
    let bench = Bench::new();
    bench.verify();
    bench.word(SELECT, 4, 0, &[0xd2, 0x76, 0, 1, 0x24, 1]);
    assert_eq!(bench.word(0x20, 0, 0x80, &[]), OK);
}

#[test]
fn no_application_is_selected_at_first() {
    let bench = Bench::new();
    bench.card.reset();
    assert_eq!(bench.word(0xfd, 0, 0, &[]), NO_INSTRUCTION);
    assert_eq!(bench.word(0x1d, 0, 0, &[]), NO_INSTRUCTION);
}

#[test]
fn piv_tells_version_and_serial_number() {
    let bench = Bench::new();
    assert_eq!(bench.data(0xfd, 0, 0, &[]), [5, 4, 3]);
    assert_eq!(bench.data(0xf8, 0, 0, &[]), SERIAL.to_be_bytes());
    assert_eq!((bench.card.serial(), bench.card.firmware()), (SERIAL, Firmware::new(5, 4, 3)));
    assert_eq!(bench.word(0x1d, 0, 0, &[]), NO_INSTRUCTION);
}

#[test]
fn the_management_application_tells_what_the_device_is() {
    let bench = Bench::with(|settings| settings.form_factor = 0x01);
    assert_eq!(bench.data(SELECT, 4, 0, MANAGEMENT), b"Virtual mgr - FW version 5.4.3");
    let info = bench.data(0x1d, 0, 0, &[]);
    assert_eq!(usize::from(info[0]), info.len() - 1);
    assert_eq!(find(&info[1..], 0x02).unwrap(), SERIAL.to_be_bytes());
    assert_eq!(find(&info[1..], 0x04).unwrap(), [0x01]);
    assert_eq!(find(&info[1..], 0x05).unwrap(), [5, 4, 3]);
    assert_eq!(find(&info[1..], 0x14), None, "from 5.7 on");
    assert_eq!(bench.word(0x1d, 1, 0, &[]), 0x6a86);
    assert_eq!(bench.word(0x20, 0, 0x80, &[]), NO_INSTRUCTION);
}

#[test]
fn the_application_for_one_time_passwords_tells_the_serial_number_and_nothing_else() {
    let bench = Bench::new();
    bench.select(&[0xa0, 0, 0, 5, 0x27, 0x20, 1]);
    assert_eq!(bench.data(0x01, 0x10, 0, &[]), SERIAL.to_be_bytes());
    assert_eq!(bench.data(0x03, 0, 0, &[])[..3], [5, 4, 3]);
    assert_eq!(bench.word(0x01, 0x01, 0, &[]), NO_INSTRUCTION);
}
