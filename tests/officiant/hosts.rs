//! The machine: its clock, and what the record says of it.

use crate::{
    forging::forge,
    support::{CLOCK, CarriedOut, Ceremony, now},
    terminal::Person,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use std::fs;

const RUNBOOK: &str = "
notation: 1
title: A short ceremony
participants:
  witness: { title: Witness }
deviations: { approved_by: [witness] }
sections:
  start:
    title: Start
    steps:
      - do: Sit down.
      - end: Over.
";

/// A ceremony of one step.
fn ceremony() -> Ceremony {
    Ceremony::run(RUNBOOK).answer("start/1", "yes")
}

/// What a clock shows that is so many seconds ahead of this machine's.
fn shown(ahead: i64) -> String {
    let at = (Timestamp::now() + SignedDuration::from_secs(ahead)).to_zoned(TimeZone::UTC);
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn of_clock<'a>(entries: &'a [Value], kind: &str) -> Vec<&'a Value> {
    entries.iter().filter(|entry| entry["step"] == "inputs/0" && entry["kind"] == kind).collect()
}

/// The failures on record: code, message and what to do.
fn failures(ceremony: &CarriedOut) -> Vec<[String; 3]> {
    let text = |failure: &Value, name: &str| failure[name].as_str().unwrap().to_string();
    let entries = ceremony.entries();
    let failed = entries.iter().filter(|entry| entry["kind"] == "failed").map(|entry| &entry["body"]["failure"]);
    failed.map(|failure| ["code", "message", "next"].map(|name| text(failure, name))).collect()
}

#[test]
fn a_clock_that_is_right_is_compared_before_the_first_step_and_holds() {
    for answer in [shown(0), shown(0)[..16].to_string(), format!("{} UTC", shown(60)), format!("{}Z", shown(-60))] {
        let ceremony = ceremony().answer(CLOCK, answer.clone()).carry_out().exits(0);
        let entries = ceremony.entries();
        assert_eq!(ceremony.kinds()[..5], ["opened", "began", "answered", "finished", "entered"], "{answer}");
        let outputs = &of_clock(&entries, "finished")[0]["body"]["outputs"];
        assert!(outputs["ahead_seconds"].as_i64().unwrap().abs() <= 61, "{outputs}");
        assert_eq!(of_clock(&entries, "answered")[0]["body"]["answer"], answer);
        ceremony.replay().holds();
    }
}

#[test]
fn local_time_is_taken_with_its_distance_from_utc() {
    for (hours, written) in [(1, "+1"), (2, "+02:00"), (-5, "-5"), (14, "UTC+14")] {
        let answer = format!("{} {written}", shown(hours * 3_600));
        ceremony().answer(CLOCK, answer).carry_out().exits(0).replay().holds();
    }
}

#[test]
fn a_rehearsal_asks_for_no_clock() {
    let ceremony = Ceremony::rehearse(RUNBOOK).carry_out().exits(0);
    assert!(of_clock(&ceremony.entries(), "began").is_empty());
}

#[test]
fn a_clock_that_is_off_is_a_failure_until_it_is_read_right() {
    for (ahead, direction) in [(185, "behind"), (-185, "ahead of")] {
        let answers = [shown(ahead), shown(0)];
        let ceremony = ceremony()
            .answers(CLOCK, &answers.each_ref().map(String::as_str))
            .answers("inputs/0#what-now", &["retry"])
            .carry_out()
            .exits(0);
        let [[code, message, next]] = &failures(&ceremony)[..] else { panic!("one failure") };
        assert_eq!(code, "clock");
        assert!(message.ends_with(&format!(" UTC and is 3 minutes {direction} the other one")), "{message}");
        assert!(next.starts_with("read the other clock once more and try again"), "{next}");
        ceremony.replay().holds();
    }
}

#[test]
fn local_time_without_its_distance_from_utc_is_said_to_be_that_perhaps() {
    let answers = [shown(3_600), format!("{} +1", shown(3_600))];
    let ceremony = ceremony()
        .answers(CLOCK, &answers.each_ref().map(String::as_str))
        .answers("inputs/0#what-now", &["retry"])
        .carry_out()
        .exits(0);
    let [[code, _, next]] = &failures(&ceremony)[..] else { panic!("one failure") };
    assert_eq!(code, "clock");
    assert!(next.starts_with("the other clock's distance from UTC may be missing or wrong"), "{next}");
    ceremony.replay().holds();
}

