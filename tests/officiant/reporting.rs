//! The report: what is on the page, and what can never be.

use crate::{
    forging::{forge, rehearsed},
    resuming::death::{Broken, Death, upto},
    support::{CarriedOut, Ceremony, officiant},
};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

const EVENTFUL: &str = "
notation: 1
title: An eventful ceremony
participants:
  administrator: { title: Administrator }
  witness: { title: Remote witness }
deviations: { approved_by: [witness] }
sections:
  start:
    title: Start
    steps:
      - do: Count the `bags`.
        id: count
        uses: ask.number
        with: { prompt: How many? }
        expect:
          - that: count.value == 3
            else: There must be three, not {{ count.value }}.
        on_failure: { go_to: mend }
        sign_off: [witness]
      - do: Read the serial number.
        id: printed
        uses: ask.text
        with: { prompt: Serial number, pattern: '[0-9]{7,8}' }
      - do: Water the plants.
        level: should
      - do: Lock the door.
        expect:
          - that: printed.value == '1'
            else: The door is open.
      - do: Write the room down.
        uses: files.write
        with: { path: room.txt, text: 'locked' }
      - end: Over.
  mend:
    title: Looking for the third bag
    steps:
      - do: Look beneath the table.
";

fn eventful() -> Ceremony {
    Ceremony::rehearse(EVENTFUL)
        .answers("start/count", &["2", "3"])
        .answers("start/printed", &["755", "7550054"])
        .answer("start/3#skip", "no")
        .answer("start/3#reason", "There are no plants in a vault.")
        .answer("start/4#what-now", "deviate")
        .answer("start/4#reason", "A guard stands at the door")
        .answer("start/4#approval/witness", "yes")
}

fn run_report(folder: &Path, file: &Path) -> Output {
    officiant().arg("report").arg(folder).arg("-o").arg(file).output().unwrap()
}

/// The page of a ceremony folder, and the exit code.
fn report(folder: &Path) -> (String, Option<i32>) {
    let output = run_report(folder, Path::new("-"));
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.ends_with("</html>\n"), "{}", String::from_utf8_lossy(&output.stderr));
    (page, output.status.code())
}

/// The page of a record that was edited and signed anew.
fn report_forged(edit: impl FnOnce(&mut Vec<Value>)) -> String {
    let ceremony = rehearsed();
    let mut entries = ceremony.entries();
    edit(&mut entries);
    ceremony.rewrite(&forge(&mut entries));
    report(&ceremony.folder()).0
}

/// The text between two marks.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    page.split_once(from).unwrap().1.split_once(to).unwrap().0
}

