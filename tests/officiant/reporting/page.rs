//! What stands on every page.

use super::support::{between, eventful, is_self_contained, report};
use crate::support::Ceremony;

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
