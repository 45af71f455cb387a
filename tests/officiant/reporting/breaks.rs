//! Breaks, and what is said of the steps around them.

use super::support::{PASSWORD, between, outcomes, report, report_forged, to_break_off};
use crate::{
    resuming::death::{Broken, Death, said, upto},
    support::Ceremony,
};
use serde_json::json;

#[test]
fn a_step_is_that_of_whoever_carries_it_out_also_when_another_one_answers_first_after_a_break() {
    let whole = to_break_off().carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "began" && entry["step"] == "start/2");
    let broken = Broken::off(to_break_off(), Death { lines, bytes: 0 });
    broken.comes_to_its_end(&[("start/2#secret/password", PASSWORD), ("start/2", PASSWORD)], &[]);
    let entries = crate::resuming::death::entries(&broken.folder());
    let resumed = entries.iter().position(|entry| entry["kind"] == "resumed").unwrap();
    assert_eq!(entries[resumed + 1]["by"], "administrator", "the lost secret is entered first");
    let (page, _) = report(&broken.folder());
    let found = outcomes(&page, "Type it from the paper.");
    assert_eq!(found.len(), 2);
    for outcome in &found {
        assert!(outcome.contains("· by Witness ·") && !outcome.contains("Administrator"), "{outcome}");
    }
    let again = "<b>The secret password, lost at the break and entered again:</b> a secret, which is not recorded";
    assert!(page.contains(&format!("{again} <i>by Administrator</i>")));
    let findings = between(&page, "id=\"findings\"", "</section>");
    assert!(findings.contains("the secret <code>password</code> was lost in a break"), "{findings}");
}

#[test]
fn a_break_says_how_long_it_was_at_which_step_and_which_secret_was_entered_again() {
    let whole = to_break_off().carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "began" && entry["step"] == "start/2");
    let broken = Broken::off(to_break_off(), Death { lines, bytes: 0 });
    broken.comes_to_its_end(&[("start/2#secret/password", PASSWORD), ("start/2", PASSWORD)], &[]);
    let (page, _) = report(&broken.folder());
    let exceptions = between(&page, "id=\"exceptions\"", "</section>");
    for part in [
        "1 break, 1 secret that was entered again.",
        "<strong>Break of ",
        "step start/2 was under way",
        "Type it from the paper.",
        "The secret password was entered again after a break; nothing shows that it is the same.",
    ] {
        assert!(exceptions.contains(part), "{part} is not in {exceptions}");
    }
    let who = between(&page, "id=\"who\"", "</section>");
    assert_eq!(who.matches("<h3>Where: ").count(), 1, "the machine is the same: {who}");
    assert!(who.contains("<dt>Opened</dt>") && who.contains("<dt>Resumed</dt>"));
    assert_eq!(who.matches("session key (Ed25519)").count(), 2);
}

#[test]
fn a_break_says_what_was_found_of_the_step_that_was_in_flight() {
    let whole = to_break_off().carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "began" && entry["step"] == "start/3");
    let broken = Broken::off(to_break_off(), Death { lines: lines + 1, bytes: 0 });
    broken.comes_to_its_end(&[], &[]);
    let (page, _) = report(&broken.folder());
    let exceptions = between(&page, "id=\"exceptions\"", "</section>");
    let found = "step start/3 was under way; it had not been done; it was carried out after the break";
    assert!(exceptions.contains(found), "{exceptions}");
}

#[test]
fn a_break_in_which_the_people_went_to_another_computer_is_said_to_be_one() {
    let runbook = "
notation: 1
title: Two computers
computers:
  vault: { title: Computer in the vault }
  desk: { title: Computer on the desk }
sections:
  start:
    title: Start
    on: vault
    steps:
      - do: Sit down.
      - go_to: publishing
      - end: Over.
  publishing:
    title: Publishing
    on: desk
    steps:
      - { do: Read it., uses: ask.text, with: { prompt: Word } }
";
    let ceremony = Ceremony::rehearse(runbook).answer("publishing/computer#computer", "no");
    let (paused, _) = Broken::stopped(ceremony);
    // There it breaks off once more, for no such reason.
    let output = paused.goes_on(&[], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    paused.comes_to_its_end(&[("publishing/1", "aardvark")], &[]);
    let (page, _) = report(&paused.folder());
    let exceptions = between(&page, "id=\"exceptions\"", "</section>");
    let found = "after step start/1 was carried out; the people were on their way to another computer";
    assert!(exceptions.contains(found), "{exceptions}");
    assert_eq!(page.matches("on their way").count(), 2, "in the list and in the timeline, of one break");
    assert_eq!(exceptions.matches("<strong>Break of ").count(), 2);
}

#[test]
fn the_clocks_that_were_compared_after_a_break_stand_with_the_session() {
    let runbook = "
notation: 1
title: Quiet
sections:
  start:
    title: Start
    steps:
      - do: Sit down.
      - end: Over.
";
    let ceremony = || Ceremony::run(runbook).answer("start/1", "yes");
    let whole = ceremony().carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "began" && entry["step"] == "start/1");
    let broken = Broken::off(ceremony(), Death { lines, bytes: 0 });
    broken.comes_to_its_end(&[("resume/1", "yes"), ("start/1", "yes")], &[]);
    let (page, _) = report(&broken.folder());
    let session = between(between(&page, "id=\"who\"", "</section>"), "<dt>Resumed</dt><dd>", "</dd>");
    assert!(session.contains("its clock said ") && session.contains("another one that somebody read "), "{session}");
}

#[test]
fn a_step_that_failed_before_a_break_says_how_it_ended() {
    let answers = || to_break_off().answers("start/3#go", &["no", "yes"]).answer("start/3#what-now", "retry");
    let whole = answers().carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "failed" && entry["step"] == "start/3");
    let broken = Broken::off(answers(), Death { lines, bytes: 0 });
    broken.comes_to_its_end(&[("start/3#what-now", "retry")], &[]);
    let (page, _) = report(&broken.folder());
    let found = outcomes(&page, "Write the minutes.");
    assert_eq!(found.len(), 2);
    assert!(found[0].starts_with("failed, in the end done, at the 2nd try, "), "{found:?}");
    assert!(found[1].starts_with("done, at the 2nd try, "), "{found:?}");
}

#[test]
fn breaks_stand_in_the_timeline_and_what_was_taken_up_is_marked() {
    let page = report_forged(|entries| {
        let at = entries[2]["at"].clone();
        let opened = entries[0]["body"].clone();
        let body = json!({"head": "ab".repeat(32), "words": "aardvark", "torn": {"sha256": "cd".repeat(32), "size": 77},
            "set_aside": [{"path": "evidence/torn.txt", "sha256": "ef".repeat(32), "size": 1}],
            "program": opened["program"], "bindings": {}, "host": {"system": "another"}, "session_key": "00".repeat(32)});
        entries.insert(3, json!({"at": at, "kind": "resumed", "body": body}));
        let finished = entries.iter_mut().find(|entry| entry["kind"] == "finished").unwrap();
        finished["body"]["taken_up"] = true.into();
    });
    let gap = between(&page, "<div class=\"gap\"", "</div>\n<details");
    for part in ["Break of", "aardvark", "77 bytes, SHA-256", "evidence/torn.txt", "another machine", &"ab".repeat(32)]
    {
        assert!(gap.contains(part), "{part} is not in {gap}");
    }
    assert!(page.contains("done before the break; looked up afterwards"));
    assert!(between(&page, "id=\"who\"", "</section>").contains("<h3>Where: another</h3>"));
}