/// Requires that nothing on a page is run, loaded, or leads away.
#[track_caller]
fn is_self_contained(page: &str) {
    for mark in
        ["<script", "<link", "<iframe", "<object", "<base", "<form", "javascript:", "@import", "url(", " style="]
    {
        assert!(!page.contains(mark), "{mark}");
    }
    for mark in ["href=\"", "src=\""] {
        for leads in page.split(mark).skip(1) {
            assert!(leads.starts_with('#') || leads.starts_with("data:image/jpeg;base64,"), "{mark}{leads:.60}");
        }
    }
    for tag in page.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        assert!(!tag.contains(" on") || tag.starts_with("style"), "<{tag}>");
    }
    let policy = between(page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src &#39;none&#39;; style-src &#39;sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

fn transcript_of(ceremony: &CarriedOut) -> String {
    fs::read_to_string(ceremony.folder().join("transcript.jsonl")).unwrap()
}

#[test]
fn the_page_of_a_rehearsed_ceremony_is_self_contained_and_says_who_what_and_which_keys() {
    let ceremony = Ceremony::rehearse_file("runbooks/psf-tuf/ceremony.yaml").carry_out().exits(0);
    let (page, code) = report(&ceremony.folder());
    assert_eq!(code, Some(0));
    is_self_contained(&page);
    assert_eq!(between(&page, "<p class=\"words\">", "</p>"), "The record holds");
    assert_eq!(between(&page, "<h1>", "</h1>"), "PSF TUF key generation and signing ceremony");
    for part in ["Remote witness", "YubiHSM2-3", "2.4.0", "7550056"] {
        assert!(page.contains(part), "{part}");
    }
    let fingerprints: Vec<String> = ceremony
        .entries()
        .iter()
        .filter_map(|entry| entry["body"]["outputs"]["fingerprint"].as_str().map(str::to_string))
        .collect();
    assert!(fingerprints.len() >= 3);
    for fingerprint in fingerprints {
        let key = format!("<dt>Fingerprint</dt><dd><code class=\"digest\">{fingerprint}</code>");
        assert_eq!(page.matches(&key).count(), 1, "{fingerprint}");
    }
}

#[test]
fn every_digest_of_the_record_is_on_the_page_and_so_is_the_head() {
    let ceremony = Ceremony::rehearse_file("runbooks/psf-tuf/ceremony.yaml").carry_out().exits(0);
    let (page, _) = report(&ceremony.folder());
    let files = between(&page, "id=\"files\"", "</section>");
    let mut found = 0;
    for entry in ceremony.entries() {
        for list in ["runbook", "products", "evidence"] {
            for file in entry["body"][list].as_array().into_iter().flatten() {
                found += 1;
                assert!(files.contains(file["sha256"].as_str().unwrap()), "{file}");
                assert!(files.contains(file["path"].as_str().unwrap()), "{file}");
            }
        }
    }
    assert_eq!(found, 10);
    let head = ceremony.replay().report["head"].as_str().unwrap().to_string();
    assert!(between(&page, "id=\"verify\"", "</section>").contains(&head));
    assert!(page.contains(&format!("\\000020{head}")), "the foot of a printed page names the head");
}

#[test]
fn what_did_not_go_as_planned_stands_out_with_its_reasons_and_leads_to_its_step() {
    let ceremony = eventful().carry_out().exits(0);
    let (page, code) = report(&ceremony.folder());
    assert_eq!(code, Some(0));
    let exceptions = between(&page, "id=\"exceptions\"", "</section>");
    assert!(exceptions.contains("1 deviation, 2 failures, 1 new try, 1 skipped step, 1 answer that was not taken."));
    for part in [
        "There must be three, not 2.",
        "after the remedy, section mend",
        "`755` does not have the form",
        "There are no plants in a vault.",
        "A guard stands at the door. Approved by: Remote witness",
    ] {
        assert!(exceptions.contains(part), "{part} is not in {exceptions}");
    }
    for line in exceptions.split("href=\"#").skip(1) {
        let id = line.split('"').next().unwrap();
        assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
    }
    let signatures = between(&page, "id=\"signatures\"", "</section>");
    assert!(signatures.contains("Signed off") && signatures.contains("Approved a deviation"));
    let times: Vec<String> = ceremony.entries().iter().map(|entry| entry["at"].as_str().unwrap().to_string()).collect();
    assert!(signatures.contains(&times[1][..10]));
}

const PASSWORD: &str = "Blaumeisen-fliegen-57";

const BROKEN_OFF: &str = "
notation: 1
title: A ceremony that breaks off
participants:
  administrator: { title: Administrator }
  witness: { title: Witness }
sections:
  start:
    title: Start
    steps:
      - do: Choose a password.
        id: password
        uses: ask.secret
        with: { prompt: New password, min_length: 10 }
        by: administrator
      - do: Type it from the paper.
        uses: ask.secret
        with: { prompt: From the paper, matches: { secret: password } }
        by: witness
      - do: Write the minutes.
        uses: files.write
        with: { path: minutes.txt, text: Written. }
        by: administrator
        sign_off: [witness]
      - end: Over.
";

/// The answers until the ceremony breaks off.
fn to_break_off() -> Ceremony {
    Ceremony::rehearse(BROKEN_OFF).answer("start/password", PASSWORD).answer("start/2", PASSWORD)
}

/// What the page says of the outcome of a step, each time that it is on it, without markup.
fn outcomes(page: &str, sentence: &str) -> Vec<String> {
    let timeline = page.split_once("id=\"timeline\"").unwrap().1;
    let items = timeline.split("<li class=\"step").skip(1).filter(|item| item.contains(sentence));
    let text = |item: &str| item.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text)).collect();
    items.map(|item| text(between(item, "<p class=\"meta\">", "</p>"))).collect()
}

#[test]
fn a_step_is_that_of_whoever_carries_it_out_also_when_another_one_answers_first_after_a_break() {
    let whole = to_break_off().carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "began" && entry["step"] == "start/2");
    let broken = Broken::off(to_break_off(), Death { lines, bytes: 0 });
    broken.comes_to_its_end(&[("start/2#secret/password", PASSWORD), ("start/2", PASSWORD)], &[]);
    let entries = crate::resuming::death::entries(&broken.folder());
    let resumed = entries.iter().position(|entry| entry["kind"] == "resumed").unwrap();
    assert_eq!(entries[resumed + 1]["by"], "administrator", "the lost secret is entered first");
    let (page, _) = report(&broken.folder());
    let found = outcomes(&page, "Type it from the paper.");
    assert_eq!(found.len(), 2);
    for outcome in &found {
        assert!(outcome.contains("· by Witness ·") && !outcome.contains("Administrator"), "{outcome}");
    }
    assert!(page.contains("a secret, which is not recorded <i>by Administrator</i>"));
}

