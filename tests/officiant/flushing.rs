//! How often the record is put on the disk.

use crate::support::Ceremony;

#[test]
fn a_confirmation_costs_one_flush_and_never_more_than_two() {
    let steps = "      - do: Confirm this.\n".repeat(100);
    let yaml =
        format!("notation: 1\ntitle: T\nsections:\n  start:\n    title: S\n    steps:\n{steps}      - end: Over.\n");
    let ceremony = Ceremony::rehearse(&yaml).argument("--verbose").carry_out().exits(0);
    let log = ceremony.stderr();
    let plain: String = log.lines().filter(|line| line.contains("the record is closed")).collect();
    let flushes = plain.rsplit(|character: char| !character.is_ascii_digit()).find(|part| !part.is_empty()).unwrap();
    // One for `opened`, one before each question, one at the end.
    assert_eq!(flushes, "102", "{plain}");
}

#[test]
fn what_was_recorded_is_in_the_file_before_anything_is_changed() {
    let yaml = "
notation: 1
title: T
sections:
  start:
    title: S
    steps:
      - do: Sit down.
      - do: Look at the record.
        id: record
        uses: exec.run
        with: { command: [cat, transcript.jsonl] }
      - end: Over.
";
    let ceremony = Ceremony::rehearse(yaml).argument("--outside").carry_out().exits(0);
    let entries = ceremony.entries();
    let finished = entries.iter().find(|entry| entry["body"]["outputs"]["exit_code"] == 0).unwrap();
    let seen = finished["body"]["outputs"]["stdout"].as_str().unwrap();
    let seen: Vec<&str> = seen.lines().collect();
    // All of it: the step before, this step's beginning, and the go-ahead.
    assert_eq!(seen, ceremony.lines()[..seen.len()]);
    assert!(seen.last().unwrap().contains("Carry this out now?"), "{}", seen.last().unwrap());
}
