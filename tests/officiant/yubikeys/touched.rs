//! The terminal of a virtual YubiKey, where a key that is pressed is a touch; and that of its readers.

use super::support::{PIN, VirtualReaders, installed};
use crate::{devices::until, support::officiant, terminal::Person};
use std::{process::Command, thread};

#[test]
fn a_touch_is_a_key_that_is_pressed_in_the_devices_terminal() {
    let Some(readers) = VirtualReaders::start(&["yubico-piv-tool", "openssl"]) else { return };
    let mut command = officiant();
    let (port, state) = (readers.port().to_string(), readers.path("card.json"));
    command.args(["device", "yubikey", "--serial", "7550054", "--port", &port, "--state"]).arg(state);
    let mut hand = Person::of(&command);
    hand.sees("Ctrl-C pulls it out.");
    until("a card is in the reader", || readers.cards() == 1);
    let generate = ["-a", "generate", "-s", "9a", "-A", "ECCP256", "--touch-policy", "always", "-o", "key.pem"];
    readers.says("yubico-piv-tool", &generate);
    readers.says("yubico-piv-tool", &["-a", "attest", "-s", "9a", "-o", "attestation.pem"]);

    // Pressed before it waits: no touch.
    hand.types("x");
    let signs = ["-a", "verify-pin", "-P", PIN, "-a", "test-signature", "-s", "9a", "-i", "attestation.pem"];
    thread::scope(|scope| {
        let signing = scope.spawn(|| readers.says("yubico-piv-tool", &signs));
        hand.sees("The YubiKey blinks: press any key here, which touches it, to use the key in slot 9a.");
        thread::sleep(std::time::Duration::from_millis(300));
        assert!(!signing.is_finished(), "it was not touched");
        hand.types("y").sees("Touched.");
        let said = signing.join().unwrap();
        assert!(said.contains("Successful ECDSA verification."), "{said}");
    });
    hand.types("\u{3}");
    let (code, _) = hand.ends();
    assert_eq!(code, Some(0));
}

#[test]
fn a_device_in_the_background_of_its_terminal_says_so_and_is_not_touched() {
    let Some(readers) = VirtualReaders::start(&["yubico-piv-tool"]) else { return };
    let (port, state) = (readers.port().to_string(), readers.path("card.json"));
    let mut command = Command::new("sh");
    command.args(["-c", "set -m; \"$@\" & read answer; kill $!; wait", "sh", env!("CARGO_BIN_EXE_officiant")]);
    command.args(["device", "yubikey", "--serial", "7550054", "--port", &port, "--state"]).arg(state);
    let mut hand = Person::of(&command);
    hand.sees("Ctrl-C pulls it out.");
    until("a card is in the reader", || readers.cards() == 1);
    let generate = ["-a", "generate", "-s", "9a", "-A", "ECCP256", "--touch-policy", "always", "-o", "key.pem"];
    readers.says("yubico-piv-tool", &generate);
    readers.says("yubico-piv-tool", &["-a", "attest", "-s", "9a", "-o", "attestation.pem"]);
    let signs = ["-a", "verify-pin", "-P", PIN, "-a", "test-signature", "-s", "9a", "-i", "attestation.pem"];
    let (code, said) = readers.tries("yubico-piv-tool", &signs);
    assert_ne!(code, Some(0), "{said}");
    hand.sees("bring this one to the foreground (fg), or start it with --touch automatic")
        .sees("It was not touched in time.");
    hand.enters("over");
    hand.ends();
    until("the card is out", || readers.cards() == 0);
}

#[test]
fn ctrl_c_is_for_the_program_and_not_for_its_readers() {
    if !installed(&["pcscd", "opensc-tool"]) {
        return;
    }
    let mut command = officiant();
    let script =
        "trap 'opensc-tool --list-readers' INT; echo asking; until test \"$answer\" = over; do read answer; done";
    command.args(["device", "readers", "--port", "0", "--", "sh", "-c", script]);
    let mut person = Person::of(&command);
    person.sees("asking").types("\u{3}").sees("Yubico YubiKey CCID 00 01").enters("over");
    let (code, _) = person.ends();
    assert_eq!(code, Some(0));
}
