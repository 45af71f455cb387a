//! What the people see when a ceremony goes on: what they were looking at, and nothing that is over.

use super::death::{Broken, Death, resume, said, upto};
use crate::{support::Ceremony, terminal::Person};

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

#[test]
fn a_rehearsal_without_people_goes_on_at_a_terminal_as_it_says_that_it_does() {
    let runbook = RUNBOOK.replace("do: Second.", "{ do: Second., uses: ask.text, with: { prompt: Word } }");
    let (broken, output) = Broken::stopped(Ceremony::rehearse(&runbook));
    let said = said(&output);
    let line = said.lines().find_map(|line| line.strip_prefix("go on   officiant resume ")).unwrap();
    assert_eq!(line, format!("{} --unattended", broken.folder().display()));
    let mut command = resume(&broken.folder());
    let (code, shown) = Person::of(command.arg("--unattended")).ends();
    assert!(code == Some(2) && shown.contains("inner/1"), "{shown}");
    // At a terminal nobody guesses who answers.
    let (code, shown) = Person::of(&resume(&broken.folder())).ends();
    assert!(code == Some(2) && shown.contains("say --attended to go on with people"), "{shown}");
}