#[test]
fn a_break_says_how_long_it_was_at_which_step_and_which_secret_was_entered_again() {
    let whole = to_break_off().carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "began" && entry["step"] == "start/2");
    let broken = Broken::off(to_break_off(), Death { lines, bytes: 0 });
    broken.comes_to_its_end(&[("start/2#secret/password", PASSWORD), ("start/2", PASSWORD)], &[]);
    let (page, _) = report(&broken.folder());
    let exceptions = between(&page, "id=\"exceptions\"", "</section>");
    for part in [
        "1 break, 1 secret that was entered again.",
        "<strong>Break of ",
        "step start/2 was under way",
        "Type it from the paper.",
        "The secret password was entered again after a break; nothing shows that it is the same.",
    ] {
        assert!(exceptions.contains(part), "{part} is not in {exceptions}");
    }
    let who = between(&page, "id=\"who\"", "</section>");
    assert_eq!(who.matches("<h3>Where: ").count(), 1, "the machine is the same: {who}");
    assert!(who.contains("<dt>Opened</dt>") && who.contains("<dt>Resumed</dt>"));
    assert_eq!(who.matches("session key (Ed25519)").count(), 2);
}

#[test]
fn a_break_says_what_was_found_of_the_step_that_was_in_flight() {
    let whole = to_break_off().carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "began" && entry["step"] == "start/3");
    let broken = Broken::off(to_break_off(), Death { lines: lines + 1, bytes: 0 });
    broken.comes_to_its_end(&[], &[]);
    let (page, _) = report(&broken.folder());
    let exceptions = between(&page, "id=\"exceptions\"", "</section>");
    let found = "step start/3 was under way; it had not been done; it was carried out after the break";
    assert!(exceptions.contains(found), "{exceptions}");
}

#[test]
fn the_clocks_that_were_compared_after_a_break_stand_with_the_session() {
    let runbook = "
notation: 1
title: Quiet
sections:
  start:
    title: Start
    steps:
      - do: Sit down.
      - end: Over.
";
    let ceremony = || Ceremony::run(runbook).answer("start/1", "yes");
    let whole = ceremony().carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "began" && entry["step"] == "start/1");
    let broken = Broken::off(ceremony(), Death { lines, bytes: 0 });
    broken.comes_to_its_end(&[("resume/1", "yes"), ("start/1", "yes")], &[]);
    let (page, _) = report(&broken.folder());
    let session = between(between(&page, "id=\"who\"", "</section>"), "<dt>Resumed</dt><dd>", "</dd>");
    assert!(session.contains("its clock said ") && session.contains("another one that somebody read "), "{session}");
}

#[test]
fn what_was_refused_is_called_so() {
    let ceremony = eventful()
        .answers("start/count#sign-off/witness", &["no", "yes"])
        .answers("start/4#approval/witness", &["no", "yes"])
        .answers("start/count", &["3", "3"])
        .answer("start/count#what-now", "retry");
    let (page, _) = report(&ceremony.carry_out().exits(0).folder());
    let signatures = between(&page, "id=\"signatures\"", "</section>");
    for part in ["Refused to sign off", "Refused to approve a deviation", ">Signed off", ">Approved a deviation"] {
        assert!(signatures.contains(part), "{part} is not in {signatures}");
    }
}

#[test]
fn a_step_that_was_signed_off_in_the_end_is_done_and_not_failed() {
    let ceremony = to_break_off()
        .answers("start/3#go", &["no", "yes"])
        .answers("start/3#what-now", &["retry", "retry"])
        .answers("start/3#sign-off/witness", &["no", "yes"]);
    let (page, code) = report(&ceremony.carry_out().exits(0).folder());
    assert_eq!(code, Some(0));
    let found = outcomes(&page, "Write the minutes.");
    assert!(found.len() == 1 && found[0].starts_with("done, at the 3rd try, "), "{found:?}");
}

#[test]
fn a_step_that_failed_before_a_break_says_how_it_ended() {
    let answers = || to_break_off().answers("start/3#go", &["no", "yes"]).answer("start/3#what-now", "retry");
    let whole = answers().carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "failed" && entry["step"] == "start/3");
    let broken = Broken::off(answers(), Death { lines, bytes: 0 });
    broken.comes_to_its_end(&[("start/3#what-now", "retry")], &[]);
    let (page, _) = report(&broken.folder());
    let found = outcomes(&page, "Write the minutes.");
    assert_eq!(found.len(), 2);
    assert!(found[0].starts_with("failed, in the end done, at the 2nd try, "), "{found:?}");
    assert!(found[1].starts_with("done, at the 2nd try, "), "{found:?}");
}

