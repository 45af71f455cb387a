//! Disks that are full, read-only or gone.

use super::death::{Broken, Death, Outcome, compare, doomed, lines, said, upto};
use crate::support::Ceremony;
use std::{
    fs,
    process::{Command, Output},
};

const RUNBOOK: &str = "
notation: 1
title: A disk
sections:
  start:
    title: Start
    steps:
      - do: Sit down.
      - { do: Write it down., uses: files.write, with: { path: note.txt, text: We were here. } }
      - { do: Write a line., uses: exec.run, with: { command: [sh, -c, 'echo x >> ../ran'] } }
      - do: Stand up.
      - { do: Write another line., uses: exec.run, with: { command: [sh, -c, 'echo y >> ../ran'] } }
      - end: Over.
";

/// What the file system says when a disk is full, and when it can only be read.
const ERRORS: [(&str, &str); 2] = [("28", "No space left on device"), ("30", "Read-only file system")];

fn ceremony() -> Ceremony {
    Ceremony::rehearse(RUNBOOK).argument("--outside")
}

/// Requires that a ceremony stopped, and says how to go on.
#[track_caller]
fn stopped(output: &Output, why: &str) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in [why, "go on   officiant resume", "nothing that was recorded is lost"] {
        assert!(said.contains(part), "`{part}` is not in:\n{said}");
    }
}

/// What the programs of the ceremony did.
fn ran(broken: &Broken) -> String {
    fs::read_to_string(broken.path("ran")).unwrap_or_default()
}

#[test]
fn a_disk_that_takes_no_more_stops_the_ceremony_before_its_next_effect_wherever_that_is() {
    let whole = ceremony().carry_out().exits(0);
    let last = whole.lines().len();
    let outcome = Outcome::of(&whole.folder());
    let is_go =
        |step: &'static str| move |entry: &serde_json::Value| entry["step"] == step && entry["body"]["slot"] == "go";
    let [first, second] = ["start/3", "start/5"].map(|step| upto(&whole.folder(), is_go(step)));
    let answers = [("start/3#what-now", "retry"), ("start/5#what-now", "retry")];
    for (number, why) in ERRORS {
        for lines_written in 1..last {
            for bytes in [0, 50] {
                let ceremony = ceremony();
                let death = Death { lines: lines_written, bytes };
                let output = doomed(&mut ceremony.command(), death).env("FAIL_WITH", number).output().unwrap();
                stopped(&output, why);
                let (broken, before) = (Broken::of(ceremony), lines(&whole.folder()).len());
                let recorded = lines(&broken.folder());
                assert!(recorded.len() == lines_written && recorded.len() < before, "{death:?}");
                // What is in no record was not carried out: a program runs once its go-ahead is on the disk.
                let may_have_run = [(first, "x\n"), (second, "y\n")];
                let expected: String =
                    may_have_run.iter().filter(|(go, _)| *go <= lines_written).map(|(_, it)| *it).collect();
                assert_eq!(ran(&broken), expected, "{death:?}");
                if lines_written % 3 == 0 {
                    let output = broken.goes_on(&answers, &["--outside"]);
                    assert_eq!(output.status.code(), Some(0), "{death:?}: {}", said(&output));
                    assert_eq!(lines(&broken.folder())[..recorded.len()], recorded, "{death:?}");
                    let is_in_doubt = [first, second].contains(&lines_written);
                    if !is_in_doubt {
                        compare(&broken.folder(), &outcome, &recorded).unwrap_or_else(|why| panic!("{death:?}: {why}"));
                    }
                }
            }
        }
    }
}

#[test]
fn a_disk_that_is_full_while_the_ceremony_goes_on_stops_it_again() {
    let whole = Outcome::of(&ceremony().carry_out().exits(0).folder());
    let broken = Broken::off(ceremony(), Death { lines: 5, bytes: 0 });
    for more in 0..3 {
        let before = lines(&broken.folder());
        let death = Death { lines: more, bytes: 40 };
        let mut command = broken.command(&[]);
        let output = doomed(command.arg("--outside"), death).env("FAIL_WITH", "28").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("No space left on device"), "{}", said(&output));
        assert!(said(&output).contains("officiant resume"), "{}", said(&output));
        assert_eq!(lines(&broken.folder())[..before.len()], before);
    }
    broken.comes_to_its_end(&[], &["--outside"]);
    compare(&broken.folder(), &whole, &[]).unwrap();
}

