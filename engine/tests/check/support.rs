//! Loads a runbook that stands in the test and compares all that is found in it.

use crate::handlers::registry;
use officiant_engine::{
    check::everything,
    notation::{Loaded, load, load_text},
};

const BEFORE: &str = "\
notation: 1
title: A ceremony
participants:
  administrator: { title: Ceremony administrator }
  witness: { title: Remote witness }
devices:
  YubiHSM2-1: { kind: yubihsm2 }
  YubiHSM2-2: { kind: yubihsm2 }
  YubiKey-1: { kind: yubikey }
inputs:
  ceremony_date: { type: date }
  copies: { type: number }
sections:
  start:
    title: Start
    steps:
";

const AFTER: &str = r#"
      - go_to: provision
        with: { body: YubiHSM2-1 }
      - end: Done.
  provision:
    title: Provision a device
    takes: [body]
    steps:
      - do: Look at {{ body }}.
        id: device
        uses: yubihsm.device-info
        with: { device: "{{ body }}" }
"#;

/// A runbook around some steps of its first section.
pub fn around(steps: &str) -> String {
    let steps: String = steps.trim_matches('\n').lines().map(|line| format!("      {line}\n")).collect();
    format!("{BEFORE}{steps}{}", AFTER.trim_start_matches('\n'))
}

/// All complaints as a person reads them.
pub fn shown(loaded: &Loaded) -> String {
    let complaints = everything(loaded, &registry());
    let rendered: Vec<String> = complaints.0.iter().map(|it| it.render(&loaded.sources, false)).collect();
    rendered.join("\n\n")
}

/// What is found in a YAML runbook.
#[track_caller]
pub fn yaml(runbook: &str, expected: &str) {
    compare(&load_text("runbook.yaml", runbook.trim_start_matches('\n')), expected);
}

/// What is found in a TOML runbook.
#[track_caller]
pub fn toml(runbook: &str, expected: &str) {
    compare(&load_text("runbook.toml", runbook.trim_start_matches('\n')), expected);
}

/// What is found in some steps, from line 17 of the runbook on.
#[track_caller]
pub fn steps(steps: &str, expected: &str) {
    yaml(&around(steps), expected);
}

/// What is found in a runbook of several files, the first of which imports the others.
#[track_caller]
pub fn files(files: &[(&str, &str)], expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text.trim_start_matches('\n')).unwrap();
    }
    let loaded = load(&folder.path().join(files[0].0)).unwrap();
    let shown = shown(&loaded).replace(&format!("{}/", folder.path().display()), "");
    same(&shown, expected);
}

#[track_caller]
fn compare(loaded: &Loaded, expected: &str) {
    same(&shown(loaded), expected);
}

#[track_caller]
pub fn same(shown: &str, expected: &str) {
    let expected = expected.trim_matches('\n');
    assert!(shown == expected, "this is found:\n\n{shown}\n\nand this was expected:\n\n{expected}\n");
}