#[test]
fn a_step_whose_sign_off_stays_refused_is_not_done() {
    let ceremony = to_break_off().answer("start/3#sign-off/witness", "no").answer("start/3#what-now", "abort");
    let ceremony = ceremony.answer("start/3#reason", "It is wrong.").carry_out().exits(1);
    let found = outcomes(&report(&ceremony.folder()).0, "Write the minutes.");
    assert!(found.iter().all(|outcome| outcome.starts_with("failed")), "{found:?}");
}

#[test]
fn an_uneventful_record_says_that_nothing_went_otherwise() {
    let (page, _) = report(&rehearsed().folder());
    assert!(between(&page, "id=\"exceptions\"", "</section>").contains("Nothing is recorded: no failure"));
    let short = between(&page, "<p class=\"summary\">", "</p>");
    assert!(
        short.contains("No seal over the whole record; the runbook requires none. Nothing went otherwise"),
        "{short}"
    );
}

#[test]
fn no_id_stands_twice_and_every_link_leads_somewhere() {
    let ceremony = eventful().carry_out().exits(0);
    let (page, _) = report(&ceremony.folder());
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    ids.sort_unstable();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
    for link in page.split("href=\"#").skip(1) {
        let id = link.split('"').next().unwrap();
        assert!(ids.binary_search(&id).is_ok(), "{id}");
    }
}

#[test]
fn an_unsealed_record_is_said_to_be_so_beside_the_verdict() {
    let (page, _) = report(&rehearsed().folder());
    assert!(between(&page, "<header>", "</header>").contains("the transcript is unsealed: nobody vouches for it"));
}

#[test]
fn a_rehearsal_is_called_one_in_the_window_on_every_printed_page_and_at_each_verdict() {
    let (page, _) = report(&rehearsed().folder());
    assert!(page.contains("<title>REHEARSAL: A small ceremony</title>"));
    assert!(between(&page, "<p class=\"strip\">", "</p>").contains("REHEARSAL"));
    assert!(between(&page, "<div class=\"watermark\"", "</div>").contains("REHEARSAL"));
    assert!(page.contains("@top-right { content: \"REHEARSAL\"; }"));
    assert!(between(&page, "<div class=\"verdict\">", "</div>").contains("<strong>REHEARSAL</strong>"));
    assert!(between(&page, "<footer>", "</footer>").contains("REHEARSAL"));
}

#[test]
fn a_ceremony_is_not_called_a_rehearsal() {
    let runbook = "
notation: 1
title: Quiet
sections:
  start:
    title: Start
    steps:
      - do: Sit down.
      - end: Over.
";
    let ceremony = Ceremony::run(runbook).answer("start/1", "yes").carry_out().exits(0);
    let (page, code) = report(&ceremony.folder());
    assert_eq!(code, Some(0));
    assert!(!page.contains("REHEARSAL") && !page.contains("class=\"strip\""));
    assert_eq!(between(&page, "<p class=\"words\">", "</p>"), "The record holds");
}

#[test]
fn the_report_of_an_aborted_ceremony_says_so() {
    let ceremony = eventful()
        .answer("start/1#what-now", "abort")
        .answer("start/count#what-now", "abort")
        .answer("start/count#reason", "A bag is missing.")
        .carry_out()
        .exits(1);
    let (page, code) = report(&ceremony.folder());
    assert_eq!(code, Some(1));
    assert_eq!(between(&page, "<p class=\"words\">", "</p>"), "The record is intact; the ceremony was aborted");
    assert!(between(&page, "id=\"exceptions\"", "</section>").contains("A bag is missing."));
}

#[test]
fn the_report_of_a_record_that_stops_says_so() {
    // Nobody is there to choose what to do after the failure.
    let ceremony = Ceremony::run(EVENTFUL).answers("start/count", &["2"]).carry_out().exits(2);
    let (page, code) = report(&ceremony.folder());
    assert_eq!(code, Some(1));
    let words = between(&page, "<p class=\"words\">", "</p>");
    assert_eq!(words, "The record is intact; the ceremony stops before its END");
}

