//! README.md stays true.

use crate::support::Ceremony;
use std::{fs, path::Path};

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

#[test]
fn the_runbook_in_the_readme_rehearses_and_replays() {
    let readme = readme();
    let yaml = readme.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let ceremony = Ceremony::rehearse(yaml).carry_out().exits(0);
    assert_eq!(ceremony.entries().last().unwrap()["body"]["text"], "HSM-1 is ready, serial number 0009000001.");
    ceremony.replay().holds();
}

#[test]
fn the_bindings_in_the_readme_are_bindings() {
    let readme = readme();
    let text = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    toml::from_str::<officiant_engine::conduct::Bindings>(text).unwrap();
}

#[test]
fn the_loop_in_the_readme_walks_the_chain_and_finds_where_it_breaks() {
    let readme = readme();
    let script: Vec<&str> = readme
        .lines()
        .skip_while(|line| !line.starts_with("    prev="))
        .take_while(|line| line.starts_with("    "))
        .map(str::trim_start)
        .collect();
    let script = script.join("\n");
    let ceremony = Ceremony::rehearse_file("examples/first.yaml").carry_out().exits(0);
    let walk = || {
        let script = script.replace("DIR/", &format!("{}/", ceremony.folder().display()));
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(walk(), "");
    let mut lines = ceremony.lines();
    lines[3] = lines[3].replace("Light a candle", "Light a match");
    ceremony.rewrite(&lines);
    assert!(walk().starts_with("the chain breaks before: "), "{}", walk());
}
