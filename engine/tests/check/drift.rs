//! The decoder and the JSON Schema of the notation say the same.

use officiant_engine::notation::{Runbook, load_text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const DECODER: &str = include_str!("../../src/notation/decode.rs");

fn schema() -> Value {
    schemars::schema_for!(Runbook).to_value()
}

/// Every word that the decoder could know as a key: whatever stands between quotes in it.
fn words() -> BTreeSet<&'static str> {
    let is_key = |word: &&str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    DECODER.split('"').filter(is_key).collect()
}

/// A runbook with `object` where the decoder reads that sort of object.
fn around(sort: &str, object: Value) -> Value {
    let mut runbook = json!({ "notation": 1, "title": "x", "sections": { "start": { "title": "x", "steps": [] } } });
    let step = |step: Value| json!({ "start": { "title": "x", "steps": [step] } });
    match sort {
        "Runbook" => {
            for (key, value) in object.as_object().unwrap() {
                runbook[key] = value.clone();
            }
        }
        "Participant" => runbook["participants"] = json!({ "x": object }),
        "Computer" => runbook["computers"] = json!({ "x": object }),
        "Device" => runbook["devices"] = json!({ "x": object }),
        "VirtualDevice" => runbook["devices"] = json!({ "x": { "kind": "x", "rehearse": object } }),
        "DeviceFault" => {
            runbook["devices"] = json!({ "x": { "kind": "x", "rehearse": { "faults": [object] } } });
        }
        "Input" => runbook["inputs"] = json!({ "x": object }),
        "Deviations" => runbook["deviations"] = object,
        "Section" => runbook["sections"] = json!({ "start": object }),
        "Do" | "GoTo" | "If" | "End" => runbook["sections"] = step(object),
        "Expectation" => runbook["sections"] = step(json!({ "do": "x", "expect": [object] })),
        "OnFailure" => runbook["sections"] = step(json!({ "do": "x", "on_failure": object })),
        "Rehearsal" => runbook["sections"] = step(json!({ "do": "x", "rehearse": object })),
        other => panic!("where does a {other} stand?"),
    }
    runbook
}

/// The keys of a sort of object as the schema has them.
fn properties(schema: &Value, sort: &str) -> BTreeSet<String> {
    let object = if sort == "Runbook" { schema } else { &schema["$defs"][sort] };
    object["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_decoder_knows_the_keys_of_the_schema_and_no_others() {
    let schema = schema();
    let sorts: BTreeSet<&str> = schema["$defs"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, definition)| definition.get("properties").is_some())
        .map(|(sort, _)| sort.as_str())
        .chain(["Runbook"])
        .collect();
    assert_eq!(
        sorts.iter().copied().collect::<Vec<_>>(),
        [
            "Computer",
            "Deviations",
            "Device",
            "DeviceFault",
            "Do",
            "End",
            "Expectation",
            "GoTo",
            "If",
            "Input",
            "OnFailure",
            "Participant",
            "Rehearsal",
            "Runbook",
            "Section",
            "VirtualDevice"
        ]
    );
    for sort in sorts {
        let first = match sort {
            "Do" => "do",
            "GoTo" => "go_to",
            "If" => "if",
            "End" => "end",
            _ => "",
        };
        let known = |key: &str| {
            let mut object = json!({ key: null });
            if !first.is_empty() {
                object[first] = json!("x");
            }
            let loaded = load_text("x.yaml", &around(sort, object).to_string());
            let refused = ["unknown-key", "go-to-with-handler"];
            !loaded.complaints.0.iter().any(|it| refused.contains(&it.code) && it.message.contains(&format!("`{key}`")))
        };
        // A step is another one with another first word.
        let firsts = ["do", "go_to", "if", "end"];
        let decoded: BTreeSet<String> = words()
            .into_iter()
            .filter(|word| {
                first.is_empty() || *word == first || !firsts.contains(word) || (sort, *word) == ("GoTo", "do")
            })
            .filter(|word| known(word))
            .map(ToString::to_string)
            .collect();
        assert_eq!(decoded, properties(&schema, sort), "{sort}");
    }
}