#[test]
fn nothing_on_the_page_of_a_record_that_does_not_hold_looks_verified() {
    let ceremony = eventful().carry_out().exits(0);
    let lines: Vec<String> = ceremony.lines().iter().map(|line| line.replace("no plants", "two plants")).collect();
    ceremony.rewrite(&lines);
    let (page, code) = report(&ceremony.folder());
    assert_eq!(code, Some(1));
    is_self_contained(&page);
    assert_eq!(between(&page, "<p class=\"words\">", "</p>"), "The record does NOT hold");
    assert!(page.contains("<body class=\"fails\">"));
    assert!(page.contains("<title>DOES NOT HOLD · REHEARSAL: An eventful ceremony</title>"));
    assert!(page.contains("@top-right { content: \"DOES\\000020NOT\\000020HOLD"));
    assert!(between(&page, "<h1>", "</h1>").ends_with(" (claimed, not verified)"));
    for section in ["who", "devices", "exceptions", "signatures", "seals", "timeline", "files"] {
        let heading = between(&page, &format!("<h2 id=\"{section}\">"), "</h2>");
        assert!(heading.ends_with(" (claimed, not verified)"), "{heading}");
    }
    for word in ["were verified", "The record holds"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(between(&page, "id=\"findings\"", "</section>").contains("is not signed by the session&#39;s key"));
}

/// Markup, an attribute's end, a style's end, a link, and what changes the direction of writing.
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=http://x onerror=y></style>{{ 7*7 }}[a](javascript:b)\u{202e}\u{200b}\u{0}\u{1b}[2J\r";

#[test]
fn no_text_of_a_forged_record_becomes_markup_wherever_it_stands() {
    let page = report_forged(|entries| {
        let opened = &mut entries[0]["body"];
        opened["title"] = HOSTILE.into();
        opened["participants"]["witness"] = json!({"title": HOSTILE, "name": HOSTILE});
        opened["host"] = json!({"system": HOSTILE, "kernel": HOSTILE, "interfaces": {HOSTILE: HOSTILE}});
        opened["program"] = json!({"name": HOSTILE, "version": HOSTILE, "sha256": HOSTILE});
        opened["runbook"][0]["path"] = HOSTILE.into();
        opened["runbook"][0]["sha256"] = HOSTILE.into();
        opened["bindings"] = json!({
            "inputs": {HOSTILE: HOSTILE}, "devices": {HOSTILE: {"connector": HOSTILE}}, "products": HOSTILE,
            "yubihsm": {"connectors": [HOSTILE]},
        });
        let at = entries[1]["at"].clone();
        let mut push = |kind: &str, body: Value| {
            entries.push(json!({"at": at, "by": HOSTILE, "kind": kind, "body": body, "step": HOSTILE}));
        };
        push("entered", json!({"section": HOSTILE, "title": HOSTILE, "on": HOSTILE, "takes": {HOSTILE: HOSTILE}}));
        push("began", json!({"text": HOSTILE, "uses": HOSTILE, "with": {HOSTILE: HOSTILE}, "level": HOSTILE}));
        push("answered", json!({"question": HOSTILE, "answer": HOSTILE, "refused": HOSTILE}));
        push("answered", json!({"question": HOSTILE, "answer": HOSTILE}));
        push("answered", json!({"question": HOSTILE, "slot": format!("sign-off/{HOSTILE}"), "answer": true}));
        push("observed", json!({"seen": {HOSTILE: HOSTILE}, "probe": "unknown"}));
        let file = json!({"path": format!("products/{HOSTILE}.png"), "sha256": HOSTILE, "size": 3});
        let expected = json!({"that": HOSTILE, "values": {HOSTILE: HOSTILE}, "holds": false});
        push(
            "failed",
            json!({"failure": {"code": HOSTILE, "message": HOSTILE, "next": HOSTILE}, "expected": [expected],
                "products": [file]}),
        );
        push("retried", json!({"attempt": 2, "remedy": HOSTILE}));
        push("skipped", json!({"level": HOSTILE, "reason": HOSTILE}));
        push("deviated", json!({"reason": HOSTILE, "approved_by": [{"role": HOSTILE}]}));
        let outputs = json!({"serial": HOSTILE, "firmware": HOSTILE, "object_id": HOSTILE, "label": HOSTILE,
            "fingerprint": HOSTILE, "algorithm": HOSTILE, "path": HOSTILE});
        push("finished", json!({"outputs": outputs, "devices": {HOSTILE: 7}, "evidence": [file], "taken_up": true}));
        push("decided", json!({"condition": HOSTILE, "when": HOSTILE, "values": {HOSTILE: HOSTILE}, "holds": true}));
        push("checkpoint", json!({"head": HOSTILE, "words": HOSTILE}));
        let host = json!({"system": HOSTILE});
        let program = json!({"name": HOSTILE, "version": HOSTILE});
        push(
            "resumed",
            json!({"head": HOSTILE, "words": HOSTILE, "torn": {"sha256": HOSTILE, "size": 4}, "set_aside": [file],
                "program": program, "bindings": {}, "host": host, "session_key": HOSTILE}),
        );
        push("ended", json!({"text": HOSTILE}));
        push("aborted", json!({"reason": HOSTILE}));
    });
    assert_eq!(between(&page, "<p class=\"words\">", "</p>"), "The record does NOT hold");
    // Nothing was lost on the way: it is there, and it is text.
    assert!(page.matches("&lt;script&gt;alert(1)&lt;").count() > 60, "{}", page.matches("&lt;script").count());
    assert!(
        page.contains("&lt;/style&gt;{{ 7*7 }}[a](javascript:b)"),
        "neither a template nor a link is made of a text"
    );
    for mark in ["<script", "<img", "href=\"javascript", "onerror=y>"] {
        assert!(!page.contains(mark), "{mark}");
    }
    assert_eq!(page.matches("</style>").count(), 1);
    let hidden = page.chars().find(|it| officiant_engine::notation::is_hostile(*it) && *it != '\n');
    assert_eq!(hidden, None);
    assert!(page.contains("\\u{202e}\\u{200b}\\u{0}\\u{1b}[2J\\u{d}"));
}

#[test]
fn a_page_stays_small_whatever_a_record_holds() {
    let page = report_forged(|entries| {
        let at = entries[1]["at"].clone();
        for number in 0..40 {
            let text = "<".repeat(500_000);
            let list = vec!["<".repeat(100); 5_000];
            let step = format!("start/{number}");
            let mut push =
                |kind: &str, body: Value| entries.push(json!({"at": at, "kind": kind, "body": body, "step": step}));
            push("began", json!({"text": text, "with": {"list": list}, "level": "must"}));
            push("finished", json!({"outputs": {"stdout": text, "list": list, "fingerprint": text, "serial": number}}));
        }
    });
    assert!(page.len() < 4_000_000, "{} bytes", page.len());
    assert!(page.contains(" more bytes are in the transcript)"));
}

#[test]
fn the_path_of_the_machine_that_made_the_page_is_not_on_it() {
    let ceremony = eventful().answer("start/count#what-now", "abort").answer("start/count#reason", "No.");
    let ceremony = ceremony.carry_out().exits(1);
    let (page, _) = report(&ceremony.folder());
    assert!(
        page.contains("transcript.jsonl, line 8; runbook/runbook.yaml:"),
        "{}",
        between(&page, "<main>", "</section>")
    );
    assert!(!page.contains(&ceremony.folder().display().to_string()));
}

#[test]
fn a_line_that_is_no_entry_has_its_place_in_the_timeline() {
    let ceremony = rehearsed();
    let mut lines = ceremony.lines();
    lines[4] = "<b>no entry</b>".into();
    ceremony.rewrite(&lines);
    let (page, code) = report(&ceremony.folder());
    assert_eq!(code, Some(1));
    assert!(between(&page, "id=\"timeline\"", "</section>").contains("NO ENTRY"));
    assert!(!page.contains("<b>no entry"));
}

#[test]
fn breaks_stand_in_the_timeline_and_what_was_taken_up_is_marked() {
    let page = report_forged(|entries| {
        let at = entries[2]["at"].clone();
        let opened = entries[0]["body"].clone();
        let body = json!({"head": "ab".repeat(32), "words": "aardvark", "torn": {"sha256": "cd".repeat(32), "size": 77},
            "set_aside": [{"path": "evidence/torn.txt", "sha256": "ef".repeat(32), "size": 1}],
            "program": opened["program"], "bindings": {}, "host": {"system": "another"}, "session_key": "00".repeat(32)});
        entries.insert(3, json!({"at": at, "kind": "resumed", "body": body}));
        let finished = entries.iter_mut().find(|entry| entry["kind"] == "finished").unwrap();
        finished["body"]["taken_up"] = true.into();
    });
    let gap = between(&page, "<div class=\"gap\"", "</div>\n<details");
    for part in ["Break of", "aardvark", "77 bytes, SHA-256", "evidence/torn.txt", "another machine", &"ab".repeat(32)]
    {
        assert!(gap.contains(part), "{part} is not in {gap}");
    }
    assert!(page.contains("done before the break; looked up afterwards"));
    assert!(between(&page, "id=\"who\"", "</section>").contains("<h3>Where: another</h3>"));
}

#[test]
fn photos_are_shown_small_without_their_metadata_and_only_when_they_are_the_recorded_ones() {
    let runbook = "
notation: 1
title: Photos
sections:
  start:
    title: Start
    steps:
      - do: Copy the pictures.
        uses: files.copy
        with: { from: SOURCE, to: photos }
      - end: Over.
";
    let source = tempfile::TempDir::new().unwrap();
    fs::write(source.path().join("bag.png"), png(640, 480)).unwrap();
    fs::write(source.path().join("broken.jpg"), "no picture").unwrap();
    let runbook = runbook.replace("SOURCE", &source.path().display().to_string());
    let ceremony = Ceremony::rehearse(&runbook).argument("--outside").carry_out().exits(0);
    let (page, code) = report(&ceremony.folder());
    assert_eq!(code, Some(0));
    is_self_contained(&page);
    let pictures = between(&page, "id=\"pictures\"", "</section>");
    assert_eq!(pictures.matches("<img src=\"data:image/jpeg;base64,").count(), 1);
    assert!(pictures.contains("width=\"320\" height=\"240\""));
    assert!(pictures.contains("No picture: the file cannot be decoded as one."));
    let data = between(pictures, "base64,", "\"");
    let jpeg = <base64ct::Base64 as base64ct::Encoding>::decode_vec(data).unwrap();
    assert!(jpeg.starts_with(b"\xff\xd8\xff"));
    assert!(!jpeg.windows(6).any(|bytes| bytes == b"Exif\0\0" || bytes == b"secret"));

    fs::write(ceremony.folder().join("products/photos/bag.png"), png(320, 200)).unwrap();
    let (page, code) = report(&ceremony.folder());
    assert_eq!(code, Some(1));
    assert!(!page.contains("<img"));
    assert!(page.contains("No picture: the record does not hold."));
}

/// A grey PNG with a comment, its pixels stored rather than compressed.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut chunks = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8], data: &[u8]| {
        chunks.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        let body = [kind, data].concat();
        let crc = body.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
        });
        chunks.extend(&body);
        chunks.extend((!crc).to_be_bytes());
    };
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(b"IHDR", &[&size[..], &[8, 0, 0, 0, 0]].concat());
    chunk(b"tEXt", b"Comment\0secret place");
    let row = [vec![0], vec![200; width as usize]].concat();
    let mut data = vec![0x78, 0x01];
    let (mut a, mut b) = (1_u32, 0_u32);
    for at in 0..height {
        let length = u16::try_from(row.len()).unwrap();
        data.push(u8::from(at + 1 == height));
        data.extend(length.to_le_bytes());
        data.extend((!length).to_le_bytes());
        data.extend(&row);
        for byte in &row {
            a = (a + u32::from(*byte)) % 65_521;
            b = (b + a) % 65_521;
        }
    }
    data.extend((b << 16 | a).to_be_bytes());
    chunk(b"IDAT", &data);
    chunk(b"IEND", b"");
    chunks
}

