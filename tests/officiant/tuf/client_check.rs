//! `tuf.client-check`: what `tough` makes of a repository.

use super::initialize_support::{Sources, content};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{fs, process::Output};

fn check(sources: &Sources, more: &[&str]) -> Output {
    let mut command = sources.step("tuf.client-check");
    command.arg(format!("metadata={}", sources.said("repo/metadata"))).args(more).output().unwrap()
}

#[track_caller]
fn outputs(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn tough_loads_what_was_initialised_and_fetches_a_target() {
    let sources = Sources::new(100);
    if sources.published(&["bins=16"]).is_none() {
        return;
    }
    let hash = hex::encode(Sha256::digest(content(7)));
    fs::create_dir_all(sources.path("repo/targets/packages")).unwrap();
    let file = sources.path(&format!("repo/targets/packages/{hash}.7.whl"));
    fs::write(&file, content(7)).unwrap();
    let found = outputs(&check(&sources, &["target=packages/7.whl"]));
    assert_eq!((&found["loaded"], &found["versions"]), (&json!(true), &json!([1, 1, 1, 1])));
    let place = format!("packages/{hash}.7.whl");
    let fetched = json!({ "name": "packages/7.whl", "place": place, "length": content(7).len(), "sha256": hash });
    assert_eq!(found["fetched"], fetched);

    // Without a look at time it is taken as well, and it says so.
    assert_eq!(outputs(&check(&sources, &["at=2030-01-01T00:00:00Z"]))["expiry"], false);

    let refused = |more: &[&str], why: &str| {
        let output = check(&sources, more);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains(why), "{said}");
    };
    refused(&["target=packages/100.whl"], "there is no target");
    fs::write(&file, content(8)).unwrap();
    refused(&["target=packages/7.whl"], "mismatch");
    fs::copy(sources.path("unsigned/1.targets.json"), sources.path("repo/metadata/1.targets.json")).unwrap();
    refused(&[], "the client does not take the repository");
}

#[test]
fn the_client_is_not_let_at_what_it_cannot_load_and_why_is_said() {
    let sources = Sources::new(10);
    if sources.published(&["bins=64"]).is_none() {
        return;
    }
    let found = outputs(&check(&sources, &["most_roles=60"]));
    assert_eq!(found["loaded"], false);
    let why = "there are 65 delegated roles, and `tough` is let at 60: its time grows with the square of their number";
    assert_eq!(found["why"], why);
    assert_eq!(outputs(&check(&sources, &[]))["loaded"], true);
    let root = fs::read_to_string(sources.path("repo/metadata/1.root.json")).unwrap();
    fs::write(sources.path("repo/metadata/1.root.json"), root.replace("nistp256", "nistp384")).unwrap();
    assert_eq!(outputs(&check(&sources, &[]))["loaded"], false);
}
