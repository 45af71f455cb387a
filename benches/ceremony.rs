//! What officiant takes, beside a peer or a physical limit, in one run: `make bench`.
//!
//! Each figure is a ratio against something measured at the same moment on the same machine, since seconds of one machine
//! say little about another. Goals: `check` of 10,000 steps in a tenth of a second; a rehearsal of 1,000 confirmations
//! within 1.5 times of appending and flushing the same bytes as often; a replay of 10,000 steps in 0.15 s, and within 3
//! times of reading its transcript with `serde_json` alone; a start in 3 ms.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use officiant_engine::record::Entry;
use serde::de::DeserializeOwned;
use std::{
    fmt::Write as _,
    fs::{self, File},
    hint::black_box,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

fn main() {
    // Beside the build, which is on a real disk where a temporary folder may not be.
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    check(folder.path());
    confirmations(folder.path());
    replay_bare(folder.path());
    replay_outputs(folder.path());
    start();
}

fn officiant() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_officiant"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The shortest of several runs: what the work takes when nothing else is in its way.
fn shortest(runs: usize, mut run: impl FnMut() -> Duration) -> Duration {
    (0..runs).map(|_| run()).min().unwrap()
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

fn row(what: &str, took: Duration, beside: &str, limit: Duration) {
    let ratio = took.as_secs_f64() / limit.as_secs_f64();
    println!("{what:<42} {:>9.2} ms   {ratio:>6.2} × {beside} ({:.2} ms)", millis(took), millis(limit));
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// `check` of 10,000 steps, beside the YAML parser's events alone.
fn check(folder: &Path) {
    let mut yaml = String::from("notation: 1\ntitle: Ten thousand steps\nsections:\n");
    for section in 0..100 {
        writeln!(yaml, "  section-{section}:\n    title: Section {section}\n    steps:").unwrap();
        for step in 0..33 {
            let steps = format!(
                "      - do: Read the serial number of device {step}.\n        id: serial_{step}\n        uses: ask.text\n        with: {{ prompt: 'Serial number {step}', pattern: '[0-9]{{7,8}}' }}\n        expect:\n          - that: serial_{step}.value != '0'\n            else: Not {{{{ serial_{step}.value }}}}.\n      - do: Write {{{{ serial_{step}.value | zero_pad(10) }}}} on the bag.\n      - if: it is sealed\n        then:\n          - do: Hold it up to the camera.\n"
            );
            yaml.push_str(&steps);
        }
        let last = if section == 99 {
            "      - end: Over.\n".to_string()
        } else {
            format!("      - go_to: section-{}\n", section + 1)
        };
        yaml.push_str(&last);
    }
    // The first section has to END, wherever the others lead.
    let path = folder.join("ten-thousand.yaml");
    fs::write(&path, &yaml).unwrap();
    let checked = shortest(7, || timed(|| assert!(officiant().arg("check").arg(&path).status().unwrap().success())));
    let events =
        shortest(7, || timed(|| assert!(granit_parser::Parser::new_from_str(&yaml).all(|event| event.is_ok()))));
    row("check, 13,300 steps, the whole command", checked, "the YAML parser alone", events);
}

/// A rehearsal of 1,000 confirmations, beside a loop that appends the same bytes and flushes as often.
fn confirmations(folder: &Path) {
    let mut yaml = String::from(
        "notation: 1\ntitle: A thousand confirmations\nsections:\n  start:\n    title: Start\n    steps:\n",
    );
    for step in 0..1_000 {
        writeln!(yaml, "      - do: Confirm number {step}.").unwrap();
    }
    yaml.push_str("      - end: Over.\n");
    let runbook = folder.join("confirmations.yaml");
    fs::write(&runbook, yaml).unwrap();
    let rehearse = |turn: u32| {
        let out = folder.join(format!("rehearsal-{turn}"));
        let mut command = officiant();
        command.arg("rehearse").arg(&runbook).arg("--out").arg(&out);
        let took = timed(|| assert!(command.status().unwrap().success()));
        (took, fs::read(out.join("transcript.jsonl")).unwrap())
    };
    // Disks warm up, too: the two are measured turn by turn.
    let mut rehearsed = Duration::MAX;
    let mut appended = Duration::MAX;
    for turn in 0..9 {
        let (took, transcript) = rehearse(turn);
        rehearsed = rehearsed.min(took);
        appended = appended.min(append(&folder.join(format!("appended-{turn}")), &transcript));
    }
    row("rehearse, 1,000 confirmations", rehearsed, "appending and flushing", appended);
}

/// Appends a transcript with a flush before each answer, and one at each end, as the rehearsal does.
fn append(path: &Path, transcript: &[u8]) -> Duration {
    let mut file = File::options().append(true).create_new(true).open(path).unwrap();
    let lines: Vec<&[u8]> = transcript.split_inclusive(|byte| *byte == b'\n').collect();
    timed(|| {
        let mut waiting = Vec::new();
        for line in lines {
            let answer = line.windows(17).any(|part| part == b"\"kind\":\"answered\"");
            if answer && !waiting.is_empty() {
                file.write_all(&waiting).unwrap();
                file.sync_data().unwrap();
                waiting.clear();
            }
            waiting.extend_from_slice(line);
        }
        file.write_all(&waiting).unwrap();
        file.sync_data().unwrap();
    })
}

/// A replay of 10,000 bare steps.
fn replay_bare(folder: &Path) {
    let mut yaml = String::from(
        "notation: 1\ntitle: Ten thousand confirmations\nsections:\n  start:\n    title: Start\n    steps:\n",
    );
    for step in 0..10_000 {
        writeln!(yaml, "      - do: Confirm number {step}.").unwrap();
    }
    yaml.push_str("      - end: Over.\n");
    replay(folder, "replay, 10,000 bare steps", &yaml);
}

/// A replay of 10,000 steps, a third of which is performed by a handler and has an expectation.
fn replay_outputs(folder: &Path) {
    let mut yaml = String::from("notation: 1\ntitle: Outputs and expectations\nsections:\n");
    for section in 0..100 {
        writeln!(yaml, "  section-{section}:\n    title: Section {section}\n    steps:").unwrap();
        for step in 0..33 {
            let steps = format!(
                "      - do: Read the serial number of device {step}.\n        id: serial_{step}\n        uses: ask.text\n        with: {{ prompt: 'Serial number {step}', pattern: '[0-9]{{7,8}}' }}\n        rehearse: {{ answer: '7550054' }}\n        expect:\n          - that: serial_{step}.value != '0'\n      - do: Write {{{{ serial_{step}.value | zero_pad(10) }}}} on the bag.\n      - do: Hold it up to the camera.\n"
            );
            yaml.push_str(&steps);
        }
        let last = if section == 99 {
            "      - end: Over.\n".to_string()
        } else {
            format!("      - go_to: section-{}\n", section + 1)
        };
        yaml.push_str(&last);
    }
    replay(folder, "replay, 10,000 steps with outputs", &yaml);
}

/// A replay of a rehearsal, beside the digest of its transcript, and beside parsing it line by line.
fn replay(folder: &Path, what: &str, yaml: &str) {
    let runbook = folder.join("replayed.yaml");
    let out = folder.join("replayed");
    fs::write(&runbook, yaml).unwrap();
    assert!(officiant().arg("rehearse").arg(&runbook).arg("--out").arg(&out).status().unwrap().success());
    let transcript = out.join("transcript.jsonl");
    let (mut replayed, mut digested, mut values, mut entries) =
        (Duration::MAX, Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..9 {
        let replay = || assert!(officiant().arg("replay").arg(&out).status().unwrap().success());
        replayed = replayed.min(timed(replay));
        let digest = || {
            let mut command = Command::new("sha256sum");
            assert!(command.arg(&transcript).stdout(Stdio::null()).status().unwrap().success());
        };
        digested = digested.min(timed(digest));
        values = values.min(timed(|| parse::<serde_json::Value>(&transcript)));
        entries = entries.min(timed(|| parse::<Entry>(&transcript)));
    }
    row(what, replayed, "`sha256sum`", digested);
    row("", replayed, "serde_json, into `Value`", values);
    row("", replayed, "serde_json, into `Entry`", entries);
    fs::remove_dir_all(out).unwrap();
}

/// Reads a file and parses each of its lines, which are not kept.
fn parse<T: DeserializeOwned>(path: &Path) {
    for line in fs::read_to_string(path).unwrap().lines() {
        black_box(serde_json::from_str::<T>(line).unwrap());
    }
}

/// A start, beside that of a program that does nothing.
fn start() {
    let version = shortest(100, || timed(|| assert!(officiant().arg("--version").status().unwrap().success())));
    let nothing = shortest(100, || timed(|| assert!(Command::new("true").status().unwrap().success())));
    row("start", version, "`true`", nothing);
}
