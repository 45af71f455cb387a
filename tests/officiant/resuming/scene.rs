//! What the people see when a ceremony goes on: what they were looking at, and nothing that is over.

use super::death::{Broken, Death, upto};
use crate::support::Ceremony;

const RUNBOOK: &str = "
notation: 1
title: T
sections:
  outer:
    title: Outer
    steps:
      - { do: First., uses: files.write, with: { path: first.txt, text: First. } }
      - go_to: inner
      - { do: Third., uses: files.write, with: { path: third.txt, text: Third. } }
      - end: Over.
  inner:
    title: Inner
    steps:
      - do: Second.
";

/// What is shown behind the head of the record when the ceremony was killed as this step began.
fn shown(step: &str, more: usize) -> String {
    let whole = Ceremony::rehearse(RUNBOOK).carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "began" && entry["step"] == step);
    let broken = Broken::off(Ceremony::rehearse(RUNBOOK), Death { lines: lines + more, bytes: 0 });
    let said = broken.comes_to_its_end(&[], &[]);
    said.split_once("go on with? yes").unwrap().1.to_string()
}

#[test]
fn back_from_a_section_the_people_see_the_one_that_they_are_in() {
    let shown = shown("outer/3", 0);
    assert!(shown.contains("Outer") && shown.contains("3/4  DO Third."), "{shown}");
    for over in ["Inner", "First.", "Second."] {
        assert!(!shown.contains(over), "{over}: {shown}");
    }
}

#[test]
fn in_a_section_the_people_see_it_and_its_step() {
    let shown = shown("inner/1", 0);
    assert!(shown.contains("Inner") && shown.contains("1/1  DO Second."), "{shown}");
    assert!(!shown.contains("First."), "{shown}");
}

#[test]
fn what_a_step_was_announced_with_is_shown_again() {
    let shown = shown("outer/3", 1);
    for part in ["3/4  DO Third.", "third.txt", "it was not done before the ceremony broke off"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}
