//! Files that were made just before a ceremony broke off.

use super::death::{Broken, Death, list, of_kind, upto};
use crate::support::Ceremony;
use serde_json::Value;
use std::fs;

const RUNBOOK: &str = "
notation: 1
title: A file
sections:
  start:
    title: Start
    steps:
      - { do: Write it down., uses: files.write, with: { path: folder/note.txt, text: 'We were here, all of us.' } }
      - end: Over.
";

const NOTE: &str = "We were here, all of us.";

/// A ceremony with a second folder for its products, killed before or after it made the file.
fn broken(made: bool) -> Broken {
    let whole = Ceremony::rehearse(RUNBOOK).carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["body"]["slot"] == "go");
    let ceremony = Ceremony::rehearse(RUNBOOK);
    let stick = ceremony.path("stick");
    fs::create_dir(&stick).unwrap();
    let ceremony = ceremony.argument("--bind").argument(format!("products={}", stick.display()));
    let broken = Broken::off(ceremony, Death { lines, bytes: usize::from(made) * 20 });
    assert_eq!(broken.folder().join("products/folder/note.txt").exists(), made);
    broken
}

/// The second folder: a rehearsal that goes on takes it from nobody but those who are there.
fn on_the_stick(broken: &Broken) -> [String; 2] {
    ["--bind".into(), format!("products={}", broken.path("stick").display())]
}

/// The files that were set aside when the ceremony went on, as the record names them, with what is in them.
#[track_caller]
fn set_aside(broken: &Broken) -> Vec<(String, String)> {
    let resumed: Vec<Value> = of_kind(&broken.folder(), "resumed");
    let files = resumed.iter().flat_map(|entry| entry["body"]["set_aside"].as_array().cloned().unwrap_or_default());
    let files = files.map(|file| file["path"].as_str().unwrap().to_string());
    files.map(|path| (path.clone(), fs::read_to_string(broken.folder().join(path)).unwrap())).collect()
}

#[track_caller]
fn files(broken: &Broken, folder: &str) -> Vec<(String, String)> {
    let folder = broken.path(folder);
    let mut found = Vec::new();
    list(&folder, &mut found);
    let name = |path: &std::path::PathBuf| path.strip_prefix(&folder).unwrap().display().to_string();
    found.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_string(), text.to_string())
}

#[test]
fn a_product_and_its_copy_that_are_in_no_entry_are_set_aside() {
    let broken = broken(true);
    let said = broken.comes_to_its_end(&[], &on_the_stick(&broken).each_ref().map(String::as_str));
    assert!(said.contains("left over products/folder/note.txt is in no entry; it is moved to evidence/"), "{said}");
    let aside = set_aside(&broken);
    assert_eq!(aside[0], pair("evidence/0001-set-aside-note.txt", NOTE));
    assert!(aside[1].0 == "evidence/0001-torn-line" && aside[1].1.starts_with("{\"at\":"), "{aside:?}");
    assert_eq!(aside.len(), 2);
    assert_eq!(files(&broken, "stick"), [pair("folder/note.txt", NOTE), pair("set-aside/0001-note.txt", NOTE)]);
}

#[test]
fn a_product_that_was_torn_is_set_aside_as_it_is() {
    for torn in ["", "We were"] {
        let broken = broken(false);
        fs::create_dir(broken.folder().join("products/folder")).unwrap();
        fs::write(broken.folder().join("products/folder/note.txt"), torn).unwrap();
        broken.comes_to_its_end(&[], &on_the_stick(&broken).each_ref().map(String::as_str));
        assert_eq!(set_aside(&broken), [pair("evidence/0001-set-aside-note.txt", torn)]);
        assert_eq!(files(&broken, "stick"), [pair("folder/note.txt", NOTE)]);
    }
}

#[test]
fn a_copy_that_was_torn_is_not_in_the_way_of_the_next_one() {
    for torn in ["", "We were"] {
        let broken = broken(true);
        fs::write(broken.path("stick/folder/note.txt"), torn).unwrap();
        broken.comes_to_its_end(&[], &on_the_stick(&broken).each_ref().map(String::as_str));
        assert_eq!(files(&broken, "stick"), [pair("folder/note.txt", NOTE), pair("set-aside/0001-note.txt", torn)]);
    }
}

#[test]
fn what_others_put_into_the_second_folder_is_not_touched() {
    let broken = broken(true);
    fs::write(broken.path("stick/folder/note.txt"), "Theirs.").unwrap();
    let output = broken.goes_on(
        &[("start/1#what-now", "abort"), ("start/1#reason", "It is in the way.")],
        &on_the_stick(&broken).each_ref().map(String::as_str),
    );
    assert_eq!(output.status.code(), Some(1), "{}", super::death::said(&output));
    assert_eq!(files(&broken, "stick"), [pair("folder/note.txt", "Theirs.")]);
}

