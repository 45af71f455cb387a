//! The file that the report is written to.

use super::support::{report, run_report};
use crate::{forging::rehearsed, support::CarriedOut};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

fn transcript_of(ceremony: &CarriedOut) -> String {
    fs::read_to_string(ceremony.folder().join("transcript.jsonl")).unwrap()
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
