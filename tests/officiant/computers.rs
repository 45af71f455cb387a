//! Sections on several computers.

use crate::support::Ceremony;

const RUNBOOK: &str = "
notation: 1
title: Two computers
computers:
  vault: { title: Computer in the vault, offline: true }
  desk: { title: Computer on the desk }
sections:
  start:
    title: Start
    on: vault
    steps:
      - do: Sit down.
      - go_to: publishing
      - do: Lock the vault.
      - end: Over.
  publishing:
    title: Publishing
    on: desk
    steps:
      - do: Publish.
";

#[test]
fn a_section_on_another_computer_is_gone_to_and_come_back_from() {
    let ceremony = Ceremony::rehearse(RUNBOOK).carry_out().exits(0);
    let entries = ceremony.entries();
    let asked: Vec<_> = entries.iter().filter_map(|entry| entry["body"]["question"].as_str()).collect();
    assert_eq!(
        asked,
        [
            "Done?",
            "Publishing is carried out on Computer on the desk. Are you there, with the ceremony folder?",
            "Done?",
            "Start is carried out on Computer in the vault. Are you there, with the ceremony folder?",
            "Done?",
        ]
    );
    ceremony.replay().holds();
}

#[test]
fn who_is_not_at_the_other_computer_yet_pauses_the_ceremony_and_loses_nothing() {
    let ceremony = Ceremony::rehearse(RUNBOOK).answer("publishing/computer#computer", "no").carry_out().exits(1);
    let ceremony = ceremony.mentions("error: the ceremony pauses here and goes on at Computer on the desk");
    assert_eq!(ceremony.kinds().last().unwrap(), "answered");
    ceremony.replay().refuses("incomplete", "goes on at Computer on the desk");
}

#[test]
fn a_section_on_an_offline_computer_begins_with_a_check() {
    let ceremony = Ceremony::run(RUNBOOK)
        .answer("start/offline#what-now", "deviate")
        .answer("start/offline#reason", "This is a test.")
        .answer("start/1", "yes")
        .answer("publishing/computer#computer", "yes")
        .answer("publishing/1", "yes")
        .answer("start/computer#computer", "yes")
        .answer("start/3", "yes")
        .carry_out()
        .exits(0);
    let entries = ceremony.entries();
    let began = entries.iter().find(|entry| entry["kind"] == "began" && entry["step"] == "start/0").unwrap();
    assert_eq!(began["body"]["uses"], "host.offline");
    let mut of_it = entries.iter().filter(|entry| entry["step"] == "start/0");
    let came = of_it.find(|entry| entry["kind"] == "finished" || entry["kind"] == "failed").unwrap();
    // Whether this machine is online is not ours to say: either it is named, or nothing is up.
    if came["kind"] == "failed" {
        assert_eq!(came["body"]["failure"]["code"], "online");
        assert!(ceremony.kinds().contains(&"deviated".to_string()));
    } else {
        assert!(came["body"]["outputs"]["interfaces"].is_object());
    }
    ceremony.replay().holds();
}
