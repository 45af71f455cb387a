//! Ceremonies that break off in the middle of a change.

use super::support::{Desk, PIN};
use crate::{
    support::{CarriedOut, Ceremony},
    terminal::Person,
};
use officiant_devices::yubikey::{CommandCode, Fault, FaultEffect};

const GENERATE: &str = "
      - do: Generate the key.
        id: key
        uses: piv.generate-key
        with:
          device: KEY-1
          management_key: { secret: factory-default }
          slot: 9a
          algorithm: ECCP256
          out: key.pem
";

/// What a person answers after a step failed, before the ceremony is aborted.
fn live(desk: &Desk, steps: &str, what_now: &[&str]) -> Ceremony {
    let ceremony = desk.ceremony(steps).answers("start/1#what-now", what_now).answer("start/1#go", "yes");
    let ceremony = ceremony.answers("start/key#what-now", what_now).answer("start/key#go", "yes");
    ceremony.answer("start/key#reason", "It failed.").answer("start/1#reason", "It failed.")
}

fn failures(ceremony: &CarriedOut) -> Vec<String> {
    let failed = ceremony.entries().into_iter().filter(|entry| entry["kind"] == "failed");
    failed.map(|entry| entry["body"]["failure"]["code"].as_str().unwrap().to_string()).collect()
}

#[test]
fn a_card_that_is_taken_out_before_the_key_is_generated_changed_nothing() {
    let desk = Desk::new();
    desk.card().inject(Fault::before(CommandCode::GenerateAsymmetricKeyPair, FaultEffect::Vanish));
    let ceremony = live(&desk, GENERATE, &["abort"]).carry_out().exits(1);
    assert_eq!(failures(&ceremony), ["vanished"], "{}", ceremony.stderr());
    let ceremony = ceremony.mentions("KEY-1 was taken out, or its reader, during generate-asymmetric-key-pair");
    ceremony.mentions("whether the key was generated is not known");
    desk.card().plug();
    desk.awaits(desk.card().serial());
    desk.fails("piv.attest", &["slot=9a", "out=a.pem", "certificate_out=b.pem"], "has no key in slot 9a");
}

#[test]
fn a_device_that_refuses_is_quoted() {
    let desk = Desk::new();
    let fault = Fault::before(
        CommandCode::Verify,
        FaultEffect::Answer(officiant_devices::yubikey::StatusWord::NotEnoughMemory),
    );
    desk.card().inject(fault.nth(1));
    desk.fails("piv.reset", &[], "is full");
}

#[test]
fn a_key_that_was_generated_before_the_program_was_killed_is_taken_up_and_not_generated_again() {
    let desk = Desk::new();
    // The answer comes never, and the program is killed while it waits for it.
    desk.card().inject(Fault::after(CommandCode::GenerateAsymmetricKeyPair, FaultEffect::Vanish));
    let ceremony = desk.ceremony(GENERATE);
    let mut person = Person::at(ceremony);
    person.answers("Carry this out now?", "y").sees("What now?");
    // The failed step was looked at anew only after a break that came before its failure was on record.
    let ceremony = person.kills();
    let mut lines = ceremony.lines();
    let failed = lines.iter().position(|line| line.contains("\"kind\":\"failed\"")).unwrap();
    lines.truncate(failed);
    ceremony.rewrite(&lines);
    desk.card().plug();
    desk.awaits(desk.card().serial());
    let resumed = ceremony.resume().in_environment(super::support::SOCKET, desk.socket());
    let resumed = resumed.answer("resume/1", "yes").answer("resume/1#clock", crate::support::now());
    let ceremony = resumed.carry_out().exits(0).mentions("it was done before the ceremony broke off");
    ceremony.replay().holds();
    assert!(ceremony.folder().join("products/key.pem").is_file());
    let generated = ceremony.entries().iter().filter(|entry| entry["kind"] == "finished").count();
    assert!(generated > 0);
}

