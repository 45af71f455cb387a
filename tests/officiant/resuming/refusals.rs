//! What a ceremony does not go on from, each with its reason, and with nothing changed.

use super::death::{Broken, Death, entries, lines, of_kind, said};
use crate::{devices::VirtualDevice, forging::forge, support::Ceremony};
use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::Path,
    process::Command,
};

const RUNBOOK: &str = "
notation: 1
title: A small ceremony
participants:
  holder: { title: Key holder }
inputs:
  place: { type: text, prompt: Where are we?, rehearse: { answer: Here } }
devices:
  HSM: { kind: yubihsm2, rehearse: { serial: 7550054 } }
sections:
  start:
    title: Start
    steps:
      - { do: Insert it., uses: devices.insert, with: { device: HSM, alone: true } }
      - { do: Write it down., uses: files.write, with: { path: place.txt, text: 'We are in {{ inputs.place }}.' } }
      - do: Sit down.
        by: holder
      - do: Stand up.
      - end: Over.
";

fn small() -> Ceremony {
    Ceremony::rehearse(RUNBOOK)
}

/// How many lines there are when the holder is asked whether they sit.
const SITTING: usize = 9;

fn broken() -> Broken {
    let broken = Broken::off(small(), Death { lines: SITTING, bytes: 0 });
    let last = entries(&broken.folder()).pop().unwrap();
    assert_eq!((last["kind"].as_str(), last["step"].as_str()), (Some("began"), Some("start/3")));
    broken
}