#[test]
fn a_file_is_never_replaced_and_is_as_readable_as_the_umask_lets_it_be() {
    let ceremony = rehearsed();
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("report.html");
    let output = run_report(&ceremony.folder(), &file);
    assert_eq!(output.status.code(), Some(0));
    let other = folder.path().join("other");
    fs::write(&other, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), mode(&other));
    let page = fs::read(&file).unwrap();

    let output = run_report(&ceremony.folder(), &file);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("exists already, and nothing is ever replaced: name another file"), "{stderr}");
    assert_eq!(fs::read(&file).unwrap(), page);

    let link = folder.path().join("link.html");
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
    assert_eq!(run_report(&ceremony.folder(), &link).status.code(), Some(2));
}

#[test]
fn a_report_of_the_same_folder_is_the_same_page_and_changes_nothing_in_it() {
    let ceremony = rehearsed();
    let before = transcript_of(&ceremony);
    assert_eq!(report(&ceremony.folder()), report(&ceremony.folder()));
    assert_eq!(transcript_of(&ceremony), before);
    ceremony.replay().holds();
}

#[test]
fn a_report_is_not_written_into_the_ceremony_folder() {
    let ceremony = rehearsed();
    for place in ["report.html", "products/report.html"] {
        let output = run_report(&ceremony.folder(), &ceremony.folder().join(place));
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("make the report beside it"));
    }
    ceremony.replay().holds();
}

