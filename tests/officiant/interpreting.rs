//! What the interpreter does with a runbook, as the record shows it.

use crate::support::Ceremony;
use std::fs;

fn runbook(steps: &str) -> String {
    format!(
        "
notation: 1
title: Test
participants:
  administrator: {{ title: Administrator }}
  witness: {{ title: Witness }}
deviations: {{ approved_by: [witness] }}
sections:
  start:
    title: Start
    steps:
{steps}
      - end: Over.
  mend:
    title: Mending
    steps:
      - do: Mend it.
"
    )
}

const FAILING: &str = "
      - do: Count.
        id: count
        uses: ask.text
        with: { prompt: How many? }
        expect:
          - that: count.value == 3
            else: There must be three, not {{ count.value }}.
        on_failure: { go_to: mend }
";

/// `go_to: mend` is reached as a remedy only.
fn failing() -> Ceremony {
    Ceremony::rehearse(&runbook(FAILING))
}

#[test]
fn a_bare_confirmation_is_three_entries() {
    let ceremony = Ceremony::rehearse(&runbook("      - do: Sit down.\n      - do: Mend.\n        go_to: mend"))
        .carry_out()
        .exits(0);
    let kinds =
        "opened entered began answered finished began answered finished entered began answered finished left ended";
    assert_eq!(ceremony.kinds().join(" "), kinds);
    ceremony.replay().holds();
}

#[test]
fn a_wrong_answer_is_asked_again_and_both_are_recorded() {
    let steps = "
      - do: Read the serial number.
        id: printed
        uses: ask.text
        with: { prompt: Serial number, pattern: '[0-9]{7,8}' }
      - do: Mend.
        go_to: mend";
    let ceremony =
        Ceremony::rehearse(&runbook(steps)).answers("start/printed", &["75500", "7550054"]).carry_out().exits(0);
    let ceremony = ceremony.mentions("not taken: `75500` does not have the form that is asked for ([0-9]{7,8})");
    let entries = ceremony.entries();
    assert_eq!(entries[3]["body"]["refused"], "`75500` does not have the form that is asked for ([0-9]{7,8})");
    assert_eq!(entries[3]["body"]["answer"], "75500");
    assert_eq!(entries[4]["body"]["answer"], "7550054");
    ceremony.replay().holds();
}

#[test]
fn a_missing_answer_is_an_error_that_names_the_step_and_loses_nothing() {
    let steps = "
      - do: Read the serial number.
        id: printed
        uses: ask.text
        with: { prompt: Serial number }
      - do: Mend.
        go_to: mend";
    let ceremony = Ceremony::rehearse(&runbook(steps)).carry_out().exits(2);
    let ceremony = ceremony.mentions(
        "error: step start/1 asks “Serial number” and there is no terminal: give an answer as \"start/printed\" in the file of --answers",
    );
    assert_eq!(ceremony.kinds(), ["opened", "entered", "began"]);
    ceremony.replay().refuses("incomplete", "stops before");
}

#[test]
fn one_answer_that_is_refused_is_not_given_for_ever() {
    let steps = "
      - do: Read the serial number.
        id: printed
        uses: ask.text
        with: { prompt: Serial number, pattern: '[0-9]+' }
      - do: Mend.
        go_to: mend";
    let ceremony = Ceremony::rehearse(&runbook(steps)).answer("start/printed", "none").carry_out().exits(2);
    ceremony.mentions("give another answer as \"start/printed\"");
}

#[test]
fn after_a_failure_the_step_can_be_tried_again() {
    let ceremony =
        failing().answers("start/count", &["2", "3"]).answers("start/count#what-now", &["retry"]).carry_out().exits(0);
    let kinds = "opened entered began answered failed answered retried answered finished ended";
    assert_eq!(ceremony.kinds().join(" "), kinds);
    let ceremony = ceremony.mentions("failed: There must be three, not 2.");
    ceremony.replay().holds();
}

#[test]
fn after_a_failure_the_remedy_can_be_performed() {
    let ceremony = failing().answers("start/count", &["2", "3"]).carry_out().exits(0);
    let kinds = "opened entered began answered failed answered entered began answered finished left retried answered finished ended";
    assert_eq!(ceremony.kinds().join(" "), kinds);
    assert_eq!(ceremony.entries()[11]["body"]["remedy"], "mend");
    ceremony.replay().holds();
}

