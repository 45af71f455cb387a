//! The whole signing ceremony: a lead and four more key holders, each with a virtual YubiKey and a clone of one repository.

use super::support::{Aws, EVENT, Holder, Repository};
use crate::{
    cards::has_readers,
    support::{CarriedOut, officiant, pretty},
    terminal::Person,
    yubikeys::support::{VirtualReaders, installed, path_of},
};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};

/// The outputs of the last step that was performed by that handler.
fn outputs(ceremony: &CarriedOut, handler: &str) -> Value {
    let entries = ceremony.entries();
    let began = entries.iter().rev().find(|entry| entry["kind"] == "began" && entry["body"]["uses"] == handler);
    let step = began.unwrap_or_else(|| panic!("no {handler}"))["step"].clone();
    let finished = entries.iter().rev().find(|entry| entry["kind"] == "finished" && entry["step"] == step);
    finished.unwrap()["body"]["outputs"].clone()
}

/// What python-tuf says of root and targets.
#[track_caller]
fn python_tuf(metadata: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/tuf_event.py");
    let output = Command::new(path_of("python").unwrap()).arg(script).arg(metadata).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The lead's part.
#[track_caller]
fn initializes(lead: &Holder, repository: &Repository, aws: &Aws) -> CarriedOut {
    let ceremony = lead
        .rehearses(repository, "initialize.yaml")
        .argument("--bind")
        .argument(format!("kms.endpoint={}", aws.moto.url))
        .answer("inputs/online_key", aws.key.as_str())
        .answer(
            "prerequisites/root_signers",
            vec!["@Ada, @bob", "@Ada, @bbo, carol, @dave, @erin", "@Ada, @bob, carol, @dave, @erin"],
        )
        .answer("prerequisites/root_signers#sign-off/lead", vec![false, true])
        .answer("prerequisites/root_signers#what-now", "retry")
        .answer("prerequisites/targets_signers", "@ada, @bob");
    let variables = aws.desk.environment();
    let ceremony =
        variables.iter().fold(ceremony, |it, (name, value)| it.in_environment(name, value.to_str().unwrap()));
    ceremony.carry_out().exits(0).mentions("targets: 1 of 2 signatures; missing: @bob (invited).")
}

#[test]
fn five_key_holders_make_a_root_one_of_them_with_tuf_on_ci_and_each_record_holds() {
    if !has_readers() || !installed(&["git", "moto_server", "tuf-on-ci-sign", "python"]) {
        return;
    }
    let Some(readers) = VirtualReaders::start(&["libykcs11.so.2"]) else { return };
    let (aws, repository) = (Aws::start(), Repository::new());
    let holders = Holder::five();
    let [ada, bob, carol, dave, erin] = &holders;
    let mut records = vec![initializes(ada, &repository, &aws)];
    records.extend([bob, carol, dave].map(|holder| holder.signs(&repository)));
    erin.signs_with_tuf_on_ci(&repository, &readers);
    records.extend([ada, bob, carol].map(|holder| holder.signs(&repository)));

    let expected = [
        "Initial root and targets",
        "Signed by @ada",
        "@bob accepted invitation",
        "Signature from @bob",
        "@carol accepted invitation",
        "@dave accepted invitation",
        "@erin accepted invitation",
        "Signature from @ada",
        "Signature from @bob",
        "Signature from @carol",
    ];
    assert_eq!(repository.messages(), expected);
    let metadata = repository.metadata();
    pretty(&python_tuf(&metadata), "root: @ada, @bob, @carol, @erin\ntargets: @ada, @bob\n");
    let root: Value = serde_json::from_slice(&fs::read(metadata.join("root.json")).unwrap()).unwrap();
    let roles = &root["signed"]["roles"];
    assert_eq!((&roles["root"]["threshold"], &roles["targets"]["threshold"]), (&json!(3), &json!(2)));
    let online = &root["signed"]["keys"][roles["timestamp"]["keyids"][0].as_str().unwrap()];
    assert_eq!(online["x-tuf-on-ci-online-uri"], format!("awskms:{}", aws.key));

    let mut verify = officiant();
    verify.args(["step", "tuf.verify", "event=true"]).arg(format!("metadata={}", metadata.display()));
    let output = verify.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    records.push(completes(&repository, &holders));
    let matched = outputs(records.last().unwrap(), "attestation.match-root");
    let serials: Vec<&Value> = matched["devices"].as_array().unwrap().iter().map(|device| &device["serial"]).collect();
    assert_eq!(serials, [25_515_000, 25_515_001, 25_515_002, 25_515_003, 25_515_004]);
    for record in records.iter().chain(holders.iter().map(Holder::provisioning)) {
        record.replay().holds();
    }
}

/// The lead's last part, with somebody who presses GitHub's button when that is asked for.
#[track_caller]
fn completes(repository: &Repository, holders: &[Holder; 5]) -> CarriedOut {
    let data = repository.path("key-data");
    fs::create_dir(&data).unwrap();
    for holder in holders {
        let folder = data.join(holder.serial.to_string());
        fs::create_dir(&folder).unwrap();
        for entry in fs::read_dir(holder.keys()).unwrap().map(Result::unwrap) {
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    // The roots of virtual devices are in the folder of a rehearsal that has some.
    let runbook = repository.path("complete.yaml");
    let text = fs::read_to_string(&runbook).unwrap();
    fs::write(&runbook, text.replace("\nparticipants:\n", "\ndevices:\n  YubiKey: { kind: yubikey }\nparticipants:\n"))
        .unwrap();
    let clone = holders[0].clone_in(repository);
    let ceremony = [
        ("clone", clone.to_str().unwrap()),
        ("event", EVENT),
        ("ceremony_date", "2026-11-22"),
        ("key_data", data.to_str().unwrap()),
        ("anchors", "REHEARSAL"),
    ]
    .iter()
    .fold(repository.rehearse("complete.yaml").argument("--attended"), |ceremony, (name, value)| {
        ceremony.argument("--bind").argument(format!("inputs.{name}={value}"))
    });
    let mut lead = Person::at(ceremony);
    lead.sees("The signing event");
    for _ in 0..4 {
        lead.answers("Carry this out now?", "y");
    }
    lead.sees("Once every keyholder").sees("Done?");
    repository.merges();
    lead.enters("y").sees("online key").answers("Done?", "y");
    for _ in 0..2 {
        lead.answers("Carry this out now?", "y");
    }
    lead.sees("is now complete").answers("Done?", "y");
    for _ in 0..3 {
        lead.answers("Carry this out now?", "y");
    }
    lead.answers("Done?", "y").answers("Done?", "y");
    for _ in 0..3 {
        lead.answers("Carry this out now?", "y");
    }
    lead.leaves().exits(0)
}