/// Documents of one line each that are right.
const RIGHT: &[&str] = &[
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\nnote: x\nstart: a\nparticipants: { a: { title: x, note: x } }\ncomputers: { a: { title: x, offline: true } }\ndevices: { A-1: { kind: x, title: x, rehearse: { serial: 1, firmware: 2.4.1, attests_ed25519: false, fips: true, faults: [{ command: x, when: before, effect: vanish }, { command: x, when: after, effect: error, nth: 2, error: x }] } } }\ninputs: { a: { type: choice, prompt: x, options: [x], rehearse: { answer: x } }, b: { type: text, pattern: x } }\nimports: { }\ndeviations: { approved_by: [a] }\nsections: { a: { title: x, on: a, estimate: x, note: x, takes: [b], steps: [{ end: x, note: x }] } }",
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [{ do: x, uses: x, with: { a: 1, b: [x], c: { d: null } }, id: x, by: x, sign_off: [x], level: may, expect: [{ that: x, else: x }], on_failure: { go_to: x, with: { a: b }, approved_by: [x], note: x }, rehearse: { answer: 1, outputs: { a: 1 } }, note: x, estimate: x }] } }",
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [{ do: x, go_to: x, with: { a: b }, id: x, by: x, sign_off: [x], level: should, rehearse: { answer: yes }, note: x, estimate: x }, { go_to: x }] } }",
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [{ if: x, when: x, then: [{ do: x }], else: [{ if: x, then: [{ end: x }] }], by: x, rehearse: { answer: no }, note: x }] } }",
];

/// Documents that are wrong, by what is wrong with them.
const WRONG: &[&str] = &[
    "notation: 2\ntitle: x\nsections: {}",
    "notation: 1\nsections: { a: { title: x, steps: [] } }",
    "notation: 1\ntitle: x",
    "notation: 1\ntitle: 1\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\nnote:\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\nnote: null\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\nsections: {}",
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [{ end: x, then: [] }] } }",
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [{ do: x, level: shall }] } }",
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [{ do: x, sign_off: x }] } }",
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [{ do: x, on_failure: null }] } }",
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [{ do: x, id: null }] } }",
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [{ do: x, rehearse: null }] } }",
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [{ go_to: x, uses: x }] } }",
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [{ if: x }] } }",
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [{ if: x, then: [{ do: x, do_: y }] }] } }",
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [{ do: x, expect: [{ else: x }] }] } }",
    "notation: 1\ntitle: x\nsections: { a: { title: x, steps: [x] } }",
    "notation: 1\ntitle: x\nsections: { a: { title: x } }",
    "notation: 1\ntitle: x\nstart: null\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\ndeviations: {}\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\ndevices: { a: {} }\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\ndevices: { a: { kind: x, rehearse: { serial: -1 } } }\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\ndevices: { a: { kind: x, rehearse: { serial: 4294967296 } } }\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\ndevices: { a: { kind: x, rehearse: { faults: [{ command: x, when: before }] } } }\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\ndevices: { a: { kind: x, rehearse: { faults: [{ command: x, when: later, effect: vanish }] } } }\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\ndevices: { a: { kind: x, rehearse: { faults: [{ command: x, when: before, effect: vanish, nth: 0 }] } } }\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\ninputs: { a: { type: words } }\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\ninputs: { a: { type: choice } }\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\nparticipants: { a: x }\nsections: { a: { title: x, steps: [{ end: x }] } }",
    "notation: 1\ntitle: x\ncomputers: { a: { title: x, offline: yes } }\nsections: { a: { title: x, steps: [{ end: x }] } }",
];

#[test]
fn the_decoder_and_the_schema_agree_on_what_is_right() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (documents, right) in [(RIGHT, true), (WRONG, false)] {
        for document in documents {
            let loaded = load_text("x.yaml", document);
            assert_eq!(!loaded.complaints.any_error(), right, "the decoder on {document}: {:?}", loaded.complaints);
            let json = as_json(document);
            assert_eq!(validator.is_valid(&json), right, "the schema on {document}");
        }
    }
}

/// The document as JSON, read by the loader's own YAML through a value that it keeps as it is.
fn as_json(document: &str) -> Value {
    let indented: String = document.lines().map(|line| format!("              {line}\n")).collect();
    let runbook = format!(
        "notation: 1\ntitle: x\nsections:\n  a:\n    title: x\n    steps:\n      - do: x\n        with:\n          it:\n{indented}"
    );
    let loaded = load_text("x.yaml", &runbook);
    let steps = &loaded.runbook.as_ref().unwrap().sections[0].steps;
    let officiant_engine::notation::StepKind::Do(act) = &steps[0].kind else { panic!("{:?}", loaded.complaints) };
    act.with["it"].to_json()
}