#[test]
fn after_a_failure_the_people_can_deviate_with_a_reason_and_an_approval() {
    let ceremony = failing()
        .answer("start/count", "2")
        .answer("start/count#what-now", "deviate")
        .answer("start/count#reason", "Two will do.")
        .answer("start/count#approval/witness", "yes")
        .carry_out()
        .exits(0);
    let entries = ceremony.entries();
    let deviated = entries.iter().find(|entry| entry["kind"] == "deviated").unwrap();
    assert_eq!(deviated["body"]["reason"], "Two will do.");
    assert_eq!(deviated["body"]["approved_by"][0]["role"], "witness");
    ceremony.replay().holds();
}

#[test]
fn a_deviation_that_is_not_approved_does_not_take_place() {
    let ceremony = failing()
        .answers("start/count", &["2", "3"])
        .answers("start/count#what-now", &["deviate", "retry"])
        .answer("start/count#reason", "Two will do.")
        .answer("start/count#approval/witness", "no")
        .carry_out()
        .exits(0);
    assert!(!ceremony.kinds().contains(&"deviated".to_string()));
    ceremony.replay().holds();
}

#[test]
fn an_aborted_ceremony_says_why_and_does_not_pass_for_a_finished_one() {
    let ceremony = failing()
        .answer("start/count", "2")
        .answer("start/count#what-now", "abort")
        .answer("start/count#reason", "The third one is lost.")
        .carry_out()
        .exits(1);
    let ceremony = ceremony.mentions("error: the ceremony was aborted: The third one is lost.");
    assert_eq!(ceremony.kinds().last().unwrap(), "aborted");
    ceremony.replay().refuses("aborted", "The third one is lost.");
}

#[test]
fn a_no_is_never_the_end() {
    let steps = "      - do: Sit down.\n      - do: Mend.\n        go_to: mend";
    let ceremony = Ceremony::rehearse(&runbook(steps))
        .answers("start/1", &["no", "yes"])
        .answers("start/1#what-now", &["retry"])
        .carry_out()
        .exits(0);
    let kinds = &ceremony.kinds()[2..8];
    assert_eq!(kinds, ["began", "answered", "failed", "answered", "retried", "answered"]);
    ceremony.replay().holds();
}

#[test]
fn a_should_is_skipped_with_a_reason_and_a_may_without() {
    let steps = "
      - do: Dust the table.
        level: should
      - do: Light a candle.
        level: may
      - do: Mend.
        go_to: mend";
    let ceremony = Ceremony::rehearse(&runbook(steps))
        .answer("start/1#skip", "no")
        .answer("start/1#reason", "It is clean.")
        .answer("start/2#skip", "no")
        .carry_out()
        .exits(0);
    let entries = ceremony.entries();
    let skipped: Vec<_> = entries.iter().filter(|entry| entry["kind"] == "skipped").map(|it| &it["body"]).collect();
    assert_eq!(*skipped[0], serde_json::json!({ "level": "should", "reason": "It is clean." }));
    assert_eq!(*skipped[1], serde_json::json!({ "level": "may" }));
    ceremony.replay().holds();
}

#[test]
fn a_refused_sign_off_lets_the_step_be_done_again() {
    let steps = "
      - do: Count.
        id: count
        uses: ask.number
        with: { prompt: How many? }
        sign_off: [witness]
      - do: Mend.
        go_to: mend";
    let ceremony = Ceremony::rehearse(&runbook(steps))
        .answers("start/count", &["2", "3"])
        .answers("start/count#sign-off/witness", &["no", "yes"])
        .answer("start/count#what-now", "retry")
        .carry_out()
        .exits(0);
    let finished: Vec<_> = ceremony.entries().iter().filter(|it| it["kind"] == "finished").cloned().collect();
    assert_eq!(finished[0]["body"]["outputs"]["value"], 2);
    assert_eq!(finished[1]["body"]["outputs"]["value"], 3);
    ceremony.replay().holds();
}