/// The program is killed while the card is out and before the failure is on record; the card is put in again.
fn killed(desk: &Desk, person: Person) -> CarriedOut {
    let ceremony = person.kills();
    let mut lines = ceremony.lines();
    let failed = lines.iter().position(|line| line.contains("\"kind\":\"failed\"")).unwrap();
    lines.truncate(failed);
    ceremony.rewrite(&lines);
    desk.card().plug();
    desk.awaits(desk.card().serial());
    ceremony
}

/// A person who goes on.
fn resumes(desk: &Desk, ceremony: CarriedOut) -> Person {
    let mut person = Person::at_clock(ceremony.resume().in_environment(super::support::SOCKET, desk.socket()));
    person.answers("(y/n)", "y").answers("on another clock", &crate::support::now());
    person
}

#[test]
fn a_new_pin_that_was_set_before_the_break_is_found_to_be_so() {
    let desk = Desk::new();
    desk.card().inject(Fault::after(CommandCode::ChangeReferenceData, FaultEffect::Vanish));
    let steps = "
      - { do: Choose a PIN., id: pin, uses: ask.secret, with: { prompt: New PIN, min_length: 6 } }
      - do: Change the PIN.
        uses: piv.change-pin
        with: { device: KEY-1, pin: { secret: factory-default }, new_pin: { secret: pin } }
";
    let mut person = Person::at(desk.ceremony(steps));
    person.confides("New PIN", PIN).confides("The same again", PIN);
    person.answers("Carry this out now?", "y").sees("What now?");
    let mut person = resumes(&desk, killed(&desk, person));
    person.sees("was lost when the ceremony broke off").confides("not shown", PIN).confides("The same again", PIN);
    person.sees("it was done before the ceremony broke off").sees("Over.");
    let ceremony = person.leaves().exits(0);
    ceremony.replay().holds();
    assert_eq!(desk.does("piv.device-info", &[])["pin"]["default"], false);
}

#[test]
fn a_new_puk_that_was_set_before_the_break_is_found_to_be_so() {
    let desk = Desk::new();
    desk.card().inject(Fault::after(CommandCode::ChangeReferenceData, FaultEffect::Vanish));
    let steps = "
      - { do: Choose a PUK., id: puk, uses: ask.secret, with: { prompt: New PUK, min_length: 6 } }
      - do: Change the PUK.
        uses: piv.change-puk
        with: { device: KEY-1, puk: { secret: factory-default }, new_puk: { secret: puk } }
";
    let mut person = Person::at(desk.ceremony(steps));
    person.confides("New PUK", "97531864").confides("The same again", "97531864");
    person.answers("Carry this out now?", "y").sees("What now?");
    let mut person = resumes(&desk, killed(&desk, person));
    person.sees("was lost when the ceremony broke off");
    person.confides("not shown", "97531864").confides("The same again", "97531864");
    person.sees("it was done before the ceremony broke off").sees("Over.");
    person.leaves().exits(0).replay().holds();
    let info = desk.does("piv.device-info", &[]);
    assert_eq!((&info["puk"]["default"], &info["puk"]["tries"]), (&false.into(), &3.into()));
}

#[test]
fn a_management_key_that_was_set_before_the_break_is_found_under_the_pin() {
    let desk = Desk::new();
    let steps = "
      - do: Set the management key.
        uses: piv.set-management-key
        with:
          device: KEY-1
          management_key: { secret: factory-default }
          pin: { secret: factory-default }
          keep: protected
";
    for (fault, found) in [
        (Fault::before(CommandCode::SetManagementKey, FaultEffect::Vanish), "it was not done"),
        (Fault::after(CommandCode::SetManagementKey, FaultEffect::Vanish), "it was done"),
    ] {
        desk.does("piv.reset", &[]);
        desk.card().inject(fault);
        let mut person = Person::at(desk.ceremony(steps));
        person.answers("Carry this out now?", "y").sees("What now?");
        let mut person = resumes(&desk, killed(&desk, person));
        person.sees(&format!("{found} before the ceremony broke off")).sees("Over.");
        person.leaves().exits(0).replay().holds();
        let info = desk.does("piv.device-info", &[]);
        assert_eq!(info["management_key"]["protected"], true, "{info}");
    }
}
