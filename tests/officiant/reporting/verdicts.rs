//! The verdict, and what kind of record it is.

use super::support::{EVENTFUL, between, eventful, is_self_contained, report};
use crate::{forging::rehearsed, support::Ceremony};

#[test]
fn an_unsealed_record_is_said_to_be_so_beside_the_verdict() {
    let (page, _) = report(&rehearsed().folder());
    assert!(
        between(&page, "<header>", "</header>")
            .contains("<strong>Seals:</strong> The transcript is unsealed: nobody vouches for it")
    );
}

#[test]
fn a_page_without_a_seal_that_must_be_there_says_so_and_how_it_is_made() {
    let runbook = "
notation: 1
title: Quiet
participants:
  witness: { title: Witness, seal: required }
sections:
  start:
    title: Start
    steps:
      - do: Sit down.
      - end: Over.
";
    let ceremony = Ceremony::run(runbook).answer("start/1", "yes").carry_out().exits(0);
    let (page, code) = report(&ceremony.folder());
    assert_eq!(code, Some(1));
    let words = "The record is intact; it is not sealed as its runbook requires";
    assert_eq!(between(&page, "<p class=\"words\">", "</p>"), words);
    let seals = between(&page, "<h2 id=\"seals\">", "</section>");
    assert!(seals.contains("<p>The seal of witness is missing, which the runbook requires: "), "{seals}");
    assert!(seals.contains("<code>officiant seal DIR --role witness --key KEY</code>"), "{seals}");
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
