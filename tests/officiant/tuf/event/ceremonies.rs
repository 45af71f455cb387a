//! Ceremonies over signing events: recorded, replayed, forged, broken off.

use super::support::Field;
use crate::{
    cards::has_readers,
    forging::forge,
    resuming::death::{Broken, Death, probes, upto},
    support::{CarriedOut, Ceremony},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const HEAD: &str = "
notation: 1
title: Roles
participants:
  lead: { title: Lead }
deviations: { approved_by: [lead] }
sections:
  start:
    title: Start
    steps:
";

/// A change to a record.
type Edit<'a> = &'a dyn Fn(&mut Vec<Value>);

/// A whole ceremony in which somebody alone delegates and signs.
fn alone(field: &Field) -> CarriedOut {
    of_one(field).carry_out().exits(0)
}

fn of_one(field: &Field) -> Ceremony {
    let (lead, online) = (field.key("lead", "P-384"), field.key("online", "P-256"));
    field.begin("first", "sign/init");
    let (clone, key) = (field.text("first"), field.text("lead.key"));
    let runbook = format!(
        "{HEAD}
      - {{ do: Copy., uses: files.copy, with: {{ from: {lead}, to: keys/lead.pem }} }}
      - {{ do: Copy., uses: files.copy, with: {{ from: {online}, to: keys/online.pem }} }}
      - do: Delegate.
        uses: tuf.delegate
        with:
          clone: {clone}
          user: '@lead'
          root: {{ signers: '@lead', threshold: 1 }}
          online: {{ public_key: keys/online.pem, uri: 'awskms:arn' }}
          public_key: keys/lead.pem
          out: delegated
      - do: Sign.
        id: signed
        uses: tuf.sign
        with: {{ clone: {clone}, user: '@lead', key_file: {key}, out: signed }}
      - {{ do: Look., id: state, uses: tuf.status, with: {{ clone: {clone}, user: '@lead' }} }}
      - end: Complete {{{{ state.state.complete }}}}.
"
    );
    let mut ceremony = Ceremony::run(&runbook).answer("start/4#sign", "yes");
    for step in 1..=4 {
        ceremony = ceremony.answer(&format!("start/{step}#go"), "yes");
    }
    ceremony
}

fn outputs<'a>(entries: &'a mut [Value], step: &str) -> &'a mut Value {
    let mut finished = entries.iter_mut().filter(|entry| entry["kind"] == "finished" && entry["step"] == step);
    &mut finished.next().unwrap()["body"]["outputs"]
}

