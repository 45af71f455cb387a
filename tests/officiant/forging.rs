//! Records that were tampered with, each refused for the right reason.

use crate::support::{CarriedOut, Ceremony};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;

const RUNBOOK: &str = "
notation: 1
title: A small ceremony
participants:
  administrator: { title: Administrator }
  witness: { title: Witness }
sections:
  start:
    title: Start
    steps:
      - do: Say who is here.
        id: people
        uses: ask.text
        with: { prompt: Who is here?, pattern: '[A-Za-z ]+' }
        rehearse: { answer: Ada and Bob }
        sign_off: [witness]
      - if: the room is locked
        then:
          - do: Write it down.
            uses: files.write
            with: { path: room.txt, text: 'locked, {{ people.value }}' }
        else:
          - do: Lock it.
      - do: Close the window.
        go_to: window
      - end: Done with {{ people.value }}.
  window:
    title: Window
    steps:
      - do: Push it shut.
        by: administrator
";

pub fn rehearsed() -> CarriedOut {
    let ceremony = Ceremony::rehearse(RUNBOOK).carry_out().exits(0);
    ceremony.replay().holds();
    ceremony
}

/// Position of the first entry of a kind.
fn position(ceremony: &CarriedOut, kind: &str) -> usize {
    ceremony.kinds().iter().position(|it| it == kind).unwrap()
}

/// Chains and signs entries anew with a new session key, as someone with the program's source can.
pub fn forge(entries: &mut [Value]) -> Vec<String> {
    let key = SigningKey::from_bytes(&[7; 32]);
    entries[0]["body"]["session_key"] = hex::encode(key.verifying_key().to_bytes()).into();
    let mut prev = "0".repeat(64);
    let canonical = |entry: &Value| serde_json_canonicalizer::to_string(entry).unwrap();
    let mut lines = Vec::new();
    for (seq, entry) in entries.iter_mut().enumerate() {
        entry.as_object_mut().unwrap().remove("sig");
        entry["seq"] = seq.into();
        entry["prev"] = prev.into();
        entry["sig"] = hex::encode(key.sign(canonical(entry).as_bytes()).to_bytes()).into();
        let line = canonical(entry);
        prev = hex::encode(Sha256::digest(line.as_bytes()));
        lines.push(line);
    }
    lines
}

/// Edits the entries, forges the whole record, and replays it.
fn forged(edit: impl FnOnce(&mut Vec<Value>)) -> crate::support::Replayed {
    let ceremony = rehearsed();
    let mut entries = ceremony.entries();
    edit(&mut entries);
    ceremony.rewrite(&forge(&mut entries));
    ceremony.replay()
}

#[test]
fn an_edited_line_breaks_the_chain_and_its_signature() {
    let ceremony = rehearsed();
    let mut lines = ceremony.lines();
    let at = position(&ceremony, "answered");
    lines[at] = lines[at].replace("Ada and Bob", "Ada and Eve");
    ceremony.rewrite(&lines);
    ceremony.replay().refuses("signature", "is not signed by the session's key").refuses("chain", "does not follow");
}

#[test]
fn an_edited_last_line_is_found_by_its_signature_alone() {
    let ceremony = rehearsed();
    let mut lines = ceremony.lines();
    let last = lines.last_mut().unwrap();
    *last = last.replace("Done with", "Gone with");
    ceremony.rewrite(&lines);
    crate::support::replay(&ceremony.folder(), &[]).refuses("signature", "is not signed by the session's key");
}

#[test]
fn a_dropped_line_breaks_the_chain() {
    let ceremony = rehearsed();
    let mut lines = ceremony.lines();
    lines.remove(4);
    ceremony.rewrite(&lines);
    ceremony.replay().refuses("chain", "line 5 does not follow").refuses("sequence", "it must be 4");
}

#[test]
fn two_lines_that_changed_places_break_the_chain() {
    let ceremony = rehearsed();
    let mut lines = ceremony.lines();
    lines.swap(4, 5);
    ceremony.rewrite(&lines);
    ceremony.replay().refuses("chain", "line 5 does not follow").refuses("sequence", "it must be 4");
}

#[test]
fn a_line_that_stands_twice_breaks_the_chain() {
    let ceremony = rehearsed();
    let mut lines = ceremony.lines();
    lines.insert(4, lines[3].clone());
    ceremony.rewrite(&lines);
    ceremony.replay().refuses("chain", "line 5 does not follow");
}

#[test]
fn a_record_that_was_cut_short_is_incomplete() {
    let ceremony = rehearsed();
    let mut lines = ceremony.lines();
    lines.truncate(lines.len() - 2);
    ceremony.rewrite(&lines);
    ceremony.replay().refuses("incomplete", "stops before the runbook's END");
}