#[test]
fn nothing_keeps_the_small_ceremony_from_going_on() {
    let broken = broken();
    let said = broken.comes_to_its_end(&[], &[]);
    for part in [
        "REHEARSAL",
        "Going on after a break",
        "The record's head, line 9; these words are new",
        "HSM is the one with the serial",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let resumed = &of_kind(&broken.folder(), "resumed")[0]["body"];
    let keys = [&entries(&broken.folder())[0]["body"]["session_key"], &resumed["session_key"]];
    assert_ne!(keys[0], keys[1], "the new session has a key of its own");
    let words = resumed["words"].as_str().unwrap().to_lowercase();
    assert!(words.split(' ').all(|word| said.contains(word)), "{said}");
    broken.is_refused(&[], &[], 1, "the ceremony ended as its runbook says, and there is nothing to go on with");
}

#[test]
fn an_aborted_ceremony_does_not_go_on() {
    let ceremony =
        small().answer("start/3", "no").answer("start/3#what-now", "abort").answer("start/3#reason", "Enough.");
    let (aborted, output) = Broken::stopped(ceremony);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(!said(&output).contains("officiant resume"), "{}", said(&output));
    aborted.is_refused(&[], &[], 1, "the ceremony was aborted, and an aborted one does not go on");
}

#[test]
fn a_changed_record_does_not_go_on() {
    let broken = broken();
    let path = broken.folder().join("transcript.jsonl");
    let before = fs::read_to_string(&path).unwrap();
    let without_one: Vec<&str> =
        before.split_inclusive('\n').enumerate().filter(|(n, _)| *n != 4).map(|it| it.1).collect();
    let edits = [
        ("an answer", before.replace("\"Here\"", "\"There\"")),
        ("a dropped line", without_one.concat()),
        ("a doubled line", format!("{before}{}\n", before.lines().last().unwrap())),
        ("a line that is none", format!("{before}{{}}\n")),
        ("the last line", before.replace("Sit down.", "Lie down.")),
    ];
    for (name, edited) in edits {
        assert_ne!(edited, before, "{name}");
        fs::write(&path, edited).unwrap();
        broken.is_refused(&[], &[], 1, "the record does not hold, and no ceremony goes on from it");
    }
    fs::write(&path, before).unwrap();
    broken.comes_to_its_end(&[], &[]);
}

#[test]
fn every_byte_of_the_last_entry_counts() {
    let broken = broken();
    let path = broken.folder().join("transcript.jsonl");
    let before = fs::read(&path).unwrap();
    let last = before[..before.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for at in (last..before.len() - 1).step_by(29) {
        let mut edited = before.clone();
        edited[at] ^= 1;
        fs::write(&path, edited).unwrap();
        broken.is_refused(&[], &[], 1, "");
    }
}

#[test]
fn a_changed_file_in_the_folder_keeps_the_ceremony_from_going_on() {
    for (name, why) in [
        ("runbook/runbook.yaml", "`runbook/runbook.yaml` is not the file that was recorded"),
        ("products/place.txt", "`products/place.txt` is not the file that was recorded"),
    ] {
        let broken = broken();
        let path = broken.folder().join(name);
        let before = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{before} ")).unwrap();
        broken.is_refused(&[], &[], 1, why);
        fs::remove_file(&path).unwrap();
        broken.is_refused(&[], &[], 1, name);
        fs::write(&path, before).unwrap();
        broken.comes_to_its_end(&[], &[]);
    }
}

#[test]
fn bindings_that_contradict_the_record_are_refused() {
    let broken = broken();
    let other = "the bindings name other participants or inputs than the ceremony has; leave them out";
    for (binding, why) in [
        ("devices.HSM.serial=7550055", "the bindings say that HSM has the serial number 7550055, and it is 7550054"),
        ("participants.holder=Eve", other),
        ("inputs.place=There", other),
        ("participants.stranger=Eve", "stranger"),
        ("devices.HMS.serial=1", "HMS"),
    ] {
        let before = lines(&broken.folder());
        let output = broken.goes_on(&[], &["--bind", binding]);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{binding}: {}", said(&output));
        assert!(said(&output).contains(why), "{binding}: {}", said(&output));
        assert_eq!(lines(&broken.folder()), before, "{binding}");
    }
    broken.comes_to_its_end(&[], &["--bind", "devices.HSM.serial=7550054"]);
}

#[test]
fn a_mistyped_serial_number_of_a_device_that_was_never_seen_is_corrected_when_the_ceremony_goes_on_again() {
    let yaml = "
notation: 1
title: T
devices:
  HSM: { kind: yubihsm2 }
sections:
  start:
    title: S
    steps:
      - { do: Insert it., uses: devices.insert, with: { device: HSM, timeout: 1 } }
      - end: Over.
";
    let device = VirtualDevice::new(7_550_054);
    let connectors = format!("yubihsm.connectors={}", device.url());
    let ceremony = Ceremony::run(yaml).argument("--bind").argument(connectors);
    let (broken, output) = Broken::stopped(ceremony.argument("--bind").argument("devices.HSM.serial=7550045"));
    let why = "the device that is inserted has the serial number 7550054; HSM is the one with 7550045";
    assert!(said(&output).contains(why), "{}", said(&output));
    let again = [("resume/1", "yes"), ("start/1#what-now", "retry")];
    // Mistyped once more.
    let output = broken.goes_on(&again[..1], &["--bind", "devices.HSM.serial=7550504"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let bindings = |entry: &serde_json::Value| entry["body"]["bindings"]["devices"]["HSM"]["serial"].clone();
    assert_eq!(of_kind(&broken.folder(), "resumed").iter().map(bindings).collect::<Vec<_>>(), [7_550_504]);
    broken.comes_to_its_end(&again, &["--bind", "devices.HSM.serial=7550054"]);
}

#[test]
fn two_do_not_go_on_at_once() {
    let broken = broken();
    let held = File::open(broken.folder().join("transcript.jsonl")).unwrap();
    held.lock().unwrap();
    broken.is_refused(&[], &[], 2, "another officiant is at work in");
    drop(held);
    broken.comes_to_its_end(&[], &[]);
}

#[test]
fn of_several_that_go_on_at_once_one_does() {
    let broken = broken();
    let started: Vec<_> = (0..3)
        .map(|_| {
            let mut command = broken.command(&[]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let outputs: Vec<_> = started.into_iter().map(|process| process.wait_with_output().unwrap()).collect();
    let went_on = outputs.iter().filter(|output| output.status.code() == Some(0)).count();
    assert_eq!(went_on, 1, "{}", outputs.iter().map(said).collect::<String>());
    assert_eq!(of_kind(&broken.folder(), "resumed").len(), 1);
    crate::support::replay(&broken.folder(), &["--every-signature"]).holds();
}

#[test]
fn a_clock_that_is_behind_the_last_entry_is_to_be_set_right_first() {
    let broken = broken();
    let mut entries = entries(&broken.folder());
    entries.last_mut().unwrap()["at"] = "2126-11-22T05:36:00.500Z".into();
    let forged = forge(&mut entries).join("\n") + "\n";
    fs::write(broken.folder().join("transcript.jsonl"), forged).unwrap();
    broken.is_refused(
        &[],
        &[],
        1,
        "and the last entry was written at 2126-11-22T05:36:00.500Z; set the clock right, then go on",
    );
}

#[test]
fn nobody_goes_on_with_a_head_that_nobody_confirmed() {
    let broken = broken();
    broken.is_refused(&[("resume/1", "no")], &[], 1, "nobody confirmed the head of the record, so nothing was changed");
    broken.comes_to_its_end(&[("resume/1", "yes")], &[]);
}

#[test]
fn in_a_ceremony_a_person_confirms_the_head() {
    let yaml = "
notation: 1
title: T
sections:
  start:
    title: S
    steps:
      - do: Sit down.
      - end: Over.
";
    let ceremony = Ceremony::run(yaml).answer("start/1", "yes");
    let broken = Broken::off(ceremony, Death { lines: 6, bytes: 0 });
    broken.is_refused(&[("start/1", "yes")], &[], 2, "resume/1");
    broken.is_refused(&[], &[], 2, "");
    let said = broken.comes_to_its_end(&[("resume/1", "yes"), ("start/1", "yes")], &[]);
    assert!(said.contains("CEREMONY: T") && !said.contains("REHEARSAL"), "{said}");
}

#[test]
fn a_folder_that_is_none_is_not_tried() {
    let folder = tempfile::TempDir::new().unwrap();
    for path in [folder.path().join("missing"), folder.path().to_path_buf()] {
        let output = super::death::resume(&path).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("transcript.jsonl` cannot be read"), "{}", said(&output));
    }
}

#[test]
fn a_ceremony_without_an_entry_is_to_be_begun_anew() {
    for bytes in [0, 50] {
        let broken = Broken::off(small(), Death { lines: 0, bytes });
        broken.is_refused(&[], &[], 1, "nothing was done; begin it anew in another folder");
    }
}

#[test]
fn a_ceremony_goes_on_in_a_copy_and_through_a_link() {
    let broken = broken();
    let copy = broken.path("copy");
    assert!(Command::new("cp").arg("-a").args([&broken.folder(), &copy]).status().unwrap().success());
    let link = broken.path("link");
    symlink(broken.folder(), &link).unwrap();
    for folder in [copy.as_path(), link.as_path()] {
        ends(folder);
    }
    crate::support::replay(&broken.folder(), &["--every-signature"]).holds();
}

#[track_caller]
fn ends(folder: &Path) {
    let output = super::death::resume(folder).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    crate::support::replay(folder, &["--every-signature"]).holds();
}
