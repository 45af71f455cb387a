//! `officiant device yubikey`.

use super::support::{PIN, VirtualReaders};
use crate::{
    devices::{Running, refused, until},
    support::officiant,
};
use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
};

#[test]
fn two_cards_are_in_two_readers_at_once_and_each_is_asked_by_its_serial_number() {
    let Some(readers) = VirtualReaders::start(&["ykman"]) else { return };
    let first = readers.insert(7_550_054, &[]);
    let port = readers.port();
    assert_eq!(
        first.lines,
        format!("REHEARSAL YubiKey 5, serial number 7550054, firmware 5.4.3\nreader  127.0.0.1:{port}\n")
    );
    let second = readers.insert(7_550_055, &["--firmware", "5.7.1", "--fips"]);
    assert_eq!(
        second.lines,
        format!("REHEARSAL YubiKey 5 FIPS, serial number 7550055, firmware 5.7.1\nreader  127.0.0.1:{}\n", port + 1)
    );
    assert_eq!(readers.says("ykman", &["list", "--serials"]), "7550054\n7550055\n");
    let of = |serial: &str| readers.says("ykman", &["--device", serial, "info"]);
    let (info, other) = (of("7550054"), of("7550055"));
    assert!(info.contains("Device type: YubiKey 5C\nSerial number: 7550054\nFirmware version: 5.4.3\n"), "{info}");
    assert!(other.contains("Serial number: 7550055\nFirmware version: 5.7.1\n") && other.contains("FIPS"), "{other}");

    let message = format!(
        "error: there is a card in both card readers, at the ports {port} and {}, already; take one out, or start other readers: \
         officiant device readers --port 0",
        port + 1
    );
    refused(&mut readers.device(7_550_056, &[]), 2, &message);
    let port = port.to_string();
    let message = format!("error: there is a card in the reader at port {port} already; name another");
    refused(&mut readers.device(7_550_056, &["--port", &port]), 2, &message);
    assert!(!readers.path("7550056.json").exists(), "a device was made for nothing");

    first.remove(&readers);
    assert_eq!(readers.cards(), 1);
    readers.insert(7_550_054, &["--port", &port]);
    assert_eq!(readers.cards(), 2);
}

#[test]
fn cards_that_are_put_in_at_once_are_in_two_readers() {
    let Some(readers) = VirtualReaders::start(&[]) else { return };
    let _cards = [7_550_054, 7_550_055].map(|serial| Running::start(readers.device(serial, &[])));
    until("both cards are seen", || readers.cards() == 2);
}

#[test]
fn a_card_that_was_pulled_out_is_gone_for_its_clients_and_remembers() {
    let Some(readers) = VirtualReaders::start(&["yubico-piv-tool"]) else { return };
    let card = readers.insert(7_550_054, &[]);
    readers.says("yubico-piv-tool", &["-a", "change-pin", "-P", PIN, "-N", "11122233"]);
    card.remove(&readers);
    let (code, said) = readers.tries("yubico-piv-tool", &["-a", "status"]);
    assert_ne!(code, Some(0), "{said}");
    let _card = readers.insert(7_550_054, &[]);
    readers.says("yubico-piv-tool", &["-a", "verify-pin", "-P", "11122233"]);
}

#[test]
fn a_reader_that_is_not_there_is_refused_with_what_to_do() {
    let folder = tempfile::TempDir::new().unwrap();
    let state = folder.path().join("card.json");
    let nothing = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let message = format!(
        "error: there is no card reader at port {nothing}; start one in another terminal: officiant device readers"
    );
    let mut command = officiant();
    command.args(["device", "yubikey", "--serial", "7550054", "--port", &nothing.to_string(), "--state"]).arg(&state);
    refused(&mut command, 2, &message);
    assert!(!state.exists(), "a device was made for nothing");
}

#[test]
fn what_is_no_firmware_version_is_refused_before_a_device_is_made() {
    let folder = tempfile::TempDir::new().unwrap();
    let state = folder.path().join("device.json");
    for kind in ["yubihsm", "yubikey"] {
        let mut command = officiant();
        command.args(["device", kind, "--serial", "7550054", "--firmware", "5.x", "--state"]).arg(&state);
        let message = "error: invalid value '5.x' for '--firmware <VERSION>': \"5.x\" is not a firmware version; write three \
                       numbers, such as 2.4.0\n\nFor more information, try '--help'.";
        refused(&mut command, 2, message);
        assert!(!state.exists(), "a device was made for nothing");
    }
}

#[test]
fn what_a_card_cannot_be_is_refused() {
    let Some(readers) = VirtualReaders::start(&[]) else { return };
    readers.insert(7_550_054, &[]).remove(&readers);
    let state = readers.path("7550054.json");
    let state = state.display();
    let mut other = readers.device(7_550_054, &["--firmware", "5.7.1"]);
    let message = format!(
        "error: {state}: the firmware of this virtual device is 5.4.3, not 5.7.1; ask for 5.4.3, or name another file for a device \
         with 5.7.1"
    );
    refused(&mut other, 2, &message);
    let mut command = readers.device(7_550_099, &["--touch", "ask"]);
    let message = "error: --touch ask: there is no terminal where a key could be pressed; use automatic";
    refused(&mut command, 2, message);
    assert!(!readers.path("7550099.json").exists(), "a device was made for nothing");
    let _card = readers.insert(7_550_054, &[]);
    let message =
        format!("error: {state}: another process has this virtual device open; stop it first, or name another file");
    refused(&mut readers.device(7_550_054, &[]), 2, &message);
}

#[test]
fn the_certificate_that_attestations_lead_to_is_written() {
    let Some(readers) = VirtualReaders::start(&["openssl"]) else { return };
    let _card = readers.insert(7_550_054, &["--anchors", "."]);
    let subject = readers.says("openssl", &["x509", "-in", "rehearsal-piv-root.pem", "-noout", "-subject"]);
    assert_eq!(subject, "subject=CN = REHEARSAL Yubico PIV Root CA Serial 1\n");
    let state = fs::read_to_string(readers.path("7550054.json")).unwrap();
    assert!(!state.contains(PIN), "the PIN is shown in the state");
}