#[test]
fn a_ceremony_over_an_event_holds_from_its_folder_alone_and_forged_it_does_not() {
    let field = Field::new();
    let ceremony = alone(&field).mentions("+ @lead  ecdsa-sha2-nistp384").mentions("complete: enough have signed");
    drop(field);
    ceremony.replay().holds();
    let honest = ceremony.entries();
    let forgeries: [(&str, &str, Edit<'_>); 10] = [
        ("state", "is not as the record says", &|it| outputs(it, "start/3")["state"]["to_sign"] = json!([])),
        ("state", "is not as the record says", &|it| {
            outputs(it, "start/3")["state"]["changes"][0]["lines"][0] = json!("  nothing of interest");
        }),
        ("at", "not while it was carried out", &|it| outputs(it, "start/3")["at"] = json!("2020-01-01T00:00:00Z")),
        ("outputs", "with a digest that no recorded file has", &|it| {
            let digest = "0".repeat(64);
            outputs(it, "start/3")["files"]["after"]["root.json"]["sha256"] = digest.into();
        }),
        ("clone", "another", &|it| outputs(it, "start/3")["found"]["clone"] = json!("/elsewhere")),
        ("signature", "does not verify", &|it| {
            let signatures = &mut outputs(it, "start/4")["signatures"];
            let other = signatures[1]["signature"].clone();
            signatures[0]["signature"] = other;
        }),
        ("signature", "not one that signs", &|it| {
            outputs(it, "start/4")["signatures"][0]["keyid"] = json!("00".repeat(32));
        }),
        ("serial", "which device", &|it| outputs(it, "start/4")["serial"] = json!(12)),
        ("diff", "what was shown", &|it| {
            let seen = it.iter_mut().find(|entry| entry["body"]["seen"]["shown"].is_array()).unwrap();
            seen["body"]["seen"]["shown"][0]["to"] = json!(2);
        }),
        ("before", "right before it was changed", &|it| {
            let seen = it.iter_mut().find(|entry| entry["body"]["seen"]["after"].is_object()).unwrap();
            seen["body"]["seen"]["after"]["root.json"] = json!("00");
        }),
    ];
    for (code, part, edit) in forgeries {
        let mut entries = honest.clone();
        edit(&mut entries);
        assert_ne!(entries, honest, "{code}: {part}");
        ceremony.rewrite(&forge(&mut entries));
        ceremony.replay().refuses(code, part);
    }
    // Files are others, and the record speaks of them as if they had been so.
    for (step, folder, from, to, part) in [
        ("start/3", "delegated", "\"threshold\": 1", "\"threshold\": 2", "not what comes of the change"),
        ("start/4", "signed", "\"version\": 1", "\"version\": 2", "the signatures are not all that changed"),
        ("start/4", "signed", "\"sig\": \"30", "\"sig\": \"31", "the signatures are not all that changed"),
    ] {
        let mut text = serde_json::to_string(&honest).unwrap();
        let mut kept = Vec::new();
        for name in ["root.json", "root_history/1.root.json", "targets.json"] {
            let path = ceremony.folder().join(format!("products/{folder}/{name}"));
            let bytes = std::fs::read(&path).unwrap();
            let other = String::from_utf8(bytes.clone()).unwrap().replace(from, to);
            let (old, new) = (digest(&bytes), digest(other.as_bytes()));
            let mut entries: Vec<Value> = serde_json::from_str(&text).unwrap();
            for entry in entries.iter_mut().filter(|entry| entry["step"] == step) {
                *entry = serde_json::from_str(&entry.to_string().replace(&old, &new)).unwrap();
            }
            text = serde_json::to_string(&entries).unwrap();
            std::fs::write(&path, other).unwrap();
            kept.push((path, bytes));
        }
        let mut entries: Vec<Value> = serde_json::from_str(&text).unwrap();
        assert_ne!(entries, honest);
        ceremony.rewrite(&forge(&mut entries));
        ceremony.replay().refuses("change", part);
        for (path, bytes) in kept {
            std::fs::write(path, bytes).unwrap();
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A rehearsal without people, in the practice repository.
fn rehearsal(steps: &str) -> Ceremony {
    let devices = "\ndevices:\n  KEY-1: { kind: yubikey, rehearse: { serial: 90000001 } }\n";
    let head = HEAD.replace("\ndeviations", &format!("{devices}deviations"));
    Ceremony::rehearse(&format!("{head}{steps}      - end: Over.\n"))
}

const ACCEPT: &str = "
      - { do: Insert it., uses: devices.insert, with: { device: KEY-1 } }
      - do: Generate a key.
        uses: piv.generate-key
        with: { device: KEY-1, management_key: { secret: factory-default }, slot: 9c, algorithm: ECCP384, out: key.pem }
      - do: Accept.
        uses: tuf.accept
        with: { clone: REHEARSAL, user: Carol, public_key: key.pem, out: accepted }
";

const SIGN: &str = "
      - do: Sign.
        uses: tuf.sign
        with: { clone: REHEARSAL, user: Carol, device: KEY-1, pin: { secret: factory-default }, out: signed }
      - { do: Look., uses: tuf.status, with: { clone: REHEARSAL, user: Carol } }
";

#[test]
fn a_rehearsal_practises_on_a_repository_of_its_own_with_a_yubikey() {
    if !has_readers() {
        return;
    }
    let ceremony = rehearsal(&format!("{ACCEPT}{SIGN}")).carry_out().exits(0).mentions("PRACTICE").mentions("made up");
    let mut entries = ceremony.entries();
    assert_eq!(outputs(&mut entries, "start/3")["roles"], json!(["root", "targets"]));
    let signed = outputs(&mut entries, "start/4").clone();
    assert_eq!((&signed["serial"], signed["signatures"].as_array().unwrap().len()), (&json!(90_000_001), 2));
    assert_eq!(signed["state"]["signatures"][0]["signed_by"], json!(["@carol"]));
    ceremony.replay().holds();
}

#[test]
fn a_key_that_is_not_the_holders_is_refused_before_its_pin_is_used() {
    if !has_readers() {
        return;
    }
    let other = "
      - do: Generate another key.
        uses: piv.generate-key
        with: { device: KEY-1, management_key: { secret: factory-default }, slot: 9a, algorithm: ECCP384, out: other.pem }
";
    let sign =
        SIGN.replace("device: KEY-1,", "device: KEY-1, slot: 9a,").replace("factory-default }, out", "wrong }, out");
    let ask = "
      - { do: Make up a PIN., id: wrong, uses: ask.secret, with: { prompt: A PIN, min_length: 6, max_length: 8 } }
";
    let ceremony = rehearsal(&format!("{ACCEPT}{other}{ask}{sign}")).answer("start/6#choice", "abort").carry_out();
    assert!(ceremony.stderr().contains("holds another key than @carol has"), "{}", ceremony.stderr());
    assert!(ceremony.stderr().contains("no PIN was used"), "{}", ceremony.stderr());
}

#[test]
fn a_change_that_was_written_right_before_the_break_is_taken_up_and_another_is_made_once() {
    if !has_readers() {
        return;
    }
    let whole = rehearsal(ACCEPT).carry_out().exits(0);
    let lines = upto(&whole.folder(), |entry| entry["kind"] == "observed" && entry["step"] == "start/3");
    for (bytes, probed) in [(30, "done"), (0, "not-done")] {
        let broken = Broken::off(rehearsal(ACCEPT), Death { lines, bytes });
        broken.comes_to_its_end(&[], &[]);
        assert_eq!(probes(&broken.folder()).last().map(String::as_str), Some(probed));
        crate::support::replay(&broken.folder(), &[]).holds();
    }
}

#[test]
fn what_was_written_in_a_clone_right_before_a_break_is_taken_up() {
    const ANSWERS: [(&str, &str); 4] =
        [("resume/1", "yes"), ("start/3#go", "yes"), ("start/4#go", "yes"), ("start/4#sign", "yes")];
    let whole = alone(&Field::new());
    let writing = |step: &str| {
        let is_it = |entry: &Value| entry["step"] == step && entry["body"]["seen"]["after"].is_object();
        upto(&whole.folder(), is_it)
    };
    for step in ["start/3", "start/4"] {
        let field = Field::new();
        let broken = Broken::off(of_one(&field), Death { lines: writing(step), bytes: 30 });
        broken.comes_to_its_end(&ANSWERS, &[]);
        assert_eq!(probes(&broken.folder()).last().map(String::as_str), Some("done"), "{step}");
        crate::support::replay(&broken.folder(), &[]).holds();
    }
}

/// Signs a plain folder with one key after the other, each into a folder of its own.
#[test]
fn a_plain_folder_is_signed_by_one_key_after_the_other_and_nothing_in_it_is_replaced() {
    let field = super::refused::ready();
    field.copy("first/metadata", "plain");
    for role in ["root", "targets"] {
        std::fs::rename(field.path(&format!("plain/{role}.json")), field.path(&format!("plain/1.{role}.json")))
            .unwrap();
    }
    std::fs::remove_dir_all(field.path("plain/root_history")).unwrap();
    let (plain, lead, bob) = (field.text("plain"), field.text("lead.key"), field.text("bob.key"));
    let steps = format!(
        "
      - {{ do: Copy., uses: files.copy, with: {{ from: {plain}, to: unsigned }} }}
      - {{ do: Sign., uses: tuf.sign, with: {{ metadata: unsigned, key_file: {lead}, out: signed-1 }} }}
      - {{ do: Sign., uses: tuf.sign, with: {{ metadata: signed-1, key_file: {bob}, roles: [root], out: signed-2 }} }}
      - end: Over.
"
    );
    let mut ceremony = Ceremony::run(&format!("{HEAD}{steps}"));
    for key in ["1#go", "2#go", "3#go", "2#sign", "3#sign"] {
        ceremony = ceremony.answer(&format!("start/{key}"), "yes");
    }
    let ceremony = ceremony.carry_out().exits(0);
    ceremony.replay().holds();
    let mut entries = ceremony.entries();
    let last = outputs(&mut entries, "start/3")["state"]["signatures"].clone();
    assert_eq!((&last[0]["reached"], &last[1]["reached"]), (&json!(true), &json!(false)), "{last}");
    let file = |path: &str| std::fs::read(ceremony.folder().join("products").join(path)).unwrap();
    assert_eq!(file("unsigned/1.root.json"), field.tree("plain")["1.root.json"]);
    assert_eq!(file("signed-1/1.targets.json"), file("signed-2/1.targets.json"));
    let again = format!(
        "{HEAD}
      - {{ do: Sign., uses: tuf.sign, with: {{ metadata: {}, key_file: {lead}, out: signed }} }}
      - end: Over.
",
        ceremony.folder().join("products/signed-1").display()
    );
    let again = Ceremony::run(&again).answer("start/1#go", "yes").answer("start/1#choice", "abort");
    let again = again.answer("start/1#reason", "It was signed.").carry_out();
    assert!(again.stderr().contains("has signed root, targets already"), "{}", again.stderr());
}

#[test]
fn a_key_in_a_yubihsm_accepts_and_signs() {
    let runbook = HEAD
        .replace("\ndeviations", "\ndevices:\n  HSM: { kind: yubihsm2, rehearse: { serial: 7550054 } }\ndeviations");
    for algorithm in ["ecp256", "ed25519"] {
        let steps = format!(
            "
      - {{ do: Insert it., uses: devices.insert, with: {{ device: HSM, alone: true }} }}
      - do: Generate a key.
        uses: yubihsm.generate-asymmetric-key
        with:
          device: HSM
          password: {{ secret: factory-default }}
          object_id: 7
          label: ours
          domains: '1'
          capabilities: sign-ecdsa,sign-eddsa
          algorithm: {algorithm}
      - do: Export its public key.
        uses: yubihsm.get-public-key
        with: {{ device: HSM, password: {{ secret: factory-default }}, object_id: 7, out: key.pem }}
      - do: Accept.
        uses: tuf.accept
        with: {{ clone: REHEARSAL, user: '@carol', public_key: key.pem, out: accepted }}
      - do: Sign.
        uses: tuf.sign
        with:
          clone: REHEARSAL
          user: '@carol'
          device: HSM
          object_id: 7
          password: {{ secret: factory-default }}
          out: signed
      - end: Over.
"
        );
        let ceremony = Ceremony::rehearse(&format!("{runbook}{steps}")).carry_out().exits(0);
        ceremony.replay().holds();
        let mut entries = ceremony.entries();
        assert_eq!(outputs(&mut entries, "start/5")["serial"], 7_550_054);
    }
}