#[test]
fn where_there_is_no_record_there_is_no_page() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("report.html");
    assert_eq!(run_report(&folder.path().join("none"), &file).status.code(), Some(2));
    assert!(!file.exists());
}

/// The shell commands on the page, as a reader copies them, each run in a ceremony folder.
fn run_from_page(page: &str, heading: &str, folder: &Path) -> Output {
    let command = between(between(page, &format!("<h3>{heading}</h3>"), "<h"), "<pre><code>", "</code></pre>");
    let command = command.replace("&lt;", "<").replace("&gt;", ">");
    Command::new("sh").args(["-c", &command]).current_dir(folder).output().unwrap()
}

#[test]
fn the_commands_on_the_page_verify_the_folder_that_it_was_made_from() {
    let ceremony = Ceremony::rehearse_file("runbooks/psf-tuf/ceremony.yaml").carry_out().exits(0);
    let (page, _) = report(&ceremony.folder());
    let folder = ceremony.folder();
    let head = run_from_page(&page, "The head", &folder);
    let expected = ceremony.replay().report["head"].as_str().unwrap().to_string();
    assert_eq!(String::from_utf8_lossy(&head.stdout), format!("{expected}  -\n"));
    assert_eq!(run_from_page(&page, "The chain", &folder).stdout, b"");
    let files = run_from_page(&page, "The files", &folder);
    assert!(files.status.success(), "{}", String::from_utf8_lossy(&files.stderr));
    assert_eq!(String::from_utf8_lossy(&files.stdout).matches(": OK").count(), 10);

    fs::write(folder.join("products/ceremony-products/0007550054/0007550054_cert.der"), "another").unwrap();
    assert!(!run_from_page(&page, "The files", &folder).status.success());
    let lines: Vec<String> = ceremony.lines().iter().map(|line| line.replace("airplane", "aeroplane")).collect();
    ceremony.rewrite(&lines);
    assert!(run_from_page(&page, "The chain", &folder).stdout.starts_with(b"the chain breaks before: "));
}