#[test]
fn a_refused_sign_off_does_not_repeat_what_changes_something() {
    let steps = "
      - do: Write it down.
        uses: files.write
        with: { path: note.txt, text: once }
        sign_off: [witness]
      - do: Mend.
        go_to: mend";
    let ceremony = Ceremony::rehearse(&runbook(steps))
        .answers("start/1#sign-off/witness", &["no", "yes"])
        .answer("start/1#what-now", "retry")
        .carry_out()
        .exits(0);
    assert_eq!(ceremony.kinds().iter().filter(|kind| *kind == "finished").count(), 3);
    ceremony.replay().holds();
}

#[test]
fn nothing_is_changed_without_a_go_ahead() {
    let steps = "
      - do: Write it down.
        uses: files.write
        with: { path: note.txt, text: once }
      - do: Mend.
        go_to: mend";
    let ceremony = Ceremony::rehearse(&runbook(steps))
        .answer("start/1#go", "no")
        .answer("start/1#what-now", "abort")
        .answer("start/1#reason", "No.")
        .carry_out()
        .exits(1);
    assert!(!ceremony.folder().join("products/note.txt").exists());
}

#[test]
fn a_condition_that_the_machine_decides_shows_the_values_it_read() {
    let steps = "
      - do: Count.
        id: count
        uses: ask.number
        with: { prompt: How many? }
        rehearse: { answer: 4 }
      - if: there are more than three
        when: count.value > 3
        then:
          - do: Mend.
            go_to: mend
        else:
          - do: Nothing.";
    let ceremony = Ceremony::rehearse(&runbook(steps)).carry_out().exits(0);
    let entries = ceremony.entries();
    let decided = entries.iter().find(|entry| entry["kind"] == "decided").unwrap();
    assert_eq!(
        decided["body"],
        serde_json::json!({
            "condition": "there are more than three", "holds": true,
            "values": { "count.value": 4 }, "when": "count.value > 3"
        })
    );
    ceremony.replay().holds();
}

#[test]
fn a_section_performed_twice_names_its_values_twice() {
    let yaml = "
notation: 1
title: Two devices
sections:
  start:
    title: Start
    steps:
      - { go_to: read, with: { which: left }, id: first }
      - { go_to: read, with: { which: right }, id: second }
      - end: 'Left {{ first.serial.value }}, right {{ second.serial.value }}.'
  read:
    title: Read
    takes: [which]
    steps:
      - do: Read the {{ which }} one.
        id: serial
        uses: ask.text
        with: { prompt: 'Serial number, {{ which }}' }
";
    let ceremony = Ceremony::rehearse(yaml).answers("read/serial", &["1", "2"]).carry_out().exits(0);
    assert_eq!(ceremony.entries().last().unwrap()["body"]["text"], "Left 1, right 2.");
    ceremony.replay().holds();
}

#[test]
fn an_end_in_a_section_ends_the_ceremony_from_there() {
    let yaml = "
notation: 1
title: Early end
sections:
  start:
    title: Start
    steps:
      - go_to: inner
  inner:
    title: Inner
    steps:
      - end: Over from within.
";
    let ceremony = Ceremony::rehearse(yaml).carry_out().exits(0);
    assert_eq!(ceremony.kinds(), ["opened", "entered", "entered", "ended"]);
    ceremony.replay().holds();
}

#[test]
fn an_input_can_be_bound_and_a_bound_one_must_be_right() {
    let yaml = "
notation: 1
title: Inputs
inputs:
  day: { type: date }
sections:
  start:
    title: Start
    steps:
      - end: 'On {{ inputs.day }}.'
";
    let ceremony = Ceremony::rehearse(yaml).argument("--bind").argument("inputs.day=2026-11-22").carry_out().exits(0);
    assert_eq!(ceremony.entries().last().unwrap()["body"]["text"], "On 2026-11-22.");
    ceremony.replay().holds();
    Ceremony::rehearse(yaml)
        .argument("--bind")
        .argument("inputs.day=tomorrow")
        .carry_out()
        .exits(2)
        .mentions("the input `day`: `tomorrow` is no day; write it as YYYY-MM-DD");
}

#[test]
fn a_ceremony_folder_is_never_written_over() {
    let ceremony =
        Ceremony::rehearse("notation: 1\ntitle: T\nsections: { start: { title: S, steps: [ { end: Over. } ] } }");
    fs::create_dir(ceremony.out()).unwrap();
    fs::write(ceremony.out().join("precious"), "").unwrap();
    ceremony.carry_out().exits(2).mentions("exists already, and nothing is ever replaced");
}