#[test]
fn a_torn_last_line_is_said_to_be_torn() {
    let ceremony = rehearsed();
    let path = ceremony.folder().join("transcript.jsonl");
    let mut text = fs::read(&path).unwrap();
    text.truncate(text.len() - 10);
    fs::write(&path, text).unwrap();
    ceremony.replay().refuses("torn", "a line that was never finished");
}

#[test]
fn an_empty_transcript_is_no_record() {
    let ceremony = rehearsed();
    ceremony.rewrite(&[]);
    ceremony.replay().refuses("empty", "holds no entry");
}

#[test]
fn a_line_in_another_form_is_refused_though_it_means_the_same() {
    let ceremony = rehearsed();
    let mut lines = ceremony.lines();
    lines[2] = lines[2].replacen("{\"at\"", "{ \"at\"", 1);
    ceremony.rewrite(&lines);
    ceremony.replay().refuses("no-entry", "RFC 8785");
}

#[test]
fn a_field_that_no_entry_has_is_refused() {
    let replayed = forged(|entries| entries[2]["body"]["remark"] = "nothing to see here".into());
    replayed.refuses("no-entry", "says more than an entry says");
}

#[test]
fn a_record_that_was_signed_anew_holds_and_is_said_to_be_unsealed() {
    let replayed = forged(|_| {}).holds();
    let findings = replayed.report["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["code"] == "unsealed"));
}

#[test]
fn a_signed_record_without_a_step_is_refused() {
    let replayed = forged(|entries| {
        let at = entries.iter().position(|entry| entry["kind"] == "began").unwrap();
        entries.drain(at..at + 4);
    });
    replayed.refuses("order", "the runbook calls for `began` of start/1 here");
}

#[test]
fn a_signed_record_that_does_a_step_twice_is_refused() {
    let replayed = forged(|entries| {
        let at = entries.iter().position(|entry| entry["kind"] == "began").unwrap();
        let twice: Vec<Value> = entries[at..at + 4].to_vec();
        entries.splice(at..at, twice);
    });
    replayed.refuses("order", "the runbook calls for");
}

#[test]
fn a_signed_record_with_another_sentence_is_refused() {
    let replayed = forged(|entries| {
        let began = entries.iter_mut().find(|entry| entry["body"]["text"] == "Push it shut.").unwrap();
        began["body"]["text"] = "Leave it open.".into();
    });
    replayed.refuses("content", "`text` is \"Leave it open.\", it must be \"Push it shut.\"");
}

#[test]
fn a_signed_record_that_takes_the_other_branch_is_refused() {
    let replayed = forged(|entries| {
        let decided = entries.iter_mut().find(|entry| entry["kind"] == "decided").unwrap();
        decided["body"]["holds"] = false.into();
    });
    replayed.refuses("content", "`holds` is false, it must be true");
}

#[test]
fn a_signed_record_with_another_answer_and_all_that_follows_from_it_cannot_be_told_without_a_seal() {
    // What follows from the answer must be forged with it: a file that names it, the sentence at the end.
    let replayed = forged(|entries| {
        let answered = entries.iter_mut().find(|entry| entry["body"]["answer"] == "Ada and Bob").unwrap();
        answered["body"]["answer"] = "Ada and Eve".into();
    });
    replayed.refuses("content", "Ada and Eve");
}

#[test]
fn a_signed_record_with_an_answer_that_would_have_been_refused_is_refused() {
    let replayed = forged(|entries| {
        let answered = entries.iter_mut().find(|entry| entry["body"]["answer"] == "Ada and Bob").unwrap();
        answered["body"]["answer"] = "Ada & Bob".into();
    });
    replayed.refuses("answer", "cannot have been taken");
}

#[test]
fn a_signed_record_that_answers_for_another_participant_is_refused() {
    let replayed = forged(|entries| {
        let answered = entries.iter_mut().find(|entry| entry["by"] == "witness").unwrap();
        answered["by"] = "administrator".into();
    });
    replayed.refuses("participant", "by `administrator`, the runbook names `witness`");
}

#[test]
fn a_signed_record_without_a_sign_off_is_refused() {
    let replayed = forged(|entries| entries.retain(|entry| entry["by"] != "witness"));
    replayed.refuses("order", "the runbook calls for `answered` of start/1");
}

#[test]
fn a_signed_record_that_says_more_after_the_end_is_refused() {
    let replayed = forged(|entries| entries.push(entries[2].clone()));
    replayed.refuses("after-end", "1 entries follow");
}

#[test]
fn time_that_runs_backwards_is_refused() {
    let replayed = forged(|entries| entries[5]["at"] = "2000-01-01T00:00:00.000Z".into());
    replayed.refuses("time", "line 6 is earlier");
}

#[test]
fn time_without_three_decimals_is_refused() {
    let replayed = forged(|entries| entries[5]["at"] = "2099-01-01T00:00:00Z".into());
    replayed.refuses("time", "three decimals");
}

#[test]
fn a_swapped_product_is_refused() {
    let ceremony = rehearsed();
    fs::write(ceremony.folder().join("products/room.txt"), "open, Ada and Bob").unwrap();
    ceremony.replay().refuses("file-changed", "products/room.txt");
}

#[test]
fn a_removed_product_is_refused() {
    let ceremony = rehearsed();
    fs::remove_file(ceremony.folder().join("products/room.txt")).unwrap();
    ceremony.replay().refuses("file-missing", "products/room.txt");
}

#[test]
fn a_product_that_nobody_made_is_refused() {
    let ceremony = rehearsed();
    fs::write(ceremony.folder().join("products/other.pem"), "").unwrap();
    ceremony.replay().refuses("file-unknown", "products/other.pem");
}

#[test]
fn a_product_behind_a_link_is_refused() {
    let ceremony = rehearsed();
    let product = ceremony.folder().join("products/room.txt");
    let elsewhere = ceremony.folder().join("elsewhere.txt");
    fs::rename(&product, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &product).unwrap();
    ceremony.replay().refuses("file-missing", "not a path inside the ceremony folder");
}

#[test]
fn a_changed_runbook_is_refused() {
    let ceremony = rehearsed();
    let path = ceremony.folder().join("runbook/runbook.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("Push it shut.", "Leave it open.")).unwrap();
    ceremony
        .replay()
        .refuses("file-changed", "runbook/runbook.yaml")
        .refuses("content", "`text` is \"Push it shut.\", it must be \"Leave it open.\"");
}

#[test]
fn a_changed_runbook_whose_digest_was_forged_too_is_refused_for_what_it_says() {
    let ceremony = rehearsed();
    let path = ceremony.folder().join("runbook/runbook.yaml");
    let text = fs::read_to_string(&path).unwrap().replace("Push it shut.", "Leave it open.");
    fs::write(&path, &text).unwrap();
    let mut entries = ceremony.entries();
    let sha256 = hex::encode(Sha256::digest(text.as_bytes()));
    entries[0]["body"]["runbook"][0]["sha256"] = sha256.into();
    entries[0]["body"]["runbook"][0]["size"] = text.len().into();
    ceremony.rewrite(&forge(&mut entries));
    ceremony.replay().refuses("content", "it must be \"Leave it open.\"");
}

#[test]
fn a_rehearsal_passed_off_as_a_ceremony_says_so_in_its_made_up_outputs() {
    let ceremony = Ceremony::rehearse(
        "
notation: 1
title: Mount
sections:
  start:
    title: Start
    steps:
      - do: Mount it.
        id: mounted
        uses: exec.run
        with: { command: [mount, /dev/sda1] }
        rehearse: { outputs: { exit_code: 0, stdout: '', stderr: '' } }
      - end: Done.
",
    )
    .carry_out()
    .exits(0);
    let mut entries = ceremony.entries();
    entries[0]["body"]["rehearsal"] = json!(false);
    // A ceremony begins with a look at another clock.
    let mut clock = crate::forgeries::live().entries()[1..4].to_vec();
    clock.iter_mut().for_each(|entry| entry["at"] = entries[0]["at"].clone());
    entries.splice(1..1, clock);
    ceremony.rewrite(&forge(&mut entries));
    ceremony.replay().refuses("content", "`rehearsed` is true, it must not be there");
}

#[test]
fn a_file_that_looks_like_a_seal_does_not_make_a_record_sealed() {
    let ceremony = rehearsed();
    fs::write(ceremony.folder().join("seals/witness.sig"), "-----BEGIN SSH SIGNATURE-----").unwrap();
    let replayed = ceremony.replay().refuses("seal-wrong", "`seals/witness.sig` is no seal");
    let findings = replayed.report["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["code"] == "unsealed"));
}

#[test]
fn an_answer_to_another_of_a_steps_questions_is_refused() {
    let replayed = forged(|entries| {
        let answered = entries.iter_mut().find(|entry| entry["body"]["slot"] == "sign-off/witness").unwrap();
        answered["body"]["slot"] = "approval/witness".into();
    });
    replayed.refuses("question", "the runbook asks for sign-off/witness here, the record answers approval/witness");
}
