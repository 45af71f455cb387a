//! What an attacker smuggled past a replay: files, digests, devices, outputs, answers, and rows of the report.

use crate::{
    forgeries::live,
    forging::{forge, rehearsed},
    support::{CarriedOut, Ceremony, Replayed, officiant, replay},
};
use serde_json::{Value, json};
use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    process::Command,
    time::{Duration, Instant},
};

const DEVICES: &str = "
notation: 1
title: Two devices
participants:
  witness: { title: Witness }
devices:
  hsm: { kind: yubihsm2, rehearse: { serial: 7550054 } }
  other: { kind: yubihsm2, rehearse: { serial: 7550055 } }
sections:
  start:
    title: Start
    steps:
      - { do: Insert it., uses: devices.insert, with: { device: hsm } }
      - { do: Look at it., uses: yubihsm.device-info, with: { device: hsm } }
      - { do: Insert the other., uses: devices.insert, with: { device: other } }
      - { do: Choose it., id: pin, uses: ask.secret, with: { prompt: New password, min_length: 8 } }
      - { do: Write it down., uses: files.write, with: { path: noted.txt, text: Noted. } }
      - { do: See that it is there., uses: files.check, with: { paths: [noted.txt] } }
      - end: Over.
";

fn devices() -> CarriedOut {
    let ceremony = Ceremony::rehearse(DEVICES).carry_out().exits(0);
    ceremony.replay().holds();
    ceremony
}

/// Rehearses, edits the entries, signs the record anew, and replays it.
fn smuggled(edit: impl FnOnce(&mut Vec<Value>)) -> Replayed {
    edited(&devices(), edit)
}

fn edited(ceremony: &CarriedOut, edit: impl FnOnce(&mut Vec<Value>)) -> Replayed {
    let mut entries = ceremony.entries();
    edit(&mut entries);
    ceremony.rewrite(&forge(&mut entries));
    ceremony.replay()
}

fn at(entries: &[Value], kind: &str, step: &str) -> usize {
    entries.iter().position(|entry| entry["kind"] == kind && entry["step"] == step).unwrap()
}

fn finished<'a>(entries: &'a mut [Value], step: &str) -> &'a mut Value {
    let at = at(entries, "finished", step);
    &mut entries[at]["body"]
}

/// Puts an entry before the end of a step.
fn insert(entries: &mut Vec<Value>, step: &str, mut entry: Value) {
    let at = at(entries, "finished", step);
    entry["at"] = entries[at]["at"].clone();
    entry["step"] = step.into();
    entries.insert(at, entry);
}