#[test]
fn a_folder_that_was_taken_away_stops_the_ceremony_and_it_goes_on_once_it_is_back() {
    let yaml = RUNBOOK.replace("echo x >> ../ran", "mv ../ceremony ../away");
    assert_ne!(yaml, RUNBOOK);
    let (broken, output) = Broken::stopped(Ceremony::rehearse(&yaml).argument("--outside"));
    stopped(&output, "the ceremony folder is gone");
    assert_eq!(ran(&broken), "", "the next step was not carried out");
    let output = broken.goes_on(&[], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    fs::rename(broken.path("away"), broken.folder()).unwrap();
    let answers = [("start/3#what-now", "deviate"), ("start/3#reason", "It was taken away and is back.")];
    broken.comes_to_its_end(&answers, &["--outside"]);
    assert_eq!(ran(&broken), "y\n");
}

#[test]
fn a_file_that_may_grow_no_further_stops_the_ceremony() {
    let ceremony = ceremony();
    let command = ceremony.command();
    // A limit of 6 KiB a file, which the kernel keeps, and not this test.
    let mut limited = Command::new("prlimit");
    limited.args(["--fsize=6144", "env", "--ignore-signal=XFSZ"]).arg(command.get_program()).args(command.get_args());
    let output = limited.output().unwrap();
    stopped(&output, "File too large");
    let broken = Broken::of(ceremony);
    let before = lines(&broken.folder());
    assert!(before.len() > 3);
    broken.comes_to_its_end(&[("start/3#what-now", "retry"), ("start/5#what-now", "retry")], &["--outside"]);
    assert_eq!(lines(&broken.folder())[..before.len()], before);
}

/// Carries a ceremony out on a disk of its own that becomes full in the middle, then cannot be written, and is mended then.
const ON_A_DISK: &str = r#"
mkdir -p disk
mount -t tmpfs -o size="$1" none disk || exit 42
"$OFFICIANT" rehearse runbook.yaml --out disk/ceremony --outside; echo "first: $?"
mount -o remount,ro none disk
"$OFFICIANT" resume disk/ceremony --outside --answers resume.toml; echo "read-only: $?"
mount -o remount,rw,size=64m none disk
"$OFFICIANT" resume disk/ceremony --outside --answers resume.toml; echo "then: $?"
"$OFFICIANT" replay disk/ceremony --every-signature; echo "replay: $?"
"#;

#[test]
fn a_real_disk_that_is_full_and_then_read_only_is_the_same() {
    let can = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        println!("this machine mounts nothing here; the limits of the tests before this one stand for a full disk");
        return;
    }
    let folder = tempfile::TempDir::new().unwrap();
    // The rest of the page that the record ends in may take a few entries.
    let rest = "      - do: Stand up.\n".repeat(30);
    let yaml = format!(
        "notation: 1\ntitle: T\nsections:\n  start:\n    title: S\n    steps:\n      - {{ do: Do it., uses: exec.run, with: {{ command: [sh, -c, 'cat /dev/zero > ../filler; true'] }} }}\n{rest}      - end: Over.\n"
    );
    fs::write(folder.path().join("runbook.yaml"), yaml).unwrap();
    let answers = "[answers]\n'start/1#what-now' = 'deviate'\n'start/1#reason' = 'It was done.'\n";
    fs::write(folder.path().join("resume.toml"), answers).unwrap();
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", ON_A_DISK, "sh", "8m"]).current_dir(folder.path());
    let output = command.env("OFFICIANT", env!("CARGO_BIN_EXE_officiant")).output().unwrap();
    let said = said(&output);
    for part in [
        "the transcript cannot be written: No space left on device",
        "first: 2",
        "Read-only file system",
        "read-only: 2",
        "go on   officiant resume disk/ceremony --unattended",
        "then: 0",
        "replay: 0",
    ] {
        assert!(said.contains(part), "`{part}` is not in:\n{said}");
    }
}