#[test]
fn a_witness_seals_with_the_command_on_the_page() {
    let ceremony = rehearsed();
    let (page, _) = report(&ceremony.folder());
    let command = between(between(&page, "<h2 id=\"seals\">", "</section>"), "<pre><code>", "</code></pre>");
    let keys = tempfile::TempDir::new().unwrap();
    let key = keys.path().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status().unwrap();
    assert!(made.success());
    let command = command
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("KEYFILE", &key.display().to_string())
        .replace("ROLE", "witness");
    let sealed = Command::new("sh").args(["-c", &command]).current_dir(ceremony.folder()).output().unwrap();
    assert!(sealed.status.success(), "{}", String::from_utf8_lossy(&sealed.stderr));
    let public = fs::read_to_string(key.with_extension("pub")).unwrap();

    let seals = between(&page, "<h3>The seals</h3>", "</section>");
    let (_, line) = seals.rsplit_once("<pre><code>").unwrap();
    let line = line.split("</code>").next().unwrap().replace("ROLE", "witness");
    let mine = keys.path().join("allowed_signers");
    let public: Vec<&str> = public.split(' ').collect();
    fs::write(&mine, line.replace("KEYTYPE", public[0]).replace("BASE64", public[1]) + "\n").unwrap();
    let verify = between(seals, "<pre><code>", "</code></pre>").replace("&lt;", "<").replace("ROLE", "witness");
    let verify = verify.replace("YOUR_allowed_signers", &mine.display().to_string());
    let verified = Command::new("sh").args(["-c", &verify]).current_dir(ceremony.folder()).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

/// A browser that can be asked without a screen.
fn chromium() -> Option<&'static str> {
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()));
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "in CI there must be a Chromium");
    found
}

#[test]
fn nothing_overflows_a_narrow_window_and_the_browser_refuses_nothing_of_the_page() {
    let Some(chromium) = chromium() else {
        println!("skipped: no Chromium is installed");
        return;
    };
    let ceremony = Ceremony::rehearse_file("runbooks/psf-tuf/ceremony.yaml").carry_out().exits(0);
    let long = "x".repeat(300);
    let with_long = |entries: &mut Vec<Value>| {
        for entry in entries.iter_mut().filter(|entry| entry["kind"] == "began") {
            entry["body"]["text"] = format!("{long} `{long}`").into();
        }
        entries[0]["body"]["title"] = long.clone().into();
    };
    let pages = [
        ("ceremony", report(&ceremony.folder()).0),
        ("eventful", report(&eventful().carry_out().exits(0).folder()).0),
        ("long words", report_forged(with_long)),
    ];
    for (name, page) in pages {
        for width in [360, 1280] {
            let (overflow, said) = measure(chromium, &page, width);
            assert_eq!(overflow, format!("{width}/{width} solid"), "{name} at {width}");
            assert!(!said.contains("Refused") && !said.contains("Content Security Policy"), "{said}");
        }
    }
}

/// Width of a page's content and of its window, and the border of the verdict: it has one only when the style sheet is taken.
fn measure(chromium: &str, page: &str, width: u32) -> (String, String) {
    let folder = tempfile::TempDir::new().unwrap();
    fs::write(folder.path().join("page.html"), page).unwrap();
    // A window cannot be as narrow as a telephone, a frame can; the page itself runs no script.
    let frame = format!(
        "<body><iframe id=f src=page.html style='width:{width}px;height:900px;border:0'></iframe><p id=p></p>
         <script>f.onload = () => {{
             const d = f.contentDocument, e = d.documentElement;
             const s = f.contentWindow.getComputedStyle(d.querySelector('.verdict')).borderTopStyle;
             p.textContent = e.scrollWidth + '/' + e.clientWidth + ' ' + s;
         }}</script>"
    );
    fs::write(folder.path().join("frame.html"), frame).unwrap();
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=5000", "--window-size=1400,1000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", folder.path().join("frame.html").display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    (between(&dom, "<p id=\"p\">", "</p>").to_string(), String::from_utf8_lossy(&output.stderr).into_owned())
}