#[test]
fn a_rehearsal_without_people_runs_no_program_unless_it_is_told_that_it_may() {
    let steps = "
      - do: Run it.
        uses: exec.run
        with: { command: [touch, ran] }
      - do: Mend.
        go_to: mend";
    let refused = Ceremony::rehearse(&runbook(steps)).carry_out().exits(2);
    let refused = refused.mentions("step start/1 runs a program or touches files outside the ceremony folder");
    assert!(!refused.folder().join("ran").exists());
    let told = Ceremony::rehearse(&runbook(steps)).argument("--outside").carry_out().exits(0);
    assert!(told.folder().join("ran").exists());
    Ceremony::rehearse(&runbook(steps)).answer("start/1#go", "yes").carry_out().exits(0);
}

#[test]
fn bindings_that_do_not_fit_the_runbook_are_refused_before_a_folder_is_made() {
    let ceremony = Ceremony::rehearse(&runbook("      - do: Mend.\n        go_to: mend"));
    let ceremony = ceremony.argument("--bind").argument("participants.witnes=Ada").carry_out().exits(2);
    let ceremony = ceremony.mentions("the runbook has no participant `witnes`; did you mean `witness`?");
    assert!(!ceremony.folder().exists());
}

#[test]
fn the_product_of_a_failed_step_is_set_aside_and_the_step_can_be_tried_again() {
    let steps = "
      - do: Write it.
        id: written
        uses: files.write
        with: { path: note.txt, text: A note }
        expect:
          - that: written.size == 7
      - do: Mend.
        go_to: mend";
    let ceremony = Ceremony::rehearse(&runbook(steps))
        .answers("start/written#what-now", &["retry", "deviate"])
        .answer("start/written#reason", "It is what it is.")
        .carry_out()
        .exits(0);
    let ceremony = ceremony.mentions("failed: this does not hold: written.size == 7");
    assert!(!ceremony.folder().join("products/note.txt").exists());
    for number in 1..=2 {
        let aside = ceremony.folder().join(format!("evidence/000{number}-set-aside-note.txt"));
        assert_eq!(fs::read_to_string(aside).unwrap(), "A note");
    }
    assert!(ceremony.stdout().contains("the ceremony ended, with 1 deviation from its runbook"));
    ceremony.replay().holds();
}

#[test]
fn a_refused_sign_off_of_a_product_is_asked_for_again_and_the_product_stays() {
    let steps = "
      - do: Write it.
        uses: files.write
        with: { path: note.txt, text: A note }
        sign_off: [witness]
      - do: Mend.
        go_to: mend";
    let ceremony = Ceremony::rehearse(&runbook(steps))
        .answers("start/1#sign-off/witness", &["no", "yes"])
        .answer("start/1#what-now", "retry")
        .carry_out()
        .exits(0);
    assert!(ceremony.folder().join("products/note.txt").exists());
    ceremony.replay().holds();
}

#[test]
fn a_number_is_one_and_the_same_for_the_ceremony_and_its_replay() {
    let steps = "
      - do: Count.
        id: count
        uses: ask.number
        with: { prompt: How many? }
      - do: 'There are {{ count.value }}.'
      - do: Mend.
        go_to: mend";
    let answered = Ceremony::rehearse(&runbook(steps)).answer("start/count", "9007199254740991").carry_out().exits(0);
    answered.replay().holds();
    Ceremony::rehearse(&runbook(steps))
        .answer("start/count", "9007199254740993")
        .carry_out()
        .exits(2)
        .mentions("beyond");
}

#[test]
fn a_rehearsal_whose_answers_name_virtual_devices_replays() {
    let yaml = "
notation: 1
title: T
devices: { hsm: { kind: yubihsm2 } }
sections:
  start:
    title: S
    steps:
      - do: Read the number.
        uses: ask.text
        with: { prompt: Number }
        rehearse: { answer: 'No. {{ devices.hsm.serial | zero_pad(10) }}' }
      - end: Over.
";
    Ceremony::rehearse(yaml).carry_out().exits(0).replay().holds();
}
