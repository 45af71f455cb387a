//! Ceremonies that go on at another computer, or at one that must be offline.

use super::death::{Broken, Death, doomed, of_kind, said, upto, was_killed};
use crate::support::Ceremony;
use std::{
    fs,
    process::{Command, Stdio},
};

const RUNBOOK: &str = "
notation: 1
title: Two computers
participants:
  witness: { title: Witness }
computers:
  vault: { title: Computer in the vault, offline: true }
  desk: { title: Computer on the desk }
sections:
  start:
    title: Start
    on: vault
    steps:
      - do: Sit down.
      - { do: Write it down., uses: files.write, with: { path: vault.txt, text: In the vault. } }
      - go_to: publishing
      - end: Over.
  publishing:
    title: Publishing
    on: desk
    steps:
      - { do: Write it down., uses: files.write, with: { path: desk.txt, text: On the desk. } }
";

#[test]
fn a_paused_ceremony_goes_on_at_the_other_computer_with_its_bindings() {
    let ceremony = Ceremony::rehearse(RUNBOOK)
        .answer("publishing/computer#computer", "no")
        .argument("--bind")
        .argument("participants.witness=Ada");
    let (paused, output) = Broken::stopped(ceremony);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("go on   officiant resume"), "{}", said(&output));
    let (stick, bindings) = (paused.path("stick"), paused.path("desk.toml"));
    fs::create_dir(&stick).unwrap();
    fs::write(&bindings, format!("products = {:?}\n", stick.display().to_string())).unwrap();
    let said = paused.comes_to_its_end(&[], &["--bindings", bindings.to_str().unwrap()]);
    assert!(said.contains("Computer on the desk"), "{said}");
    assert_eq!(fs::read_to_string(stick.join("desk.txt")).unwrap(), "On the desk.");
    let resumed = of_kind(&paused.folder(), "resumed");
    assert_eq!(resumed[0]["body"]["bindings"]["products"], stick.display().to_string());
    assert_eq!(resumed[0]["body"]["bindings"]["participants"]["witness"], "Ada", "who takes part is the ceremony's");
    let asked = of_kind(&paused.folder(), "answered");
    let asked =
        asked.iter().filter(|entry| entry["step"] == "publishing/computer" || entry["body"]["slot"] == "computer");
    assert_eq!(asked.count(), 2, "whether the people are there was asked, answered no, and asked again");
}

#[test]
fn who_is_still_not_there_pauses_again() {
    let (paused, _) = Broken::stopped(Ceremony::rehearse(RUNBOOK).answer("publishing/computer#computer", "no"));
    for _ in 0..2 {
        let output = paused.goes_on(&[("publishing/computer#computer", "no")], &[]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("the ceremony is paused"), "{}", said(&output));
    }
    paused.comes_to_its_end(&[], &[]);
}

/// A ceremony at a computer that must be offline, whatever this one is.
fn at_the_vault() -> Ceremony {
    Ceremony::run(RUNBOOK)
        .answer("start/offline#what-now", "deviate")
        .answer("start/offline#reason", "This is a test.")
        .answer("start/1", "yes")
        .answer("start/2#go", "yes")
        .answer("publishing/computer#computer", "yes")
        .answer("publishing/1#go", "yes")
}

const REST: [(&str, &str); 6] = [
    ("resume/1", "yes"),
    ("start/offline#what-now", "deviate"),
    ("start/offline#reason", "This is a test."),
    ("start/1", "yes"),
    ("start/2#go", "yes"),
    ("publishing/computer#computer", "yes"),
];

fn rest() -> Vec<(&'static str, &'static str)> {
    [&REST[..], &[("publishing/1#go", "yes")]].concat()
}

#[test]
fn who_deviated_from_the_check_that_a_computer_is_offline_may_go_on_at_it() {
    let whole = at_the_vault().carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "began" && entry["step"] == "start/1");
    // In the middle of the check, and after it.
    for lines in [lines - 2, lines] {
        Broken::off(at_the_vault(), Death { lines, bytes: 0 }).comes_to_its_end(&rest(), &[]);
    }
}

/// A command on this machine, without a network but for the loopback interface.
fn offline(command: &Command) -> Command {
    let mut offline = Command::new("unshare");
    offline.args(["-rmn", "sh", "-c", "mount -t sysfs none /sys && exec \"$0\" \"$@\""]);
    offline.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    offline
}

/// Whether a network interface of this machine is up.
fn is_online() -> bool {
    let is_up = |interface: &fs::DirEntry| {
        let state = fs::read_to_string(interface.path().join("operstate")).unwrap_or_default();
        interface.file_name() != "lo" && !matches!(state.trim(), "down" | "notpresent" | "lowerlayerdown")
    };
    fs::read_dir("/sys/class/net").unwrap().any(|interface| is_up(&interface.unwrap()))
}

#[test]
fn at_a_computer_that_was_found_offline_nothing_goes_on_while_an_interface_is_up() {
    let can = offline(&Command::new("true")).status().is_ok_and(|status| status.success());
    if !can || !is_online() {
        println!("skipped: this machine is offline, or cannot be made to look so");
        return;
    }
    let ceremony = at_the_vault();
    let whole = at_the_vault();
    assert!(offline(&whole.command()).status().unwrap().success());
    let lines = upto(&whole.out(), |entry| entry["kind"] == "began" && entry["step"] == "start/1");
    let output = doomed(&mut offline(&ceremony.command()), Death { lines, bytes: 0 }).output().unwrap();
    assert!(was_killed(&output), "{}", said(&output));
    let broken = Broken::of(ceremony);
    let why = "Computer in the vault must be offline, and these network interfaces are up:";
    broken.is_refused(&rest(), &[], 1, why);
    let output = offline(&broken.command(&rest())).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    crate::support::replay(&broken.folder(), &["--every-signature"]).holds();
}

#[test]
fn who_was_asked_whether_they_are_at_the_other_computer_goes_on_at_it_though_it_is_online() {
    let can = offline(&Command::new("true")).status().is_ok_and(|status| status.success());
    if !can || !is_online() {
        println!("skipped: this machine is offline, or cannot be made to look so");
        return;
    }
    let whole = at_the_vault();
    assert!(offline(&whole.command()).status().unwrap().success());
    // The question was asked, and is in no entry: the machine in the vault lost its power before the answer.
    let lines = upto(&whole.out(), |entry| entry["body"]["slot"] == "computer") - 1;
    let ceremony = at_the_vault();
    let output = doomed(&mut offline(&ceremony.command()), Death { lines, bytes: 0 }).output().unwrap();
    assert!(was_killed(&output), "{}", said(&output));
    let said = Broken::of(ceremony).comes_to_its_end(&rest(), &[]);
    assert!(said.contains("Computer on the desk"), "{said}");
}
