//! Seals with a key in a slot.

use super::support::{Desk, PIN, SERIAL, SOCKET, said};
use crate::{
    support::{CarriedOut, Ceremony},
    terminal::Person,
};
use std::process::Command;

const RUNBOOK: &str = "
notation: 1
title: Test
participants:
  witness: { title: Witness, seal: required }
sections:
  start:
    title: Start
    steps:
      - do: Sit down.
      - end: Over.
";

fn conducted() -> CarriedOut {
    Ceremony::run(RUNBOOK).answer("start/1", "yes").carry_out().exits(0)
}

fn sealing(desk: &Desk, ceremony: &CarriedOut, key: &str) -> Person {
    let mut command = Command::new(env!("CARGO_BIN_EXE_officiant"));
    command.arg("seal").arg(ceremony.folder()).args(["--role", "witness", "--key", key]).env(SOCKET, desk.socket());
    Person::of(&command)
}

#[test]
fn a_key_in_a_slot_seals_and_ssh_keygen_verifies() {
    for algorithm in ["ECCP256", "ECCP384", "RSA2048"] {
        let (desk, ceremony) = (Desk::new(), conducted());
        desk.provision(algorithm);
        let mut person = sealing(&desk, &ceremony, &format!("piv:9c@{SERIAL}"));
        person.confides("PIN of the YubiKey 24680135, 3 tries are left", "57575757");
        person.confides("2 tries are left", PIN);
        person.sees("YubiKey 24680135, slot 9c").answers("Seal this record now?", "y");
        let (code, shown) = person.ends();
        assert_eq!(code, Some(0), "{shown}");
        let folder = ceremony.folder();
        let mut verify = Command::new("sh");
        verify.arg("-c").arg(
            "ssh-keygen -Y verify -f seals/allowed_signers -I witness -n officiant-transcript -s seals/witness.sig \
             < transcript.jsonl",
        );
        assert!(said(verify.current_dir(&folder)).starts_with("Good \"officiant-transcript\" signature for witness"));
        ceremony.replay().holds();
    }
}

#[test]
fn a_slot_without_a_key_seals_nothing() {
    let (desk, ceremony) = (Desk::new(), conducted());
    let (code, shown) = sealing(&desk, &ceremony, "piv:9a").ends();
    assert!(code == Some(2) && shown.contains("has no key in slot 9a"), "{shown}");
    let (code, shown) = sealing(&desk, &ceremony, "piv:9a@7").ends();
    assert!(code == Some(2) && shown.contains("the YubiKey 7 is not inserted"), "{shown}");
}

#[test]
fn of_two_devices_the_one_with_the_serial_number_seals() {
    let desk = Desk::with(&[(SERIAL, None, false), (7_654_321, None, false)]);
    let ceremony = conducted();
    let (code, shown) = sealing(&desk, &ceremony, "piv:9c").ends();
    assert!(code == Some(2) && shown.contains("several YubiKeys are inserted"), "{shown}");
    assert!(shown.contains("piv:9c@"), "{shown}");
    desk.provision("ECCP256");
    let mut person = sealing(&desk, &ceremony, "piv:9c@24680135");
    person.confides("PIN of the YubiKey 24680135", PIN).answers("Seal this record now?", "y");
    let (code, shown) = person.ends();
    assert_eq!(code, Some(0), "{shown}");
}