fn text(ceremony: &CarriedOut) -> String {
    let output = officiant().arg("replay").arg(ceremony.folder()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_file_or_folder_beside_those_of_the_ceremony_is_refused() {
    let ceremony = rehearsed();
    fs::write(ceremony.folder().join("ROOT-KEY.pem"), "").unwrap();
    fs::create_dir_all(ceremony.folder().join("more/folders")).unwrap();
    fs::write(ceremony.folder().join(OsStr::from_bytes(b"products/\xff.pem")), "").unwrap();
    let replayed = ceremony.replay();
    replayed
        .refuses("file-unknown", "`ROOT-KEY.pem` is in the folder")
        .refuses("file-unknown", "`more` is in the folder")
        .refuses("file-unknown", "is not UTF-8");
}

#[test]
fn links_and_pipes_anywhere_are_refused_and_not_waited_for() {
    let ceremony = rehearsed();
    symlink("/etc/passwd", ceremony.folder().join("seals/witness.sig")).unwrap();
    symlink("/etc", ceremony.folder().join("products/folder")).unwrap();
    let product = ceremony.folder().join("products/room.txt");
    fs::remove_file(&product).unwrap();
    assert!(Command::new("mkfifo").arg(&product).status().unwrap().success());
    ceremony
        .replay()
        .refuses("file-kind", "`seals/witness.sig` is a symbolic link")
        .refuses("file-kind", "`products/folder` is a symbolic link")
        .refuses("file-kind", "`products/room.txt` is neither a file nor a folder")
        .refuses("file-missing", "no regular file");
}

#[test]
fn a_transcript_that_is_a_pipe_or_a_link_is_unreadable_at_once() {
    for make in ["mkfifo transcript.jsonl", "ln -s transcript transcript.jsonl"] {
        let ceremony = rehearsed();
        let script = format!("mv transcript.jsonl transcript && {make}");
        let made = Command::new("sh").args(["-c", &script]).current_dir(ceremony.folder()).status();
        assert!(made.unwrap().success());
        let output = officiant().arg("replay").arg(ceremony.folder()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{make}");
    }
}

#[test]
fn a_runbook_that_is_a_pipe_is_refused_at_once() {
    let ceremony = rehearsed();
    let runbook = ceremony.folder().join("runbook/runbook.yaml");
    fs::remove_file(&runbook).unwrap();
    assert!(Command::new("mkfifo").arg(&runbook).status().unwrap().success());
    ceremony.replay().refuses("file-missing", "no regular file").refuses("runbook", "is not a file");
}

#[test]
fn a_folder_that_cannot_be_looked_into_is_refused() {
    let ceremony = rehearsed();
    // Deeper than a path can say; permissions would not keep root out.
    let deep = |name: &str| ceremony.folder().join(name).join(vec!["d".repeat(200); 15].join("/"));
    fs::create_dir_all(deep("evidence")).unwrap();
    fs::create_dir_all(deep("more")).unwrap();
    fs::rename(ceremony.folder().join("more"), deep("evidence").join("more")).unwrap();
    ceremony.replay().refuses("file-unreadable", "cannot be");
}

#[test]
fn a_file_that_is_recorded_out_of_its_place_or_by_another_name_is_refused() {
    for path in ["products//noted.txt", "products/./noted.txt", "runbook/runbook.yaml", "ROOT-KEY.pem", "../noted.txt"]
    {
        smuggled(|entries| {
            let products = &mut finished(entries, "start/5")["products"];
            let mut more = products[0].clone();
            more["path"] = path.into();
            products.as_array_mut().unwrap().push(more);
        })
        .refuses("file-path", &format!("`{path}` is no path of a file below `products/`"));
    }
}

#[test]
fn a_file_of_another_size_is_not_read_to_its_end() {
    let ceremony = rehearsed();
    let product = fs::File::create(ceremony.folder().join("products/room.txt")).unwrap();
    product.set_len(1 << 40).unwrap();
    ceremony.replay().refuses("file-changed", "it has 1099511627776 bytes");
}

#[test]
fn four_million_empty_lines_are_refused_in_a_moment_with_a_short_report() {
    let ceremony = rehearsed();
    fs::write(ceremony.folder().join("transcript.jsonl"), vec![b'\n'; 4_000_000]).unwrap();
    let since = Instant::now();
    let replayed = ceremony.replay().refuses("no-entry", "nothing after it was read");
    assert!(since.elapsed() < Duration::from_secs(5), "it took {:?}", since.elapsed());
    assert!(replayed.errors().len() <= 110, "{} errors", replayed.errors().len());
}

#[test]
fn a_report_of_very_many_findings_is_cut_short_and_says_so() {
    let ceremony = rehearsed();
    let mut lines = ceremony.lines();
    let entry = lines[3].clone();
    lines.extend(std::iter::repeat_n(entry, 1_000));
    ceremony.rewrite(&lines);
    let replayed = ceremony.replay().refuses("more", "more findings are left out");
    assert!(replayed.errors().len() <= 310, "{} errors", replayed.errors().len());
}

#[test]
fn hex_in_uppercase_is_refused() {
    let ceremony = rehearsed();
    let mut lines = ceremony.lines();
    let last = lines.last_mut().unwrap();
    let entry: Value = serde_json::from_str(last).unwrap();
    let sig = entry["sig"].as_str().unwrap();
    *last = last.replace(sig, &sig.to_uppercase());
    ceremony.rewrite(&lines);
    for arguments in [&[] as &[&str], &["--every-signature"]] {
        replay(&ceremony.folder(), arguments).refuses("signature", "is not signed by the session's key");
    }

    let ceremony = rehearsed();
    let mut entries = ceremony.entries();
    let lines = forge(&mut entries);
    let key = entries[0]["body"]["session_key"].as_str().unwrap();
    ceremony.rewrite(&lines.iter().map(|line| line.replace(key, &key.to_uppercase())).collect::<Vec<_>>());
    ceremony.replay().refuses("session-key", "lowercase");

    let upper = |value: &mut Value| *value = value.as_str().unwrap().to_uppercase().into();
    smuggled(|entries| upper(&mut finished(entries, "start/5")["products"][0]["sha256"]))
        .refuses("file-changed", "products/noted.txt");
    smuggled(|entries| upper(&mut entries[0]["body"]["program"]["sha256"])).refuses("program", "lowercase");
}

#[test]
fn an_answer_of_a_stranger_in_a_step_that_is_not_performed_again_is_refused() {
    edited(&live(), |entries| {
        let at = at(entries, "answered", "inputs/0");
        entries[at]["by"] = "nobody".into();
    })
    .refuses("participant", "`answered` is by nobody, who has no part in this step");
}

#[test]
fn an_answer_to_what_a_step_does_not_ask_is_refused() {
    let body = json!({ "question": "Do you approve?", "answer": "yes, all did" });
    smuggled(|entries| insert(entries, "start/2", json!({ "kind": "answered", "body": body })))
        .refuses("question", "yubihsm.device-info does not ask “Do you approve?” here");
}

#[test]
fn what_a_step_saw_is_by_nobody() {
    let ceremony = Ceremony::rehearse_file("examples/yubihsm.yaml").carry_out().exits(0);
    edited(&ceremony, |entries| {
        let at = entries.iter().position(|entry| entry["kind"] == "observed").unwrap();
        entries[at]["by"] = "witness".into();
    })
    .refuses("participant", "`observed` is by `witness`");
}

#[test]
fn a_step_that_sees_nothing_before_it_is_over_says_nothing_before() {
    let body = json!({ "seen": { "anything": "goes" } });
    smuggled(|entries| insert(entries, "start/2", json!({ "kind": "observed", "body": body })))
        .refuses("order", "yubihsm.device-info records nothing before it is over");
}

#[test]
fn a_checkpoint_that_no_step_shows_is_refused() {
    let body = json!({ "head": "ff".repeat(32), "words": "not the words" });
    smuggled(|entries| insert(entries, "start/2", json!({ "kind": "checkpoint", "body": body })))
        .refuses("order", "`checkpoint` of start/2 cannot come before the step is finished");
}

#[test]
fn a_refused_answer_that_is_not_asked_for_again_is_refused() {
    edited(&live(), |entries| {
        let at = at(entries, "answered", "inputs/0");
        entries[at]["body"]["refused"] = "it is not yes".into();
    })
    .refuses("answer", "the question was not asked again");
}

#[test]
fn outputs_that_the_handler_cannot_have_given_are_refused() {
    smuggled(|entries| finished(entries, "start/2")["outputs"] = json!({ "totally": ["made", "up"] }))
        .refuses("outputs", "yubihsm.device-info cannot have given this");
    smuggled(|entries| finished(entries, "start/1")["outputs"]["remark"] = json!("approved by all"))
        .refuses("outputs", "`outputs.remark` is not among what the step handler gives");
    smuggled(|entries| finished(entries, "start/5")["outputs"]["size"] = json!("six"))
        .refuses("outputs", "`outputs.size` is no integer");
    smuggled(|entries| drop(finished(entries, "start/6").as_object_mut().unwrap().remove("outputs")))
        .refuses("outputs", "`outputs` is no object");
}

#[test]
fn outputs_that_name_a_file_which_is_not_recorded_are_refused() {
    let message = "the outputs name `products/noted.txt` with a digest that no recorded file has";
    smuggled(|entries| finished(entries, "start/5")["outputs"]["sha256"] = "00".repeat(32).into())
        .refuses("outputs", message);
    smuggled(|entries| finished(entries, "start/6")["outputs"]["files"][0]["sha256"] = "00".repeat(32).into())
        .refuses("outputs", message);
    smuggled(|entries| drop(finished(entries, "start/5").as_object_mut().unwrap().remove("products")))
        .refuses("outputs", message);
}

#[test]
fn outputs_of_another_device_than_the_step_names_are_refused() {
    smuggled(|entries| finished(entries, "start/2")["outputs"]["serial"] = json!(1_111_111))
        .refuses("device", "the outputs are of device 1111111, hsm is bound to the serial number 7550054");
    smuggled(|entries| drop(finished(entries, "start/1").as_object_mut().unwrap().remove("devices")))
        .refuses("device", "hsm is bound to no serial number");
}

#[test]
fn a_name_that_is_bound_to_another_device_later_is_refused() {
    smuggled(|entries| {
        let body = finished(entries, "start/2");
        body["devices"] = json!({ "hsm": 1_234_567 });
        body["outputs"]["serial"] = json!(1_234_567);
    })
    .refuses("device", "this device has the serial number 1234567; hsm is the one with 7550054");
}

#[test]
fn a_device_that_the_step_does_not_name_is_not_bound_by_it() {
    smuggled(|entries| finished(entries, "start/2")["devices"] = json!({ "ghost": 99 }))
        .refuses("device", "`ghost` is bound to a serial number by a step that does not name it");
    smuggled(|entries| finished(entries, "start/5")["devices"] = json!({ "other": 99 }))
        .refuses("device", "`other` is bound to a serial number by a step that does not name it");
}

#[test]
fn two_names_of_one_device_are_refused() {
    smuggled(|entries| {
        let body = finished(entries, "start/3");
        body["devices"] = json!({ "other": 7_550_054 });
        body["outputs"]["serial"] = json!(7_550_054);
    })
    .refuses("device", "the device with the serial number 7550054 is hsm, not other");
}

#[test]
fn a_device_that_the_bindings_name_otherwise_is_refused() {
    smuggled(|entries| entries[0]["body"]["bindings"]["devices"]["hsm"] = json!({ "serial": 4242 }))
        .refuses("device", "this device has the serial number 7550054; hsm is the one with 4242");
}

#[test]
fn a_secret_in_the_record_is_refused_whether_it_was_taken_or_not() {
    let taken = |entries: &[Value]| at(entries, "answered", "start/4");
    smuggled(|entries| {
        let at = taken(entries);
        entries[at]["body"]["answer"] = "hunter2".into();
    })
    .refuses("answer", "the record holds an answer");
    let refused = |answer: Option<&str>, why: &str| {
        smuggled(|entries| {
            let at = taken(entries);
            let mut entry = entries[at].clone();
            entry["body"]["refused"] = why.into();
            if let Some(answer) = answer {
                entry["body"]["answer"] = answer.into();
            }
            entries.insert(at, entry);
        })
    };
    refused(Some("hunter2"), "a secret and a plain answer are not the same").refuses("answer", "holds an answer");
    refused(None, "hunter2 was not good enough").refuses("answer", "cannot have been refused with");
    refused(None, "it must have at least 8 characters").holds();
}

#[test]
fn a_rehearsal_passed_off_as_live_is_known_by_its_folder() {
    smuggled(|entries| entries[0]["body"]["rehearsal"] = false.into()).refuses("rehearsal", "a folder `rehearsal/`");
}

#[test]
fn a_rehearsal_passed_off_as_live_is_known_by_what_its_devices_certify() {
    let ceremony = Ceremony::rehearse_file("examples/yubihsm.yaml").carry_out().exits(0);
    fs::remove_dir_all(ceremony.folder().join("rehearsal")).unwrap();
    ceremony.replay().holds();
    edited(&ceremony, |entries| entries[0]["body"]["rehearsal"] = false.into())
        .refuses("rehearsal", "the outputs name `CN=REHEARSAL YubiHSM")
        .refuses("rehearsal", "a certificate in `products/practice_cert.der` names `REHEARSAL`");
}

#[test]
fn the_verdict_comes_first_and_no_value_looks_like_a_row() {
    let ceremony = rehearsed();
    let held = text(&ceremony);
    assert!(held.starts_with("the record holds\n\nwhat the record says\n  ceremony    REHEARSAL of A small"), "{held}");
    let replayed = edited(&ceremony, |entries| {
        entries[0]["body"]["title"] = "Nothing\nthe record holds\n  head        00\u{202e}\u{2028}\u{1b}[2K".into();
    });
    assert_eq!(replayed.report["verdict"], "does-not-hold");
    let refused = text(&ceremony);
    assert!(refused.starts_with("the record does NOT hold\n\nwhat the record says (not verified)\n"), "{refused}");
    assert!(!refused.lines().any(|line| line == "the record holds"), "{refused}");
    assert_eq!(refused.lines().filter(|line| line.starts_with("  head ")).count(), 1, "{refused}");
    assert!(!refused.contains(['\u{202e}', '\u{2028}', '\u{1b}']), "{refused}");
}

#[test]
fn a_record_that_stops_early_is_intact_and_one_that_was_changed_besides_is_not() {
    let ceremony = rehearsed();
    let mut lines = ceremony.lines();
    lines.truncate(lines.len() - 2);
    ceremony.rewrite(&lines);
    assert_eq!(ceremony.replay().refuses("incomplete", "END").report["verdict"], "incomplete");
    assert!(text(&ceremony).starts_with("the record is intact; the ceremony stops before its END\n"));
    fs::write(ceremony.folder().join("products/other.pem"), "").unwrap();
    assert_eq!(ceremony.replay().report["verdict"], "does-not-hold");
}

#[test]
fn a_record_of_a_ceremony_that_was_aborted_is_intact() {
    let runbook = "
notation: 1
title: Broken off
sections:
  start:
    title: Start
    steps:
      - { do: Sit down., id: sit }
      - end: Over.
";
    let ceremony = Ceremony::rehearse(runbook)
        .answer("start/sit", "no")
        .answer("start/sit#what-now", "abort")
        .answer("start/sit#reason", "Nobody came.")
        .carry_out()
        .exits(1);
    assert_eq!(ceremony.replay().refuses("aborted", "Nobody came.").report["verdict"], "aborted");
    assert!(text(&ceremony).starts_with("the record is intact; the ceremony was aborted\n\nwhat the record says\n"));
}

#[test]
fn a_transcript_is_replayed_with_its_folder() {
    let ceremony = rehearsed();
    let output = officiant().arg("replay").arg(ceremony.folder().join("transcript.jsonl")).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains(&format!("officiant replay {}", ceremony.folder().display())), "{said}");
}
