//! In a ceremony: the record holds, and no part of what came of the step can be another.

use super::scene::{ANN, BOB, EVE, by, genuine, pin, root, signed};
use crate::{
    attesting::room::Room,
    forger::{Forged, Forger},
    support::{CarriedOut, Ceremony},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What is another in the outputs.
type Forgery = (&'static str, fn(&mut Value));

fn matched() -> CarriedOut {
    let room = Room::with(&genuine());
    let pin = pin().replace("pins=", "");
    let from = room.0.path().display();
    let yaml = format!(
        "
notation: 1
title: Matched
sections:
  start:
    title: Start
    steps:
      - {{ do: Copy the metadata., uses: files.copy, with: {{ from: '{from}/metadata', to: metadata }} }}
      - {{ do: Copy the devices' files., uses: files.copy, with: {{ from: '{from}/keys', to: keys }} }}
      - {{ do: Copy the root., uses: files.copy, with: {{ from: '{from}/anchors', to: anchors }} }}
      - do: Match them.
        id: matched
        uses: attestation.match-root
        with: {{ root: metadata/root.json, keys: keys, anchors: anchors, pins: ['{pin}'] }}
      - end: Matched.
"
    );
    Ceremony::run(&yaml)
        .answer("start/1#go", "yes")
        .answer("start/2#go", "yes")
        .answer("start/3#go", "yes")
        .carry_out()
        .exits(0)
}

fn outputs(entries: &mut [Value]) -> &mut Value {
    let step = entries.iter_mut().find(|it| it["kind"] == "finished" && it["step"] == "start/4");
    &mut step.unwrap()["body"]["outputs"]
}

#[test]
fn the_record_of_a_match_holds_and_none_of_its_outputs_can_be_another() {
    let ceremony = matched();
    ceremony.replay().holds();
    let forger = Forger::on(&ceremony.folder());
    assert!(forger.replay(ceremony.entries().into()).holds);
    let forgeries: [Forgery; 12] = [
        ("kind", |it| it["kind"] = json!("yubihsm")),
        ("at", |it| it["at"] = json!("2020-01-01T00:00:00Z")),
        ("roles", |it| it["roles"][0]["threshold"] = 1.into()),
        ("a role less", |it| drop(it["roles"].as_array_mut().unwrap().pop())),
        ("a holder's name", |it| it["holders"][0]["who"] = json!("@eve")),
        ("a holder's device", |it| it["holders"][0]["devices"] = json!([25_000_022])),
        ("a holder less", |it| drop(it["holders"].as_array_mut().unwrap().pop())),
        ("a finding more", |it| it["findings"] = json!([{ "code": "holder", "message": "x" }])),
        ("other metadata", |it| it["metadata"][0]["path"] = json!("products/metadata/other.json")),
        ("no metadata", |it| it["metadata"] = json!([])),
        ("a device less", |it| drop(it["devices"].as_array_mut().unwrap().pop())),
        ("another serial number", |it| it["devices"][0]["serial"] = 12.into()),
    ];
    for (name, forge) in forgeries {
        let mut entries = ceremony.entries();
        forge(outputs(&mut entries));
        assert!(!forger.replay(entries.into()).holds, "{name} is another, and the record holds");
    }
}

#[test]
fn a_root_that_is_put_in_the_place_of_the_one_that_was_matched_is_found_out() {
    let ceremony = matched();
    let forger = Forger::on(&ceremony.folder());
    let path = "products/metadata/root.json";
    let digest = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let before = digest(&forger.file(path));
    for holders in [vec![ANN, BOB, EVE], vec![ANN], vec![ANN, EVE]] {
        let file = signed(&root(&holders, &holders, 1), &by(&holders));
        let text = serde_json::to_string(&ceremony.entries()).unwrap().replace(&before, &digest(&file));
        let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
        let files = [(path.to_string(), Some(file))].into();
        let replayed = forger.replay(Forged { files, ..entries.into() });
        let said = crate::forger::errors(&replayed).join("\n");
        assert!(!replayed.holds && said.contains("match"), "{} holders: {said}", holders.len());
    }
}
