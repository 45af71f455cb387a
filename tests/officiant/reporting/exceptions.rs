//! What did not go as planned, and how its steps came out.

use super::support::{between, eventful, outcomes, report, to_break_off};
use crate::forging::rehearsed;

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
