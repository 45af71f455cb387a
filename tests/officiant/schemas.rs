//! The schemas in `schemas/` are those that the program prints.

use crate::support::{officiant, pretty};
use std::{fs, path::Path};

#[test]
fn every_schema_in_the_folder_is_the_one_that_the_program_prints() {
    for what in ["runbook", "bindings", "transcript"] {
        let output = officiant().args(["schema", what]).output().unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{what}.schema.json"));
        let kept = fs::read_to_string(&path).unwrap();
        assert!(
            kept == String::from_utf8(output.stdout).unwrap(),
            "run `officiant schema {what} > schemas/{what}.schema.json` and look at the difference"
        );
    }
}

#[test]
fn every_entry_of_a_record_is_as_the_schema_says() {
    let ceremony = crate::support::Ceremony::rehearse_file("examples/remedy.yaml").carry_out().exits(0);
    let schema = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/transcript.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    for entry in ceremony.entries() {
        let complaints: Vec<String> = validator.iter_errors(&entry).map(|error| error.to_string()).collect();
        pretty(&complaints.join("\n"), "");
    }
}

#[test]
fn every_example_is_as_the_schema_says_and_rehearses_and_replays() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = fs::read(root.join("schemas/runbook.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    let mut seen = 0;
    let mut examples: Vec<_> = fs::read_dir(root.join("examples")).unwrap().map(|it| it.unwrap().path()).collect();
    examples.push(root.join("examples/imports/ceremony.yaml"));
    examples.retain(|path| path.extension().is_some_and(|it| it == "yaml" || it == "toml"));
    for path in examples {
        let text = fs::read_to_string(&path).unwrap();
        let loaded = officiant_engine::notation::load(&path).unwrap();
        assert!(loaded.complaints.0.is_empty(), "{}", path.display());
        if path.extension().is_some_and(|it| it == "toml") {
            let value: serde_json::Value = toml::from_str(&text).unwrap();
            pretty(&validator.iter_errors(&value).map(|error| error.to_string()).collect::<String>(), "");
        }
        let name = path.strip_prefix(root).unwrap().display().to_string();
        let ceremony = crate::support::Ceremony::rehearse_file(&name).carry_out().exits(0);
        ceremony.replay().holds();
        seen += 1;
    }
    assert!(seen >= 8, "{seen} examples");
}
