//! In a ceremony and in a rehearsal, and what an auditor makes of it.

use super::support::{ARN, Desk, ID, SECRET, Service, TOKEN, genuine};
use crate::{
    forger::{Forger, errors, registry},
    support::Ceremony,
};
use officiant_engine::{
    conduct::{Exhibit, Performed},
    record::Folder,
};
use serde_json::{Value, json};
use std::fs;
use tempfile::TempDir;

fn runbook(key: &str) -> String {
    format!(
        "
notation: 1
title: The online key
sections:
  start:
    title: Start
    steps:
      - do: Get the public key.
        id: online
        uses: kms.public-key
        with: {{ key: '{key}', out: online.pem }}
      - end: The key is {{{{ online.uri }}}}.
"
    )
}

/// A ceremony with this AWS configuration, whose credentials are looked for in all that is written.
fn at(ceremony: Ceremony, desk: &Desk, service: &Service) -> Ceremony {
    for secret in [ID, SECRET, TOKEN] {
        ceremony.canary().confide(secret);
    }
    let ceremony = desk
        .environment()
        .into_iter()
        .fold(ceremony, |ceremony, (name, value)| ceremony.in_environment(name, value.to_str().unwrap()));
    ceremony.argument("-vv").argument("--bind").argument(format!("kms.endpoint={}", service.url))
}

fn outputs(entries: &mut [Value]) -> &mut Value {
    &mut entries.iter_mut().find(|it| it["kind"] == "finished" && it["step"] == "start/1").unwrap()["body"]["outputs"]
}

#[test]
fn the_record_holds_and_none_of_its_outputs_can_be_another() {
    let (desk, service) = (Desk::new(), genuine());
    let ceremony = at(Ceremony::run(&runbook(ARN)), &desk, &service).carry_out().exits(0);
    ceremony.replay().holds();
    let mut entries = ceremony.entries();
    assert_eq!(outputs(&mut entries)["uri"], format!("awskms:{ARN}"));
    assert_eq!(entries[0]["body"]["bindings"]["kms"]["endpoint"], service.url);
    let forger = Forger::on(&ceremony.folder());
    assert!(forger.replay(ceremony.entries().into()).holds);
    for (name, other) in [
        ("arn", json!(ARN.replace("751429f1", "00000000"))),
        ("uri", json!("awskms:alias/online")),
        ("scheme", json!("ecdsa-sha2-nistp384")),
        ("keytype", json!("rsa")),
        ("keyid", json!("00".repeat(32))),
        ("keyid_with_uri", json!("00".repeat(32))),
        ("fingerprint", json!("00".repeat(32))),
        ("path", json!("products/other.pem")),
        ("sha256", json!("00".repeat(32))),
    ] {
        let mut entries = ceremony.entries();
        outputs(&mut entries)[name] = other;
        assert!(!forger.replay(entries.into()).holds, "{name} is another, and the record holds");
    }
}

#[test]
fn what_is_no_public_key_or_one_of_another_sort_is_found_out() {
    let (desk, service) = (Desk::new(), genuine());
    let ceremony = at(Ceremony::run(&runbook(ARN)), &desk, &service).carry_out().exits(0);
    let forger = Forger::on(&ceremony.folder());
    let path = "products/online.pem";
    let other = String::from_utf8(forger.file(path)).unwrap();
    for file in ["", "x", &format!("{other}\n"), &other.replace('\n', "\r\n"), &other.replace("PUBLIC", "PRIVATE")] {
        let digest = |bytes: &[u8]| crate::attesting::room::digest(bytes);
        let text = serde_json::to_string(&ceremony.entries()).unwrap();
        let text = text.replace(&digest(other.as_bytes()), &digest(file.as_bytes()));
        let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
        let files = [(path.to_string(), Some(file.as_bytes().to_vec()))].into();
        let said = errors(&forger.replay(crate::forger::Forged { files, ..entries.into() })).join("\n");
        assert!(said.contains("the file is no public key"), "{file:?}: {said}");
    }
}

#[test]
fn a_rehearsal_makes_up_a_key_and_asks_nobody() {
    let (desk, service) = (Desk::new(), genuine());
    let ceremony = at(Ceremony::rehearse(&runbook("REHEARSAL")), &desk, &service).carry_out().exits(0);
    ceremony.replay().holds();
    assert_eq!(service.asked(), 0);
    let mut entries = ceremony.entries();
    assert_eq!(outputs(&mut entries)["uri"], "awskms:REHEARSAL");
    // Nobody passes it off as a real one.
    let folder = Folder::open(&ceremony.folder());
    let (with, outputs) = (json!({ "key": "REHEARSAL", "out": "online.pem" }), outputs(&mut entries).clone());
    let step = Performed {
        uses: "kms.public-key".into(),
        with: with.as_object().unwrap().clone(),
        outputs: Some(outputs.clone()),
        answered: Vec::new(),
        seen: Vec::new(),
        finished: true,
        taken_up: false,
        breaks: 0,
        began: jiff::Timestamp::now(),
        at: jiff::Timestamp::now(),
        serial: None,
        line: 1,
    };
    let said = |is_rehearsal: bool| {
        let exhibit = Exhibit::new(&folder, is_rehearsal, &[], std::slice::from_ref(&step), 0).unwrap();
        registry().get("kms.public-key").unwrap().audit(with.clone(), &outputs, &exhibit)
    };
    assert_eq!(said(true), []);
    assert_eq!(said(false)[0].message, "the key is one that was made up for a rehearsal");
}

#[test]
fn a_rehearsal_without_people_asks_aws_only_when_it_may() {
    let (desk, service) = (Desk::new(), genuine());
    let stopped = at(Ceremony::rehearse(&runbook(ARN)), &desk, &service).carry_out().exits(2);
    assert!(stopped.stderr().contains("with --outside if it may"), "{}", stopped.stderr());
    assert_eq!(service.asked(), 0);
    let ceremony = at(Ceremony::rehearse(&runbook(ARN)), &desk, &service).argument("--outside").carry_out().exits(0);
    ceremony.replay().holds();
    assert_eq!(service.asked(), 1);
}

#[test]
fn an_endpoint_with_a_password_is_never_recorded() {
    let ceremony = Ceremony::run(&runbook(ARN));
    ceremony.canary().confide("canary-password");
    let elsewhere = TempDir::new().unwrap();
    let bindings = elsewhere.path().join("bindings.toml");
    fs::write(&bindings, "[kms]\nendpoint = \"https://somebody:canary-password@kms.example\"\n").unwrap();
    let said = ceremony.argument("--bindings").argument(bindings.to_str().unwrap()).carry_out().exits(2);
    assert!(!said.folder().exists());
    said.mentions("the endpoint of KMS has a name or a password in it");
}
