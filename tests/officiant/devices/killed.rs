//! Ceremonies that are killed, and disks that are full.

use super::support::{Running, runbook, until};
use crate::support::{Ceremony, officiant};
use serde_json::Value;
use std::{fs, path::Path, process::Command};
use tempfile::TempDir;

#[test]
fn a_ceremony_that_is_killed_in_a_long_step_has_its_record_up_to_there() {
    let ceremony = Ceremony::run(&runbook("      - { do: Wait., uses: people.wait, with: { duration: 1h } }"));
    let transcript = ceremony.out().join("transcript.jsonl");
    let running = Running::start(ceremony.command());
    // Nothing is shown before it is recorded, and waiting begins after that.
    until("the step is on record", || fs::read_to_string(&transcript).is_ok_and(|it| it.contains("\"Wait.\"")));
    let output = running.kill();
    let ceremony = ceremony.carried_out(output);
    assert_eq!(ceremony.kinds(), ["opened", "began", "answered", "finished", "entered", "began"]);
    let text = fs::read_to_string(&transcript).unwrap();
    assert!(text.ends_with('\n'));
    let replayed = ceremony.replay();
    assert_eq!(replayed.code, Some(1));
    assert_eq!(replayed.errors(), ["incomplete: the record stops before the runbook's END"]);
    assert_eq!(replayed.report["findings"][0]["line"], 6);
}

#[test]
fn whenever_a_ceremony_is_killed_at_most_one_line_is_torn() {
    let steps = "      - do: Sit down.\n".repeat(400);
    for bytes in [1, 3_000, 9_000, 17_001, 33_333] {
        let ceremony = Ceremony::rehearse(&runbook(&steps));
        let transcript = ceremony.out().join("transcript.jsonl");
        let running = Running::start(ceremony.command());
        until("the record grows", || fs::metadata(&transcript).is_ok_and(|it| it.len() >= bytes));
        let output = running.kill();
        let ceremony = ceremony.carried_out(output);
        let recorded = fs::read(&transcript).unwrap();
        whole_entries(&recorded);
        let errors = ceremony.replay().errors();
        let expected = |error: &String| error.starts_with("incomplete: ") || error.starts_with("torn: ");
        assert!(errors.iter().all(expected) && !errors.is_empty(), "{errors:#?}");
    }
}

/// The entries of a record whose last line may be torn; every other must be one.
fn whole_entries(recorded: &[u8]) -> Vec<Value> {
    let end = recorded.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = recorded[..end].split_inclusive(|byte| *byte == b'\n');
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// The files of steps that each make one.
const MANY_FILES: usize = 60;

fn many_files() -> Ceremony {
    let step = |number| {
        format!("      - {{ do: Write {number}., uses: files.write, with: {{ path: '{number}.txt', text: x }} }}\n")
    };
    let steps: String = (0..MANY_FILES).map(step).collect();
    Ceremony::rehearse(&runbook(&steps))
}

#[test]
fn a_disk_that_is_full_stops_the_ceremony_before_its_next_effect() {
    for blocks in [20, 33, 50] {
        let ceremony = many_files();
        let command = ceremony.command();
        let mut limited = Command::new("sh");
        // Writing beyond the limit is then an error like that of a full disk, and no signal.
        limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
        let output = limited.arg(command.get_program()).args(command.get_args()).output().unwrap();
        let ceremony = ceremony.carried_out(output).exits(2);
        let ceremony = ceremony.mentions("error: the transcript cannot be written: File too large (os error 27)");
        let recorded = fs::read(ceremony.folder().join("transcript.jsonl")).unwrap();
        let entries = whole_entries(&recorded);
        let of = |kind: &str| entries.iter().filter(|entry| entry["kind"] == kind).count();
        let made = fs::read_dir(ceremony.folder().join("products")).unwrap().count();
        assert!(made > 0 && made < MANY_FILES, "{made}");
        assert!(made <= of("began") && of("finished") <= made, "{made} files were made");
        let errors = ceremony.replay().errors();
        let expected =
            |error: &String| ["incomplete: ", "torn: ", "file-unknown: "].iter().any(|code| error.starts_with(code));
        assert!(errors.iter().all(expected) && !errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_to_is_refused_before_anything_begins() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let runbook = many_files();
    // For root, who may write everywhere else.
    for parent in [file.as_path(), Path::new("/sys")] {
        let out = parent.join("officiant-ceremony");
        let output =
            officiant().arg("rehearse").arg(runbook.path("runbook.yaml")).arg("--out").arg(&out).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        let start = format!("error: the ceremony folder `{0}`: `{0}`: ", out.display());
        assert!(said.starts_with(&start) && said.contains("(os error "), "{said}");
        assert!(output.stdout.is_empty() && !out.exists());
    }
}
