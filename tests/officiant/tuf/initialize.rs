//! `tuf.initialize`: a repository of PEP 458's layout.

use super::initialize_support::{Sources, content, line, new_key, python_tuf};
use crate::{
    forger::{Forged, Forger, errors},
    resuming::death::{Broken, Death, of_kind, upto},
    support::{CarriedOut, Ceremony, officiant},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{fs, io::Write, path::Path, process::Stdio};

/// A runbook that makes keys and targets up, and a repository of 128 bins; what it expects of it comes at the end.
fn runbook(targets: usize, expect: &str) -> String {
    let list: String = (0..targets).map(line).collect();
    let keys = [1, 2, 3].map(|number| {
        format!(
            "\n      - {{ do: Write a key down., uses: files.write, with: {{ path: keys/{number}.pem, text: {:?} }} }}",
            new_key(None)
        )
    });
    format!(
        "
notation: 1
title: A repository
sections:
  start:
    title: Start
    steps:{}
      - {{ do: Write the targets down., uses: files.write, with: {{ path: targets.jsonl, text: {list:?} }} }}
      - do: Initialise the repository.
        id: made
        uses: tuf.initialize
        with:
          root_keys: [keys/1.pem, keys/2.pem, keys/3.pem]
          root_threshold: 2
          online_key_file: REHEARSAL
          bins: 128
          targets: targets.jsonl
          out: repository
          to_sign: unsigned
{expect}
      - end: Over.
",
        keys.concat()
    )
}

/// What is another in a value.
type Edit = fn(&mut Value);

/// A file, what is done to what is signed in it, and what the record then says.
type Changed<'a> = (&'a str, &'a dyn Fn(&mut Value), Edit);

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

fn failure(sources: &Sources, more: &[&str]) -> String {
    let output = sources.initialize(more);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(count(&sources.path("repo/metadata")) + count(&sources.path("unsigned")), 0);
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn python_tuf_takes_the_repository_and_fetches_a_target() {
    let sources = Sources::new(500);
    let Some(repository) = sources.published(&["bins=32"]) else { return };
    assert_eq!(count(&repository.join("metadata")), 32 + 2 + 3);
    let said = |words: &[&str]| python_tuf(&words.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    let repository = repository.display().to_string();
    assert_eq!(said(&["bins", &repository]), "500\n");
    let hash = hex::encode(Sha256::digest(content(77)));
    fs::create_dir_all(sources.path("repo/targets/packages")).unwrap();
    fs::write(sources.path(&format!("repo/targets/packages/{hash}.77.whl")), content(77)).unwrap();
    assert_eq!(said(&["fetch", &repository, "packages/77.whl"]), content(77));
}

#[test]
fn targets_come_from_standard_input_and_memory_is_bounded() {
    let sources = Sources::new(3_000);
    let keys = [1, 2, 3].map(|number| sources.said(&format!("{number}.pub.pem"))).join(",");
    let mut child = sources
        .step("tuf.initialize")
        .arg(format!("root_keys={keys}"))
        .arg(format!("online_key_file={}", sources.said("online.pem")))
        .args(["root_threshold=2", "out=other", "to_sign=others", "bins=4", "targets=-", "memory=0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&fs::read(sources.path("targets.jsonl")).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((made["targets"].as_u64(), made["bins"].as_u64()), (Some(3_000), Some(4)));
    assert!(made["spilled"].as_u64().unwrap() > 100_000, "{made}");
    let whole: Value = serde_json::from_slice(&sources.initialize(&["bins=4"]).stdout).unwrap();
    assert_eq!((&whole["spilled"], &whole["list_sha256"]), (&Value::from(0), &made["list_sha256"]));
    for bin in 0..4 {
        let signed = |folder: &str| {
            let bytes = fs::read(sources.path(&format!("{folder}/metadata/1.bin-{bin}.json"))).unwrap();
            serde_json::from_slice::<Value>(&bytes).unwrap()["signed"]["targets"].clone()
        };
        assert_eq!(signed("repo"), signed("other"));
    }
    // Nothing is left of the file in which they were.
    assert_eq!(count(&sources.path(".")), 3 + 3 + 2 + 4);
}

#[test]
fn a_wrong_list_is_refused_before_anything_is_made() {
    let sources = Sources::new(20);
    let list = fs::read_to_string(sources.path("targets.jsonl")).unwrap();
    for (more, why) in [
        (line(3), "the target \"packages/3.whl\" is on line 4 and again on line 21"),
        ("{\"path\":\"../x\"".to_string(), "line 21 of the targets is none: EOF"),
        (line(30).replace("packages/30", "packages/../30"), "line 21 of the targets is none: its path"),
        (line(30).replace("\"length\":", "\"length\":-"), "line 21 of the targets is none: invalid value"),
        ("\n".to_string(), "line 21 of the targets is none"),
    ] {
        fs::write(sources.path("targets.jsonl"), format!("{list}{more}")).unwrap();
        let said = failure(&sources, &["bins=4"]);
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn keys_that_cannot_do_what_they_are_for_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let sources = Sources::new(1);
    fs::set_permissions(sources.path("online.pem"), fs::Permissions::from_mode(0o640)).unwrap();
    let said = failure(&sources, &["bins=4"]);
    assert!(said.contains("others can read or write it (mode 640)"), "{said}");
    fs::set_permissions(sources.path("online.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    let one = format!("targets_keys={}", sources.said("1.pub.pem"));
    for (more, why) in [
        (vec!["online_key_file=REHEARSAL"], "this is no rehearsal"),
        (vec!["bins=3"], "3 is no power of two"),
        (vec![one.as_str()], "the threshold of targets is 2, of 1 keys"),
        (vec!["root_threshold=0"], "the threshold of root is 0"),
    ] {
        let said = failure(&sources, &more);
        assert!(said.contains(why), "{said}");
    }
    let private = format!("online_key_file={}", sources.said("1.pem"));
    let said = failure(&sources, &["bins=4", &private]);
    assert!(said.contains("the online key is among the keys of root"), "{said}");
    let ed25519 = sources.path("ed.pem");
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    fs::write(&ed25519, pem).unwrap();
    let keys = format!("bins_keys={},{}", ed25519.display(), sources.said("1.pub.pem"));
    let said = failure(&sources, &["bins=64", &keys]);
    assert!(said.contains("a YubiHSM 2 signs at most 2000 with ed25519"), "{said}");
    let output = sources.initialize(&["bins=64", &keys, "large_ed25519=true"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

fn holds(ceremony: &CarriedOut) -> Vec<Value> {
    ceremony.replay().holds();
    let finished = ceremony.entries().into_iter().filter(|entry| entry["kind"] == "finished");
    finished.filter(|entry| entry["body"]["outputs"]["bins"].is_number()).collect()
}

#[test]
fn the_record_has_every_file_and_the_report_says_so_in_short() {
    let ceremony = Ceremony::rehearse(&runbook(1_000, "")).carry_out().exits(0);
    let made = holds(&ceremony);
    assert_eq!(made[0]["body"]["products"].as_array().unwrap().len(), 128 + 2 + 3);
    let page = ceremony.canary().path().join("report.html");
    let output = officiant().arg("report").arg(ceremony.folder()).arg("-o").arg(&page).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(fs::read_to_string(&page).unwrap().contains("73 more files, each with its digest in the transcript"));

    let bin = ceremony.folder().join("products/repository/metadata/1.bin-05.json");
    let bytes = fs::read(&bin).unwrap();
    fs::write(&bin, [&bytes[..], b" "].concat()).unwrap();
    ceremony.replay().refuses("file-changed", "1.bin-05.json");
    fs::write(&bin, bytes).unwrap();
    fs::write(ceremony.folder().join("products/repository/metadata/1.bin-80.json"), "{}").unwrap();
    ceremony.replay().refuses("file-unknown", "1.bin-80.json");
}

#[test]
fn a_forged_record_of_a_new_repository_does_not_hold() {
    let ceremony = Ceremony::rehearse(&runbook(20, "")).carry_out().exits(0);
    let forger = Forger::on(&ceremony.folder());
    assert!(forger.replay(ceremony.entries().into()).holds);
    let is_made = |entry: &Value| entry["kind"] == "finished" && entry["body"]["outputs"]["bins"].is_number();
    let at = ceremony.entries().iter().position(is_made).unwrap();
    let outputs: [(&str, Edit); 9] = [
        ("a role less", |it| drop(it["roles"].as_array_mut().unwrap().remove(2))),
        ("a role more", |it| it["roles"].as_array_mut().unwrap().push(json!({ "role": "more" }))),
        ("the key of the bins", |it| it["roles"][3]["keys"] = json!(["00"])),
        ("a threshold", |it| it["roles"][0]["threshold"] = json!(1)),
        ("targets", |it| it["targets"] = json!(21)),
        ("files", |it| it["files"] = json!(7)),
        ("the list", |it| it["list_sha256"] = json!("00")),
        ("its size", |it| it["list_size"] = json!(1)),
        ("a folder", |it| it["metadata"] = json!("products/")),
    ];
    for (name, edit) in outputs {
        let mut entries = ceremony.entries();
        edit(&mut entries[at]["body"]["outputs"]);
        assert!(!forger.replay(entries.into()).holds, "{name} is another, and the record holds");
    }
    // A file that is to be signed, with all that the record says of it.
    let stranger = json!({ "keytype": "ed25519", "scheme": "ed25519", "keyval": { "public": "d7".repeat(32) } });
    let files: [Changed<'_>; 4] = [
        ("1.root.json", &|it| it["roles"]["root"]["threshold"] = json!(1), |it| {
            it["roles"][0]["threshold"] = json!(1);
        }),
        ("1.root.json", &|it| it["keys"]["00"] = stranger.clone(), |_| {}),
        ("1.targets.json", &|it| it["expires"] = json!("2999-01-01T00:00:00Z"), |it| {
            it["roles"][1]["expires"] = json!("2999-01-01T00:00:00Z");
        }),
        ("1.bins.json", &|it| it["delegations"]["roles"][5]["path_hash_prefixes"] = json!(["00"]), |_| {}),
    ];
    for (name, edit, said) in files {
        let path = format!("products/unsigned/{name}");
        let mut file: Value = serde_json::from_slice(&forger.file(&path)).unwrap();
        edit(&mut file["signed"]);
        let bytes = serde_json::to_vec(&file).unwrap();
        let mut entries = ceremony.entries();
        let body = &mut entries[at]["body"];
        said(&mut body["outputs"]);
        let record =
            body["products"].as_array_mut().unwrap().iter_mut().find(|it| it["path"] == path.as_str()).unwrap();
        record["sha256"] = hex::encode(Sha256::digest(&bytes)).into();
        record["size"] = bytes.len().into();
        let replayed = forger.replay(Forged { files: [(path, Some(bytes))].into(), ..Forged::from(entries) });
        let errors = errors(&replayed);
        assert!(errors.iter().any(|it| it.starts_with("repository: ")), "{name}: {errors:?}");
    }
}

#[test]
fn what_a_failed_step_made_is_set_aside_in_one_piece_and_it_is_done_again() {
    let expect = "        expect: [{ that: made.targets == 11 }]";
    let ceremony = Ceremony::rehearse(&runbook(10, expect));
    let stick = ceremony.path("stick");
    fs::create_dir(&stick).unwrap();
    let ceremony = ceremony
        .argument("--bind")
        .argument(format!("products={}", stick.display()))
        .answers("start/made#what-now", &["retry", "deviate"])
        .answer("start/made#reason", "It is what it is.")
        .carry_out()
        .exits(0);
    ceremony.replay().holds();
    let failed = of_kind(&ceremony.folder(), "failed");
    for (number, entry) in (1..).zip(&failed) {
        let evidence = entry["body"]["evidence"].as_array().unwrap();
        assert_eq!(evidence.len(), 128 + 2 + 3);
        let place = format!("evidence/000{number}-set-aside");
        assert!(evidence.iter().all(|file| file["path"].as_str().unwrap().starts_with(&place)), "{evidence:?}");
        assert_eq!(count(&ceremony.folder().join(format!("{place}/repository/metadata"))), 130);
    }
    assert_eq!(failed.len(), 2);
    assert_eq!(count(&ceremony.folder().join("products/repository/metadata")), 0);
    assert_eq!(count(&stick.join("repository/metadata")), 0);
}

#[test]
fn a_repository_that_is_in_no_entry_is_set_aside_when_the_ceremony_goes_on_and_made_anew() {
    let text = runbook(10, "");
    let whole = Ceremony::rehearse(&text).carry_out().exits(0);
    let is_go = |entry: &Value| entry["body"]["slot"] == "go" && entry["step"] == "start/5";
    let lines = upto(&whole.folder(), is_go);
    let ceremony = Ceremony::rehearse(&text);
    let stick = ceremony.path("stick");
    fs::create_dir(&stick).unwrap();
    let bound = format!("products={}", stick.display());
    let ceremony = ceremony.argument("--bind").argument(&bound);
    let broken = Broken::off(ceremony, Death { lines, bytes: 20 });
    assert_eq!(count(&broken.folder().join("products/repository/metadata")), 130);
    let said = broken.comes_to_its_end(&[], &["--bind", &bound]);
    assert!(said.contains("113 more files like it are moved there too"), "{said}");
    let resumed = of_kind(&broken.folder(), "resumed");
    assert_eq!(resumed[0]["body"]["set_aside"].as_array().unwrap().len(), 133 + 1);
    assert_eq!(count(&broken.folder().join("products/repository/metadata")), 130);
    assert_eq!(count(&stick.join("repository/metadata")), 130);
}

#[test]
fn a_private_key_is_no_product() {
    let ceremony = Ceremony::rehearse(&runbook(1, "").replace("REHEARSAL", "keys/1.pem"))
        .answer("start/made#what-now", "abort")
        .answer("start/made#reason", "It is a private key.")
        .carry_out();
    assert!(ceremony.stderr().contains("a product is published, and this is a private key"), "{}", ceremony.stderr());
}
