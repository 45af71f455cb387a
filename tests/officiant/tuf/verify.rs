//! `tuf.verify`: what holds, what is odd in it, and how it is told.

use super::repository::{
    AT, Draft, Files, Key, Repository, docs_key, folder, id, ids, online_key, root_key, stranger, target, targets_key,
    verify,
};
use crate::{attesting::real_data, forger::Forger, support::Ceremony};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};

/// What is changed before it is signed, and whether it holds then.
type Change = (&'static str, fn(&mut Repository), bool);
/// What is changed before it is signed, and what is said of it.
type Odd = (&'static str, fn(&mut Repository), &'static str);

const ODD: &[Odd] = &[
    (
        "an id that is not the hash of its key",
        |it| {
            it.signed("targets")["delegations"]["keys"] =
                json!({ "docs": docs_key().public(), online_key().id(): online_key().public() });
            it.delegated("targets")[0]["keyids"] = json!(["docs"]);
            it.draft("docs").by = vec![("docs".into(), docs_key())];
        },
        "key-id: 1.targets.json: the key id `docs` of `key docs` is not the hash of its key, ",
    ),
    (
        "a key twice in a role",
        |it| {
            let mut twin = docs_key().public();
            twin["x-tuf-on-ci-keyowner"] = "@twin".into();
            it.signed("targets")["delegations"]["keys"][id(&twin)] = twin.clone();
            it.delegated("targets")[0]["keyids"] = json!([docs_key().id(), id(&twin)]);
            it.draft("docs").by.push((id(&twin), docs_key()));
        },
        "duplicate-key: 3.docs.json: one public key of its role has the ids ",
    ),
    (
        "a key that two roles have under two ids",
        |it| {
            let mut twin = online_key().public();
            twin["x-tuf-on-ci-online-uri"] = "awskms:arn".into();
            it.signed("targets")["delegations"]["keys"][id(&twin)] = twin.clone();
            it.delegated("targets")[1]["keyids"] = json!([id(&twin)]);
            it.draft("bins").by = vec![(id(&twin), online_key())];
            it.signed("targets")["delegations"]["keys"].as_object_mut().unwrap().remove(&online_key().id());
        },
        "duplicate-key: all roles: one public key has 2 ids: ",
    ),
    (
        "a field",
        |it| it.signed("docs")["x-other"] = 1.into(),
        "unknown-field: 3.docs.json: a field in what is signed is not known: `x-other`",
    ),
    (
        "a field of a role",
        |it| it.delegated("targets")[0]["name2"] = 1.into(),
        "a field of a delegated role is not known: `name2`",
    ),
    (
        "a field of a target",
        |it| it.signed("docs")["targets"]["docs/b.txt"]["x"] = 1.into(),
        "the target `docs/b.txt` has a field that is not known, `x`",
    ),
    (
        "a field of what is named",
        |it| it.signed("snapshot")["meta"]["docs.json"]["x"] = 1.into(),
        "a field of `docs.json` is not known: `x`",
    ),
    (
        "a field of a key",
        |it| {
            for root in ["root1", "root2"] {
                let mut key = targets_key(0).public();
                key["keyid_hash_algorithms"] = json!(["sha256"]);
                let (id, old) = (id(&key), targets_key(0).id());
                it.signed(root)["keys"].as_object_mut().unwrap().remove(&old);
                it.signed(root)["keys"][&id] = key;
                it.signed(root)["roles"]["targets"]["keyids"] = json!([id, targets_key(1).id()]);
                it.draft("targets").by = vec![(id, targets_key(0)), (targets_key(1).id(), targets_key(1))];
            }
        },
        "is not known: `keyid_hash_algorithms`",
    ),
    (
        "a date",
        |it| it.signed("docs")["expires"] = "2031-01-01T00:00:00.5+02:00".into(),
        "date: 3.docs.json: it expires at `2031-01-01T00:00:00.5+02:00`, which is not written as YYYY-MM-DDTHH:MM:SSZ",
    ),
    (
        "a version of the specification",
        |it| it.signed("docs")["spec_version"] = "1.0".into(),
        "spec-version: 3.docs.json: ",
    ),
    ("a stranger", |it| it.draft("docs").by.push((stranger().id(), stranger())), "it is no key of the role"),
    (
        "a signature too few",
        |it| it.draft("root2").by.push((root_key(3).id(), stranger())),
        "signature: 2.root.json: the signature under `",
    ),
    (
        "a key that nobody uses",
        |it| it.signed("bins")["delegations"]["keys"][stranger().id()] = stranger().public(),
        "unused-key: 1.bins.json: no role has ",
    ),
    (
        "an id without a key",
        |it| it.delegated("bins")[0]["keyids"].as_array_mut().unwrap().push("ab".into()),
        "no-key: 1.bins.json: there is no key `ab` of the role `bin-0`",
    ),
    (
        "a key of another time",
        |it| {
            let key = json!({ "keytype": "sphincs", "scheme": "sphincs-shake-128s", "keyval": { "public": "ab" } });
            it.delegated("bins")[0]["keyids"].as_array_mut().unwrap().push(id(&key).into());
            it.signed("bins")["delegations"]["keys"][id(&key)] = key.clone();
        },
        "unusable-key: 1.bins.json: nothing verifies with ",
    ),
    (
        "text that is not in form C",
        |it| it.signed("docs")["targets"]["docs/e\u{301}"] = target("e"),
        "unicode-form: 3.docs.json: it has text that is not in Unicode's form C",
    ),
    (
        "a name that cannot be seen",
        |it| it.signed("docs")["targets"]["docs/\u{202e}gpj.exe"] = target("e"),
        "hostile-name: 3.docs.json: the name of the target `docs/\u{fffd}gpj.exe`",
    ),
    (
        "a weak hash",
        |it| it.signed("docs")["targets"]["docs/b.txt"]["hashes"] = json!({ "md5": "00" }),
        "hash: 3.docs.json: the target `docs/b.txt` has neither a SHA-256 nor a SHA-512",
    ),
    (
        "what nobody delegates to",
        |it| it.signed("snapshot")["meta"]["old.json"] = json!({ "version": 1 }),
        "undelegated: snapshot: it names `old.json`, which nobody delegates to",
    ),
    (
        "an online key for root",
        |it| {
            it.signed("root2")["roles"]["root"]["keyids"].as_array_mut().unwrap().push(online_key().id().into());
        },
        "online-root-key: version 2 of root: the same key signs for `root` and for `timestamp`",
    ),
    (
        "a role that no client knows",
        |it| it.signed("root2")["roles"]["mirrors"] = json!({ "keyids": [], "threshold": 1 }),
        "unknown-role: version 2 of root: ",
    ),
    (
        "more than a client takes",
        |it| it.signed("timestamp")["x-tuf-on-ci-filler"] = "x".repeat(20_000).into(),
        "client-limit: timestamp.json: it has ",
    ),
];

#[test]
fn what_is_odd_is_said_and_keeps_nothing_from_holding() {
    for (name, change, finding) in ODD {
        for compact in [false, true] {
            let mut repository = Repository { compact, ..Repository::genuine() };
            change(&mut repository);
            // A role that no client knows has no key, and none can sign for it.
            let said = verify(folder(&repository.files()).path(), &[AT]);
            if *name == "a role that no client knows" {
                said.refused(name, "the role `mirrors` has a threshold of 1");
                continue;
            }
            assert_eq!(said.code, Some(0), "{name}: {}", said.stderr);
            let findings = said.findings();
            assert!(findings.iter().any(|it| it.contains(finding)), "{name}: `{finding}` is not in {findings:#?}");
            assert!(said.stderr.contains("odd: "), "{name}");
        }
    }
}

#[test]
fn a_place_that_is_kept_for_a_signature_and_fields_of_tuf_on_ci_are_not_odd() {
    let mut repository = Repository::genuine();
    repository.signed("targets")["x-tuf-on-ci-expiry-period"] = 365.into();
    repository.signed("root2")["roles"]["timestamp"]["x-tuf-on-ci-signing-period"] = 1.into();
    let mut files = repository.files();
    let mut root: Value = serde_json::from_slice(&files["2.root.json"]).unwrap();
    root["signatures"].as_array_mut().unwrap().push(json!({ "keyid": root_key(3).id(), "sig": "" }));
    files.insert("2.root.json".into(), root.to_string().into_bytes());
    let said = verify(folder(&files).path(), &[AT]);
    assert_eq!(said.findings(), Vec::<String>::new());
}

#[test]
fn what_people_read_is_a_line_for_each_role() {
    let mut repository = Repository::genuine();
    let mut key = docs_key().public();
    key["x-tuf-on-ci-keyowner"] = "@writer\u{1b}[2J".into();
    repository.signed("targets")["delegations"]["keys"] =
        json!({ id(&key): key, online_key().id(): online_key().public() });
    repository.delegated("targets")[0]["keyids"] = json!([id(&key)]);
    repository.draft("docs").by = vec![(id(&key), docs_key())];
    let said = verify(folder(&repository.files()).path(), &[AT]);
    for line in [
        &format!(
            "root 2 · 2 of 2 · key {} key {} · expires 2031-01-01",
            &root_key(1).id()[..8],
            &root_key(2).id()[..8]
        ),
        "docs 3 · 1 of 1 · @writer\u{fffd}[2J · 1 target · expires 2031-01-01",
        &format!(
            "bin-0 … bin-1 (2 roles) 5 · 1 of 1 · key {} · 10 targets · expires 2031-01-01",
            &online_key().id()[..8]
        ),
        "Version 1 of root is the one in the folder: that it is the right one is for people to know.",
    ] {
        assert!(said.stderr.contains(line), "{line} is not in\n{}", said.stderr);
    }
    assert!(!said.stderr.contains('\u{1b}'));
    let outputs = said.holds();
    assert_eq!(outputs["root_versions"], json!([1, 2]));
    assert_eq!((&outputs["files"], &outputs["targets"]), (&json!(9), &json!(12)));
    assert_eq!((&outputs["spec"], &outputs["layout"]), (&json!("1.0.31"), &json!("N.ROLE.json, N.root.json")));
    let bins = outputs["roles"].as_array().unwrap().iter().find(|role| role["role"] == "bin-0 … bin-1").unwrap();
    assert_eq!((&bins["count"], &bins["version"], &bins["targets"]), (&json!(2), &json!(5), &json!(10)));
    let root = &outputs["roles"][0];
    let missing = format!("key {}", &root_key(3).id()[..8]);
    assert_eq!((&root["threshold"], &root["keys"], &root["missing"]), (&json!(2), &json!(3), &json!([missing])));
}

/// The files under other names.
fn renamed(files: &Files, rename: impl Fn(&str) -> Vec<String>) -> Files {
    files.iter().flat_map(|(name, bytes)| rename(name).into_iter().map(move |name| (name, bytes.clone()))).collect()
}

#[test]
fn each_layout_of_files_is_found() {
    let files = Repository::genuine().files();
    let plain = |name: &str| {
        let role = name.split_once('.').filter(|(head, _)| head.parse::<u32>().is_ok()).map_or(name, |(_, role)| role);
        role.to_string()
    };
    let on_git = |name: &str| match name {
        "1.root.json" => vec!["root_history/1.root.json".to_string()],
        "2.root.json" => vec!["root_history/2.root.json".to_string(), "root.json".to_string()],
        name => vec![plain(name)],
    };
    let named_newest = |name: &str| match name {
        "2.root.json" => vec!["root.json".to_string()],
        name => vec![name.to_string()],
    };
    let both = |name: &str| {
        if name.ends_with("root.json") { vec![name.to_string()] } else { vec![name.to_string(), plain(name)] }
    };
    for (files, layout) in [
        (renamed(&files, on_git), "ROLE.json, root_history/N.root.json"),
        (renamed(&files, named_newest), "N.ROLE.json, N.root.json"),
        (renamed(&files, both), "N.ROLE.json, N.root.json"),
    ] {
        let said = verify(folder(&files).path(), &[AT]);
        assert_eq!(said.code, Some(0), "{layout}: {}", said.stderr);
        assert_eq!(said.outputs["layout"], layout);
        assert_eq!(said.findings(), Vec::<String>::new(), "{layout}");
    }
    // A client reads the one with the version in its name.
    let mut files = renamed(&files, both);
    files.insert("docs.json".into(), b"{}".to_vec());
    let said = verify(folder(&files).path(), &[AT]);
    assert_eq!(said.findings(), ["other-file: docs.json: it differs from `3.docs.json`"]);
}

#[test]
fn a_root_that_is_trusted_is_where_it_begins() {
    let files = Repository::genuine().files();
    let folder = folder(&files);
    let trusted = folder.path().join("trusted.json");
    fs::write(&trusted, &files["2.root.json"]).unwrap();
    // What is before it is nobody's business.
    fs::remove_file(folder.path().join("metadata/1.root.json")).unwrap();
    let said = verify(folder.path(), &[AT, "root=trusted.json"]);
    assert!(!said.stderr.contains("for people to know"), "{}", said.stderr);
    assert_eq!(said.holds()["root_versions"], json!([2]));

    fs::write(folder.path().join("metadata/1.root.json"), &files["1.root.json"]).unwrap();
    fs::write(&trusted, &files["1.root.json"]).unwrap();
    assert_eq!(verify(folder.path(), &[AT, "root=trusted.json"]).holds()["root_versions"], json!([1, 2]));

    let mut other = Repository::genuine();
    other.signed("root1")["x-other"] = 1.into();
    fs::write(&trusted, &other.files()["1.root.json"]).unwrap();
    let said = verify(folder.path(), &[AT, "root=trusted.json"]);
    said.refused("another first root", "`1.root.json` is another version 1 of root than ");
    other.draft("root1").signed_by(&[&stranger()]);
    fs::remove_file(folder.path().join("metadata/1.root.json")).unwrap();
    fs::write(&trusted, &other.files()["1.root.json"]).unwrap();
    verify(folder.path(), &[AT, "root=trusted.json"])
        .refused("a root that nobody signed", "0 of the 2 keys of version 1");
    fs::write(&trusted, b"{").unwrap();
    verify(folder.path(), &[AT, "root=trusted.json"]).refused("half a root", "EOF while parsing");
}

#[test]
fn in_a_signing_event_missing_signatures_are_said_and_wrong_files_refused() {
    let mut repository = Repository::genuine();
    repository.draft("root2").signed_by(&[&root_key(1)]);
    repository.draft("targets").signed_by(&[&targets_key(1)]);
    repository.draft("docs").signed_by(&[]);
    repository.drafts.remove("bin-1");
    for name in ["timestamp", "snapshot"] {
        repository.drafts.remove(name);
    }
    for (name, file) in
        [("targets", "targets.json"), ("docs", "docs.json"), ("bins", "bins.json"), ("bin-0", "bin-0.json")]
    {
        repository.draft(name).file = file.into();
    }
    let folder = folder(&repository.files());
    verify(folder.path(), &[AT]).refused("published", "1 of the 2 keys of version 2 of root (its own)");
    let said = verify(folder.path(), &[AT, "event=true"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let findings = said.findings();
    for finding in [
        "missing-signatures: 2.root.json: 1 of the 2 keys of version 2 of root (its own)",
        "missing-signatures: 2.root.json: 1 of the 2 keys of version 1 of root (the one before)",
        "missing-signatures: targets.json: 1 of the 2 keys of the role `targets`",
        "missing-signatures: docs.json: 0 of the 1 keys of the role `docs`",
        "no-file: bin-1.json: ",
    ] {
        assert!(findings.iter().any(|it| it.starts_with(finding)), "{finding} is not in {findings:#?}");
    }
    assert!(said.stderr.contains("A signing event: the snapshot and the timestamp were not looked at."));
    repository.draft("root1").signed_by(&[&root_key(1)]);
    let folder = super::repository::folder(&repository.files());
    verify(folder.path(), &[AT, "event=true"]).refused("an older root", "`1.root.json`: 1 of the 2 keys");
}

#[test]
fn every_kind_of_key_that_repositories_have_verifies() {
    // As sigstore's older ones.
    let p256 = Key::p256(41);
    let Key::P256(signing) = &p256 else { unreachable!() };
    let point = hex::encode(signing.verifying_key().to_encoded_point(false).as_bytes());
    let hexed =
        json!({ "keytype": "ecdsa-sha2-nistp256", "scheme": "ecdsa-sha2-nistp256", "keyval": { "public": point } });
    let older = {
        let mut key = p256.public();
        key["keytype"] = "ecdsa-sha2-nistp256".into();
        key
    };
    let p384 = Key::p384(42);
    for (key, public) in [(&p256, &hexed), (&p256, &older), (&p256, &p256.public()), (&p384, &p384.public())] {
        let mut repository = Repository::genuine();
        repository.signed("targets")["delegations"]["keys"] =
            json!({ id(public): public, online_key().id(): online_key().public() });
        repository.delegated("targets")[0]["keyids"] = json!([id(public)]);
        repository.draft("docs").by = vec![(id(public), key.clone())];
        let said = verify(folder(&repository.files()).path(), &[AT]);
        assert_eq!(said.code, Some(0), "{public}: {}", said.stderr);
        assert_eq!(said.findings(), Vec::<String>::new(), "{public}");
    }
}

#[test]
fn a_role_that_two_delegate_to_is_signed_for_both_and_looked_at_once() {
    let mut repository = Repository::genuine();
    let docs = docs_key();
    let role =
        json!({ "name": "docs", "keyids": ids(&[&docs]), "threshold": 1, "terminating": true, "paths": ["manuals/*"] });
    repository.delegated("targets").remove(1);
    for name in ["bins", "bin-0", "bin-1"] {
        repository.drafts.remove(name);
        repository.signed("snapshot")["meta"].as_object_mut().unwrap().remove(&format!("{name}.json"));
    }
    let fields = json!({ "targets": {}, "delegations": { "keys": { docs.id(): docs.public() }, "roles": [role] } });
    repository.drafts.insert("other", Draft::new("1.other.json", "targets", 1, &fields, &[&online_key()]));
    repository.signed("snapshot")["meta"]["other.json"] = json!({ "version": 1 });
    repository.delegated("targets").push(
        json!({ "name": "other", "keyids": ids(&[&online_key()]), "threshold": 1, "terminating": false, "paths": ["manuals/*"] }),
    );
    repository.signed("docs")["targets"]["manuals/c.txt"] = target("c");
    let outputs = verify(folder(&repository.files()).path(), &[AT]).holds();
    assert_eq!(outputs["targets"], 3);
    // By the keys of one alone it is not enough.
    repository.signed("other")["delegations"]["keys"] = json!({ stranger().id(): stranger().public() });
    repository.signed("other")["delegations"]["roles"][0]["keyids"] = json!([stranger().id()]);
    let said = verify(folder(&repository.files()).path(), &[AT]);
    said.refused("another's keys", "`3.docs.json`: 0 of the 1 keys of the role `docs`");
    repository.signed("docs")["targets"]["elsewhere"] = target("c");
    repository.signed("other")["delegations"]["keys"] = json!({ docs.id(): docs.public() });
    repository.signed("other")["delegations"]["roles"][0]["keyids"] = json!([docs.id()]);
    let said = verify(folder(&repository.files()).path(), &[AT]);
    said.refused("a target of neither", "the role `docs` has the target `elsewhere`");
    // Nor does it hide behind many that are delegated by one alone.
    repository.delegated("targets")[0]["paths"] = json!(["manuals/*", "a/*"]);
    repository.signed("other")["delegations"]["roles"][0]["paths"] = json!(["b/*"]);
    repository.delegated("targets")[1]["paths"] = json!(["manuals/*", "b/*"]);
    for number in 0..10_000 {
        repository.signed("docs")["targets"][format!("b/{number}")] = target("c");
    }
    let said = verify(folder(&repository.files()).path(), &[AT]);
    said.refused("a target of neither behind many", "the role `docs`: 10000 or more of its targets are delegated");
}

#[test]
fn dockers_repository_holds_and_what_is_odd_in_it_is_said() {
    let Some(data) = real_data() else { return };
    let data = data.join("docker-2024-06-04");
    let said = verify(&data, &["at=2024-12-03T00:00:00Z"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let findings = said.findings();
    let [first, second, third] = findings.as_slice() else { panic!("{findings:#?}") };
    assert!(first.starts_with("key-id: version 1 of root: the key id `9c8e1be7"), "{first}");
    assert!(second.starts_with("key-id: targets.json: the key id `da52a1fb"), "{second}");
    assert!(third.starts_with("duplicate-key: all roles: one public key has 2 ids: `2ff207ae"), "{third}");
    assert!(third.contains("`@kipz`, `da52a1fb"), "{third}");
    let outputs = said.holds();
    let roles: Vec<_> = outputs["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| {
            let of = |name: &str| role[name].to_string();
            format!(
                "{} {} {}/{}",
                role["role"].as_str().unwrap(),
                of("version"),
                role["signed_by"].as_array().unwrap().len(),
                of("threshold")
            )
        })
        .collect();
    let expected = [
        "root 1 5/3",
        "timestamp 141 1/1",
        "snapshot 10 1/1",
        "targets 7 2/2",
        "doi 3 4/2",
        "testing 3 2/2",
        "rekor 2 2/2",
    ];
    assert_eq!(roles, expected);
    assert_eq!(outputs["layout"], "ROLE.json, fields of tuf-on-ci, root_history/N.root.json");
    verify(&data, &["at=2024-12-05T13:25:18Z"])
        .refused("its timestamp", "`timestamp.json`: it expired at 2024-12-05T13:25:18Z");
    let said = verify(&data, &["at=2025-08-01T00:00:00Z"]);
    said.refused("its root", "`root_history/1.root.json`: it expired at 2025-06-04T15:05:22Z");
    said.refused("its role", "`doi.json`: it expired at 2025-07-31T17:08:50Z");
    assert!(!said.stderr.contains("`rekor.json`: it expired"), "{}", said.stderr);
}

const RUNBOOK: &str = "
notation: 1
title: A repository
sections:
  start:
    title: Start
    steps:
      - do: Copy the metadata.
        uses: files.copy
        with: { from: FROM, to: metadata }
      - do: Verify it.
        id: repository
        uses: tuf.verify
        with: { metadata: metadata, at: \"2030-01-01T00:00:00Z\" }
        expect: [{ that: repository.targets == 12, else: There is another number of targets. }]
      - end: Over.
";

#[test]
fn a_replay_verifies_what_is_in_the_folder_again() {
    let from = folder(&Repository::genuine().files());
    let yaml = RUNBOOK.replace("FROM", from.path().join("metadata").to_str().unwrap());
    let done = Ceremony::rehearse(&yaml).argument("--outside").carry_out().exits(0);
    let replayed = done.replay();
    assert_eq!(replayed.code, Some(0), "{}", replayed.report);
    let metadata = done.folder().join("products/metadata");
    // A newer root is for the auditor to know.
    let mut newer = Repository::genuine().draft("root2").clone();
    newer.signed["version"] = 3.into();
    fs::write(metadata.join("3.root.json"), newer.value().to_string()).unwrap();
    let replayed = done.replay();
    assert!(
        replayed.report.to_string().contains("after version 2, the last one that the step saw"),
        "{}",
        replayed.report
    );
    fs::remove_file(metadata.join("3.root.json")).unwrap();
    // What is gone or other does not hold.
    fs::remove_file(metadata.join("3.docs.json")).unwrap();
    let replayed = done.replay();
    assert_ne!(replayed.code, Some(0));
    assert!(
        replayed.report.to_string().contains("neither `3.docs.json` nor `docs.json` is there"),
        "{}",
        replayed.report
    );
}

#[test]
fn metadata_outside_the_folder_proves_nothing_in_a_replay() {
    let from = folder(&Repository::genuine().files());
    let outside = from.path().join("metadata");
    let copy = RUNBOOK.find("      - do: Copy").unwrap()..RUNBOOK.find("      - do: Verify").unwrap();
    let yaml =
        RUNBOOK.replace(&RUNBOOK[copy], "").replace("metadata: metadata", &format!("metadata: {}", outside.display()));
    let done = Ceremony::rehearse(&yaml).carry_out().exits(0);
    let report = done.replay().report.to_string();
    assert!(
        report.contains("the metadata is outside the ceremony folder, and cannot be verified again from it"),
        "{report}"
    );
}

/// The pointers to all that is no object or list in a value.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(name, value)| leaves(value, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| leaves(value, &format!("{at}/{index}"), found));
        }
        _ => found.push(at.to_string()),
    }
}

#[test]
fn a_forged_record_of_a_verification_does_not_hold() {
    let mut repository = Repository::genuine();
    repository.signed("docs")["x-other"] = 1.into();
    let from = folder(&repository.files());
    let yaml = RUNBOOK.replace("FROM", from.path().join("metadata").to_str().unwrap());
    let done = Ceremony::rehearse(&yaml).argument("--outside").carry_out().exits(0);
    let forger = Forger::on(&done.folder());
    let entries = done.entries();
    assert!(forger.replay(entries.clone().into()).holds);
    let at = entries.iter().position(|entry| entry["body"]["outputs"]["root_versions"].is_array());
    let at = at.unwrap_or_else(|| panic!("{entries:#?}"));
    let mut pointers = Vec::new();
    leaves(&entries[at]["body"]["outputs"], "/body/outputs", &mut pointers);
    assert!(pointers.len() > 50);
    for pointer in pointers {
        let mut forged = entries.clone();
        let value = forged[at].pointer_mut(&pointer).unwrap();
        *value = match &value {
            Value::Number(number) => (number.as_u64().unwrap() + 1).into(),
            other => format!("{}x", other.as_str().unwrap()).into(),
        };
        assert!(!forger.replay(forged.into()).holds, "{pointer}");
    }
}

#[test]
fn python_tuf_verifies_the_same_and_refuses_the_same() {
    let peers = std::env::var_os("OFFICIANT_PEERS_VENV")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/peers"), std::path::PathBuf::from);
    let python = peers.join("bin/python");
    let there = Command::new(&python).args(["-c", "import tuf"]).output().is_ok_and(|it| it.status.success());
    if !there {
        assert!(std::env::var_os("CI").is_none(), "{} has no tuf; `make peers`", python.display());
        eprintln!("skipped: {} has no tuf; `make peers`", python.display());
        return;
    }
    let theirs = |metadata: &Path, at: &str| {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/tuf_verify.py");
        Command::new(&python).arg(program).arg(metadata).arg(at).output().unwrap()
    };
    if let Some(data) = real_data() {
        let metadata = data.join("docker-2024-06-04/metadata");
        for (at, holds) in [("2024-12-03T00:00:00Z", true), ("2024-12-05T13:25:18Z", false)] {
            let output = theirs(&metadata, at);
            assert_eq!(output.status.success(), holds, "{at}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
    let changes: &[Change] = &[
        ("genuine", |_| {}, true),
        ("without space", |it| it.compact = true, true),
        ("other letters", |it| it.signed("docs")["targets"]["docs/é\"\\日本😀\u{7f}"] = target("e"), false),
        ("letters", |it| it.signed("docs")["targets"]["docs/é\"日本😀"] = target("e"), true),
        ("a root by old keys alone", |it| it.draft("root2").signed_by(&[&root_key(0), &root_key(1)]), false),
        ("a root by new keys alone", |it| it.draft("root2").signed_by(&[&root_key(2), &root_key(3)]), false),
        ("a stranger", |it| it.draft("docs").signed_by(&[&stranger()]), false),
        ("a stranger as well", |it| it.draft("docs").by.push((stranger().id(), stranger())), true),
        ("an older role", |it| it.signed("docs")["version"] = 2.into(), false),
        ("expired", |it| it.signed("bin-1")["expires"] = "2029-12-31T23:59:59Z".into(), false),
        ("at that moment", |it| it.signed("snapshot")["expires"] = "2030-01-01T00:00:00Z".into(), false),
        ("another length", |it| it.signed("timestamp")["meta"]["snapshot.json"]["length"] = 7.into(), false),
        (
            "another hash",
            |it| it.signed("snapshot")["meta"]["docs.json"]["hashes"] = json!({ "sha256": "00".repeat(32) }),
            false,
        ),
        ("two signatures", |it| it.draft("docs").by.push((docs_key().id(), docs_key())), false),
        ("another key of targets", |it| it.draft("targets").signed_by(&[&targets_key(0)]), false),
    ];
    for (name, change, holds) in changes {
        let mut repository = Repository::genuine();
        change(&mut repository);
        let folder = folder(&repository.files());
        let ours = verify(folder.path(), &[AT]);
        assert_eq!(ours.code, Some(i32::from(!holds)), "{name}: {}", ours.stderr);
        let output = theirs(&folder.path().join("metadata"), &AT[3..]);
        let why = String::from_utf8_lossy(&output.stderr);
        // python-tuf does not look at the names of targets.
        let expected = *holds || *name == "other letters";
        assert_eq!(output.status.success(), expected, "{name}: {why}");
    }
}