#[test]
fn evidence_among_many_files_that_are_set_aside_has_no_copy() {
    let broken = broken(false);
    for at in 0..70 {
        fs::write(broken.folder().join(format!("evidence/{at}.txt")), NOTE).unwrap();
    }
    fs::write(broken.path("stick/7.txt"), NOTE).unwrap();
    broken.comes_to_its_end(&[], &on_the_stick(&broken).each_ref().map(String::as_str));
    assert_eq!(set_aside(&broken).len(), 70);
    assert_eq!(files(&broken, "stick"), [pair("7.txt", NOTE), pair("folder/note.txt", NOTE)]);
}

#[test]
fn setting_aside_that_broke_off_is_begun_again_and_nothing_is_lost() {
    let broken = broken(true);
    // The copy in evidence/ is there, the product is not removed yet.
    fs::write(broken.folder().join("evidence/0001-set-aside-note.txt"), NOTE).unwrap();
    broken.comes_to_its_end(&[], &on_the_stick(&broken).each_ref().map(String::as_str));
    let aside = set_aside(&broken);
    let notes = aside.iter().filter(|(path, text)| text == NOTE && path.ends_with("note.txt"));
    assert_eq!(notes.count(), 2, "{aside:?}");
}

#[test]
fn a_file_that_no_ceremony_makes_is_named_and_left_where_it_is() {
    let broken = broken(false);
    fs::write(broken.folder().join("stray.txt"), "").unwrap();
    let output = broken.goes_on(&[], &[]);
    let said = super::death::said(&output);
    assert!(said.contains("stray.txt") && said.contains("take it away, or no replay will hold"), "{said}");
    assert!(broken.folder().join("stray.txt").exists());
    fs::remove_file(broken.folder().join("stray.txt")).unwrap();
    crate::support::replay(&broken.folder(), &["--every-signature"]).holds();
}

#[test]
fn a_rehearsal_that_goes_on_touches_no_folder_that_its_record_alone_names() {
    let broken = broken(true);
    fs::create_dir_all(broken.path("stick/folder")).unwrap();
    fs::write(broken.path("stick/folder/note.txt"), "We were").unwrap();
    broken.comes_to_its_end(&[], &[]);
    assert_eq!(files(&broken, "stick"), [pair("folder/note.txt", "We were")]);
}

#[test]
fn a_product_with_the_longest_of_names_is_set_aside_too() {
    // 250 bytes, of which none from the 51st to the last but one begins a letter of one byte.
    let name = format!("a{}z", "ä".repeat(124));
    let runbook = RUNBOOK.replace("note.txt", &name);
    let whole = Ceremony::rehearse(&runbook).carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["body"]["slot"] == "go");
    let ceremony = Ceremony::rehearse(&runbook);
    let stick = ceremony.path("stick");
    fs::create_dir(&stick).unwrap();
    let ceremony = ceremony.argument("--bind").argument(format!("products={}", stick.display()));
    let broken = Broken::off(ceremony, Death { lines, bytes: 20 });
    assert!(broken.folder().join("products/folder").join(&name).exists());
    broken.comes_to_its_end(&[], &on_the_stick(&broken).each_ref().map(String::as_str));
    let end = format!("{}z", "ä".repeat(99));
    assert_eq!(set_aside(&broken)[0], pair(&format!("evidence/0001-set-aside-{end}"), NOTE));
    let aside = pair(&format!("set-aside/0001-{end}"), NOTE);
    assert_eq!(files(&broken, "stick"), [pair(&format!("folder/{name}"), NOTE), aside]);
}

#[test]
fn nothing_is_written_through_a_hard_link_that_has_the_name_of_a_new_file_of_the_bench() {
    let runbook = "
notation: 1
title: A device
devices:
  HSM: { kind: yubihsm2, rehearse: { serial: 7550054 } }
sections:
  start:
    title: Start
    steps:
      - { do: Insert it., uses: devices.insert, with: { device: HSM, alone: true } }
      - end: Over.
";
    let whole = Ceremony::rehearse(runbook).carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "began" && entry["step"] == "start/1");
    let broken = Broken::off(Ceremony::rehearse(runbook), Death { lines, bytes: 0 });
    let (theirs, bench) = (broken.path("theirs.txt"), broken.folder().join("rehearsal"));
    fs::write(&theirs, "Theirs.").unwrap();
    fs::remove_file(bench.join("rehearsal-root.pem")).unwrap();
    for name in ["rehearsal-root.pem.new", "bench.state.json.new"] {
        fs::hard_link(&theirs, bench.join(name)).unwrap();
    }
    broken.comes_to_its_end(&[], &[]);
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "Theirs.");
    assert!(fs::read_to_string(bench.join("rehearsal-root.pem")).unwrap().contains("BEGIN CERTIFICATE"));
    assert!(fs::read_to_string(bench.join("bench.state.json")).unwrap().contains("\"plugged\": true"));
}
