//! Ceremonies to report, and what is looked for on their pages.

use crate::{
    forging::{forge, rehearsed},
    support::{Ceremony, officiant},
};
use serde_json::Value;
use std::{path::Path, process::Output};

pub const EVENTFUL: &str = "
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

pub fn eventful() -> Ceremony {
    Ceremony::rehearse(EVENTFUL)
        .answers("start/count", &["2", "3"])
        .answers("start/printed", &["755", "7550054"])
        .answer("start/3#skip", "no")
        .answer("start/3#reason", "There are no plants in a vault.")
        .answer("start/4#what-now", "deviate")
        .answer("start/4#reason", "A guard stands at the door")
        .answer("start/4#approval/witness", "yes")
}

pub fn run_report(folder: &Path, file: &Path) -> Output {
    officiant().arg("report").arg(folder).arg("-o").arg(file).output().unwrap()
}

/// The page of a ceremony folder, and the exit code.
pub fn report(folder: &Path) -> (String, Option<i32>) {
    let output = run_report(folder, Path::new("-"));
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.ends_with("</html>\n"), "{}", String::from_utf8_lossy(&output.stderr));
    (page, output.status.code())
}

/// The page of a record that was edited and signed anew.
pub fn report_forged(edit: impl FnOnce(&mut Vec<Value>)) -> String {
    let ceremony = rehearsed();
    let mut entries = ceremony.entries();
    edit(&mut entries);
    ceremony.rewrite(&forge(&mut entries));
    report(&ceremony.folder()).0
}

/// The text between two marks.
pub fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    page.split_once(from).unwrap().1.split_once(to).unwrap().0
}

/// Requires that nothing on a page is run, loaded, or leads away.
#[track_caller]
pub fn is_self_contained(page: &str) {
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

pub const PASSWORD: &str = "Blaumeisen-fliegen-57";

pub const BROKEN_OFF: &str = "
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
pub fn to_break_off() -> Ceremony {
    Ceremony::rehearse(BROKEN_OFF).answer("start/password", PASSWORD).answer("start/2", PASSWORD)
}

/// What the page says of the outcome of a step, each time that it is on it, without markup.
pub fn outcomes(page: &str, sentence: &str) -> Vec<String> {
    let timeline = page.split_once("id=\"timeline\"").unwrap().1;
    let items = timeline.split("<li class=\"step").skip(1).filter(|item| item.contains(sentence));
    let text = |item: &str| item.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text)).collect();
    items.map(|item| text(between(item, "<p class=\"meta\">", "</p>"))).collect()
}
