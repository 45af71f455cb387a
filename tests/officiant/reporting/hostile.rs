//! Records that were made to mislead the reader, or to fill the page.

use super::support::{between, report, report_forged};
use crate::forging::rehearsed;
use serde_json::{Value, json};

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