#[test]
fn a_clock_that_is_off_can_be_deviated_from_with_a_reason() {
    let ceremony = ceremony()
        .answer(CLOCK, shown(185))
        .answer("inputs/0#what-now", "deviate")
        .answer("inputs/0#reason", "The other clock is the one that is wrong.")
        .answer("inputs/0#approval/witness", "yes")
        .carry_out()
        .exits(0);
    let entries = ceremony.entries();
    let deviated = of_clock(&entries, "deviated")[0];
    assert_eq!(deviated["body"]["reason"], "The other clock is the one that is wrong.");
    ceremony.replay().holds();
}

#[test]
fn a_ceremony_whose_clock_is_off_can_be_aborted_before_its_first_step() {
    let ceremony = ceremony()
        .answer(CLOCK, shown(-185))
        .answer("inputs/0#what-now", "abort")
        .answer("inputs/0#reason", "The clock has to be set.")
        .carry_out()
        .exits(1);
    assert!(!ceremony.kinds().contains(&"entered".to_string()));
    assert!(failures(&ceremony)[0][2].contains("abort, set this machine's clock right and begin anew"));
}

#[test]
fn a_time_in_another_form_is_asked_for_again_in_words() {
    let mut person = Person::at_clock(Ceremony::run(RUNBOOK));
    person.sees("on another clock").enters("14:05").sees("not taken:").sees("is not a date and a time");
    person.sees("on another clock").sees("shows UTC").enters("noon").sees("is not a date and a time");
    person.sees("shows UTC").enters(&shown(0)).answers("Done?", "y").sees("Over.");
    let ceremony = person.leaves().exits(0);
    assert!(!ceremony.stderr().contains(r"\d"), "{}", ceremony.stderr());
    let entries = ceremony.entries();
    assert_eq!(of_clock(&entries, "answered").len(), 3);
    ceremony.replay().holds();
}

#[test]
fn a_day_that_there_is_not_is_a_failure_that_is_tried_again() {
    let answers = ["2026-02-30 14:05".to_string(), shown(0)];
    let ceremony = ceremony()
        .answers(CLOCK, &answers.each_ref().map(String::as_str))
        .answers("inputs/0#what-now", &["retry"])
        .carry_out()
        .exits(0);
    assert_eq!(failures(&ceremony)[0][0], "no-time");
    ceremony.replay().holds();
}

#[test]
fn the_first_and_the_last_years_of_the_calendar_are_clocks_that_are_off() {
    let times = [
        ("9999-12-30 21:59", "clock"),
        ("9999-12-30 22:00", "clock"),
        ("9999-12-31 23:59", "no-time"),
        ("9999-12-31 23:59 -14", "no-time"),
        ("9999-12-31 11:59 +14", "clock"),
        ("0000-01-01 00:00", "clock"),
        ("0000-01-01 00:00 +14", "clock"),
    ];
    let right = shown(0);
    let answers: Vec<&str> = times.iter().map(|(time, _)| *time).chain([right.as_str()]).collect();
    let ceremony = ceremony().answers(CLOCK, &answers).answers("inputs/0#what-now", &["retry"; 7]).carry_out().exits(0);
    let codes: Vec<String> = failures(&ceremony).into_iter().map(|[code, ..]| code).collect();
    assert_eq!(codes, times.map(|(_, code)| code));
    ceremony.replay().holds();
}

/// Edits what the comparison came to, signs the record anew, and replays it.
#[track_caller]
fn forged(edit: impl FnOnce(&mut Value), part: &str) {
    let ceremony = ceremony().carry_out().exits(0);
    let mut entries = ceremony.entries();
    let finished = entries.iter_mut().find(|entry| entry["kind"] == "finished" && entry["step"] == "inputs/0").unwrap();
    edit(&mut finished["body"]["outputs"]);
    ceremony.rewrite(&forge(&mut entries));
    ceremony.replay().refuses("clock", part);
}

#[test]
fn a_forged_difference_of_the_clocks_is_refused() {
    forged(|outputs| outputs["ahead_seconds"] = json!(77), "not as far from each other as the record says");
    forged(|outputs| outputs["ahead_seconds"] = json!(-77), "not as far from each other as the record says");
    forged(|outputs| outputs["read"] = json!("2020-01-01T00:00:00.000Z"), "not what the person typed");
    forged(
        |outputs| outputs["machine"] = json!("2020-01-01T00:00:00.000Z"),
        "not as far from each other as the record says",
    );
    forged(|outputs| outputs["machine"] = json!("noon"), "no instants");
    for end in ["9999-12-30T22:00:00.999Z", "-009999-01-02T01:59:59Z"] {
        forged(|outputs| outputs["machine"] = json!(end), "not as far from each other as the record says");
    }
    let long_ago = |outputs: &mut Value| {
        *outputs =
            json!({ "read": "2020-01-01T00:00:00.000Z", "machine": "2020-01-01T00:00:00.000Z", "ahead_seconds": 0 });
    };
    forged(long_ago, "not what the person typed");
    let far = |outputs: &mut Value| {
        let read = outputs["machine"].as_str().unwrap().parse::<Timestamp>().unwrap() - SignedDuration::from_secs(500);
        outputs["read"] = json!(format!("{read:.3}"));
        outputs["ahead_seconds"] = json!(500);
    };
    forged(far, "not what the person typed");
}

