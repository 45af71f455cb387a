//! What people are told when a device, or another program, is not as it should be.

use super::support::{Desk, PIN, SERIAL};
use crate::{
    devices::{Running, until},
    terminal::Person,
    yubikeys::support::{installed, path_of},
};
use officiant_devices::yubikey::{Touch, Toucher};
use std::{fs, process::Stdio, sync::Arc};

/// Whoever should touch the device is away.
struct Nobody;

impl Toucher for Nobody {
    fn touch(&self, _: &str) -> bool {
        false
    }
}

#[test]
fn a_touch_that_is_missed_costs_no_try_and_leaves_nothing() {
    let desk = Desk::touched(&[(SERIAL, None, false)], &Touch::By(Arc::new(Nobody)));
    let words =
        ["management_key=factory-default", "slot=9c", "algorithm=ECCP256", "touch_policy=always", "out=key.pem"];
    desk.does("piv.generate-key", &words);
    desk.change_pin();
    let mut person = desk.person("piv.sign", &["slot=9c", "pin=pin", "data=hello", "out=hello.sig"]);
    person.confides("pin", PIN).confides("The same again", PIN);
    person.sees("Touch 24680135 when it blinks, within 15 seconds.");
    let (code, shown) = person.ends();
    assert!(code == Some(1) && shown.contains("was not touched in time; nothing was signed"), "{shown}");
    assert!(shown.contains("try again, and touch it when it blinks"), "{shown}");
    assert!(!desk.folder().join("hello.sig").exists());
    assert_eq!(desk.does("piv.device-info", &[])["pin"]["tries"], 3);
}

#[test]
fn a_program_that_has_the_card_to_itself_is_the_reason_that_is_given() {
    if !installed(&["python"]) {
        return;
    }
    let desk = Desk::new();
    let script = "
from smartcard.System import readers
from smartcard.scard import SCARD_SHARE_EXCLUSIVE
connection = readers()[0].createConnection()
connection.connect(mode=SCARD_SHARE_EXCLUSIVE)
open('held', 'w').close()
input()
";
    let mut holder = desk.program(path_of("python").unwrap().to_str().unwrap());
    holder.args(["-c", script]).stdin(Stdio::piped());
    let holder = Running::start(holder);
    until("the other program has the card", || desk.folder().join("held").exists());
    desk.fails("piv.device-info", &[], "has the card in the reader");
    desk.fails("piv.device-info", &[], "to itself: end it");
    holder.kill();
    until("the card is free", || {
        let look = desk.step(&["piv.device-info", &format!("device={SERIAL}")]).output().unwrap();
        look.status.success()
    });
}

#[test]
fn a_puk_that_is_blocked_is_said_to_be_so_before_one_is_tried() {
    let desk = Desk::new();
    desk.change_pin();
    for _ in 0..3 {
        let unblock = ["-a", "unblock-pin", "-P", "00000000", "-N", "555666"];
        let output = desk.program("yubico-piv-tool").args(unblock).output().unwrap();
        assert!(!output.status.success());
    }
    let info = desk.does("piv.device-info", &[]);
    assert_eq!((&info["puk"]["tries"], &info["pin"]["tries"]), (&0.into(), &3.into()), "{info}");
    let mut person = desk.person("piv.change-puk", &["puk=factory-default", "new_puk=new_puk"]);
    person.confides("new puk", "97531864").confides("The same again", "97531864");
    let (code, shown) = person.ends();
    assert!(code == Some(1) && shown.contains("the PUK of 24680135 is blocked"), "{shown}");
    assert!(shown.contains("go on without it: it only serves to unblock the PIN"), "{shown}");
}

#[test]
fn firmware_that_tells_nothing_of_its_slots_makes_no_keys() {
    let desk = Desk::with(&[(SERIAL, Some([5, 2, 4]), false)]);
    let info = desk.does("piv.device-info", &[]);
    assert_eq!((&info["firmware"], &info["pin"]["tries"]), (&"5.2.4".into(), &3.into()), "{info}");
    assert_eq!((&info["pin"]["default"], &info["management_key"]["default"]), (&().into(), &().into()), "{info}");
    let said = "firmware 5.2.4, does not tell what is in its slots; 5.3.0 or newer does";
    let generate = ["management_key=factory-default", "slot=9c", "algorithm=ECCP256", "out=key.pem"];
    desk.fails("piv.generate-key", &generate, said);
    desk.fails("piv.attest", &["slot=9c", "out=a.pem", "certificate_out=b.pem"], said);
    let set = ["management_key=factory-default", "pin=factory-default", "keep=protected"];
    desk.fails("piv.set-management-key", &set, "has no management keys of AES-256; 5.4.2 or newer does");
    assert!(fs::read_dir(desk.folder()).unwrap().all(|it| it.unwrap().path().extension() != Some("pem".as_ref())));

    desk.change_pin();
    desk.does("piv.reset", &[]);
}

#[test]
fn a_device_is_taken_out_when_the_step_says_so() {
    let desk = Desk::new();
    let steps = "
      - { do: Insert it., uses: devices.insert, with: { device: KEY-1 } }
      - { do: Take it out., uses: devices.remove, with: { device: KEY-1 } }
      - { do: Insert it again., uses: devices.insert, with: { device: KEY-1 } }
";
    let mut person = Person::at(desk.ceremony(steps));
    person.sees("Take it out.");
    desk.card().unplug();
    person.sees("Insert it again.");
    desk.card().plug();
    person.sees("Over.");
    let ceremony = person.leaves().exits(0);
    ceremony.replay().holds();
}
