//! The commands on the page, as a reader copies them.

use super::support::{between, report};
use crate::{forging::rehearsed, support::Ceremony};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

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