#[test]
fn a_clock_that_was_set_back_after_it_was_found_ahead_is_said_to_have_been() {
    let answers = [shown(-185), shown(0)];
    let ceremony = ceremony()
        .answers(CLOCK, &answers.each_ref().map(String::as_str))
        .answers("inputs/0#what-now", &["retry"])
        .carry_out()
        .exits(0);
    let mut entries = ceremony.entries();
    let finished = entries.iter_mut().find(|entry| entry["kind"] == "finished" && entry["step"] == "inputs/0").unwrap();
    let outputs = &mut finished["body"]["outputs"];
    for name in ["read", "machine"] {
        let at = outputs[name].as_str().unwrap().parse::<Timestamp>().unwrap() - SignedDuration::from_secs(185);
        outputs[name] = json!(format!("{at:.3}"));
    }
    let typed = outputs["read"].as_str().unwrap().replace('T', " ").replace(".000Z", "");
    let clock = |entry: &&mut Value| entry["kind"] == "answered" && entry["body"]["slot"] == "clock";
    entries.iter_mut().rfind(clock).unwrap()["body"]["answer"] = json!(typed);
    ceremony.rewrite(&forge(&mut entries));
    let replayed = ceremony.replay().holds();
    let findings = replayed.report["findings"].as_array().unwrap();
    let said = findings.iter().find(|finding| finding["code"] == "clock").unwrap();
    assert_eq!(said["severity"], "warning");
    assert!(said["message"].as_str().unwrap().contains("was set back"), "{said}");
}

#[test]
fn a_record_without_its_comparison_of_clocks_is_refused() {
    let ceremony = ceremony().carry_out().exits(0);
    let mut entries = ceremony.entries();
    entries.retain(|entry| entry["step"] != "inputs/0");
    ceremony.rewrite(&forge(&mut entries));
    let errors = ceremony.replay().errors();
    assert!(!errors.is_empty() && errors.iter().all(|error| !error.starts_with("incomplete")), "{errors:?}");
}

/// Requires that a record says of this machine what the machine says.
#[track_caller]
fn describes_this_machine(host: &Value) {
    let said = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_string());
    assert_eq!(host["system"], format!("{} {}", std::env::consts::OS, std::env::consts::ARCH));
    assert_eq!(host["kernel"].as_str(), said("/proc/sys/kernel/osrelease").as_deref());
    if let Some(product) = said("/sys/class/dmi/id/product_name").filter(|product| !product.is_empty()) {
        assert!(host["machine"].as_str().unwrap().ends_with(&product), "{host}");
    }
    let interfaces = host["interfaces"].as_object().unwrap();
    for entry in fs::read_dir("/sys/class/net").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            let state = said(&format!("/sys/class/net/{name}/operstate"));
            assert_eq!(interfaces[name].as_str().map(str::to_string), state, "{name}");
        }
    }
}

#[test]
fn the_machine_is_described_when_the_ceremony_is_opened_and_when_it_goes_on() {
    let ceremony = Ceremony::run(RUNBOOK).carry_out().exits(2);
    describes_this_machine(&ceremony.entries()[0]["body"]["host"]);
    let digest = &ceremony.entries()[0]["body"]["program"]["sha256"];
    assert_eq!(
        digest,
        &json!(officiant_engine::record::digest_file(env!("CARGO_BIN_EXE_officiant").as_ref()).unwrap().0)
    );
    let ceremony = ceremony
        .resume()
        .answer("resume/1", "yes")
        .answer("resume/1#clock", now())
        .answer("start/1", "yes")
        .carry_out()
        .exits(0);
    let entries = ceremony.entries();
    let resumed = entries.iter().find(|entry| entry["kind"] == "resumed").unwrap();
    describes_this_machine(&resumed["body"]["host"]);
    // The clock is compared once: who goes on is asked for no other.
    assert_eq!(of_clock(&entries, "began").len(), 1);
    ceremony.replay().holds();
}
