//! What is refused, with its reason, before anybody signs.

use super::support::{Field, with};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::symlink};

/// A repository with an event in which everybody has accepted, and nobody has signed.
pub fn ready() -> Field {
    let field = Field::new();
    let [lead, bob] = ["lead", "bob"].map(|name| field.key(name, "P-256"));
    let online = field.key("online", "P-256");
    field.begin("first", "sign/init");
    let clone = format!("clone={}", field.text("first"));
    let words = [
        with("root", &json!({ "signers": "@lead,@bob", "threshold": 2 })),
        with("online", &json!({ "public_key": online, "uri": "awskms:arn" })),
        format!("public_key={lead}"),
    ];
    field.step(&["tuf.delegate", &clone, "user=@lead", "out=a", &words[0], &words[1], &words[2]]).done();
    field.commit("first", "Initial root and targets");
    let step = ["tuf.accept", &clone, "user=@bob", "out=a", &format!("public_key={bob}")];
    field.step(&step).done();
    field.commit("first", "@bob accepted invitation");
    field
}

/// What is against signing after a change to the files.
fn faults(field: &Field) -> String {
    let said = field.step(&["tuf.status", &format!("clone={}", field.text("first")), "user=@lead"]);
    if said.code == Some(0) {
        return said.outputs["state"]["faults"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap())
            .collect::<Vec<_>>()
            .join("\n");
    }
    said.stderr
}

fn edit(field: &Field, role: &str, change: &dyn Fn(&mut Value)) {
    let path = field.path(&format!("first/metadata/{role}.json"));
    let mut value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    let text = serde_json::to_vec(&value).unwrap();
    fs::write(&path, &text).unwrap();
    if role == "root" {
        fs::write(field.path("first/metadata/root_history/1.root.json"), text).unwrap();
    }
}

#[test]
fn what_is_wrong_in_an_event_is_said_with_its_reason() {
    let field = ready();
    assert_eq!(faults(&field), "");
    field.copy("first/metadata", "good");
    let in_root = |change: &dyn Fn(&mut Value)| edit(&field, "root", change);
    let first_key = |value: &Value| value["signed"]["roles"]["root"]["keyids"][0].as_str().unwrap().to_string();
    let write = |path: &str, bytes: &[u8]| fs::write(field.path(&format!("first/metadata/{path}")), bytes).unwrap();
    let wrongs: [(&str, &dyn Fn()); 21] = [
        ("root has version 3; after version 0", &|| in_root(&|it| it["signed"]["version"] = json!(3))),
        ("further away than its 365 days", &|| in_root(&|it| it["signed"]["expires"] = json!("2999-01-01T00:00:00Z"))),
        ("targets has expired already", &|| {
            edit(&field, "targets", &|it| it["signed"]["expires"] = json!("2020-01-01T00:00:00Z"));
        }),
        ("snapshot.json changed, which is signed online", &|| {
            write("snapshot.json", br#"{"signatures":[],"signed":{"_type":"snapshot","expires":"2999-01-01T00:00:00Z","meta":{},"spec_version":"1.0","version":1}}"#);
        }),
        ("are not the same", &|| write("root_history/1.root.json", b"{}")),
        ("root_history/7.root.json is new", &|| write("root_history/7.root.json", b"{}")),
        ("the role root wants 3 signatures, and has 2 signers", &|| {
            in_root(&|it| it["signed"]["roles"]["root"]["threshold"] = json!(3));
        }),
        ("@lead has 2 keys in the role root", &|| {
            in_root(&|it| {
                for key in it["signed"]["keys"].as_object_mut().unwrap().values_mut() {
                    key["x-tuf-on-ci-keyowner"] = json!("@lead");
                }
            });
        }),
        ("is not its digest", &|| {
            in_root(&|it| {
                let id = first_key(it);
                it["signed"]["keys"][&id]["x"] = json!(1);
            });
        }),
        ("one key, SHA-256", &|| {
            in_root(&|it| {
                let keys = it["signed"]["roles"]["root"]["keyids"].clone();
                let [one, two] = [0, 1].map(|at: usize| keys[at].as_str().unwrap().to_string());
                it["signed"]["keys"][&two]["keyval"] = it["signed"]["keys"][&one]["keyval"].clone();
            });
        }),
        ("a key 00 that is not there", &|| in_root(&|it| it["signed"]["roles"]["targets"]["keyids"] = json!(["00"]))),
        ("the signature of @lead under root does not verify", &|| {
            in_root(&|it| it["signatures"][0]["sig"] = json!("3000"));
        }),
        ("a signature of a key that nobody knows", &|| {
            in_root(&|it| it["signatures"] = json!([{ "keyid": "ab", "sig": "00" }]));
        }),
        ("not signed by the same keys", &|| in_root(&|it| it["signed"]["roles"]["snapshot"]["keyids"] = json!([]))),
        ("the days of timestamp do not go together", &|| {
            in_root(&|it| it["signed"]["roles"]["timestamp"]["x-tuf-on-ci-expiry-period"] = json!(1));
        }),
        ("does not say `consistent_snapshot`", &|| in_root(&|it| it["signed"]["consistent_snapshot"] = json!(false))),
        ("is online, and what says where is no URI", &|| {
            in_root(&|it| {
                let id = first_key(it);
                it["signed"]["keys"][id]["x-tuf-on-ci-online-uri"] = "@lead".into();
            });
        }),
        ("of a role that nobody delegates to", &|| {
            fs::copy(field.path("good/targets.json"), field.path("first/metadata/evil.json")).map(drop).unwrap();
        }),
        ("which is no role that people sign for", &|| {
            write(".signing-event-state", br#"{"invites": {"@x": ["snapshot"]}}"#);
        }),
        ("the key \"_type\" is there twice", &|| {
            write("root.json", br#"{"signatures":[],"signed":{"_type":"root","_type":"root"}}"#);
        }),
        ("is a symbolic link", &|| symlink("/etc/passwd", field.path("first/metadata/doi.json")).unwrap()),
    ];
    for (reason, change) in wrongs {
        change();
        let said = faults(&field);
        assert!(said.contains(reason), "`{reason}` is not in:\n{said}");
        let _ = fs::remove_dir_all(field.path("first/metadata"));
        field.copy("good", "first/metadata");
    }
    assert_eq!(faults(&field), "");
}

#[test]
fn a_step_that_cannot_be_says_why_and_what_to_do() {
    let field = ready();
    let clone = format!("clone={}", field.text("first"));
    let key = |name: &str| format!("key_file={}", field.text(&format!("{name}.key")));
    let sign = |user: &str, key: &str| field.step(&["tuf.sign", &clone, user, "out=s", key]);
    field.key("stranger", "P-256");
    sign("user=@lead", &key("stranger")).refused("holds another key than @lead has in the metadata");
    sign("user=@lead", &key("bob")).refused("there it is the key of @bob");
    sign("user=@nobody", &key("bob")).refused("@nobody does not sign for root, targets");
    let bob = format!("public_key={}", field.text("bob.pem"));
    field
        .step(&["tuf.accept", &clone, "user=@bob", &bob, "out=s"])
        .refused("invited to nothing, and has a key in it already");
    field
        .step(&["tuf.accept", &clone, "user=@eve", &bob, "out=s"])
        .refused("@eve is not invited in this event; invited: nobody");
    field.step(&["tuf.status", "clone=/nowhere"]).refused("`/nowhere` is not there");
    field
        .step(&["tuf.status", &format!("clone={}", field.text("up.git"))])
        .refused("is no git clone with files checked out");
    field.step(&["tuf.status", &clone, "published=origin/other"]).refused("does not know `origin/other`");
    field.step(&["tuf.status", &clone, "published=--output=x"]).refused("is no branch or commit");
    field.step(&["tuf.status", "clone=REHEARSAL"]).refused("for rehearsals alone");
    // What nobody committed, and no step made.
    edit(&field, "targets", &|it| it["signed"]["x"] = json!(1));
    sign("user=@lead", &key("lead"))
        .refused("what is not committed, and no step of this ceremony made it: targets.json");
    field.git("first", &["restore", "metadata"]);
    // What was committed by somebody who must not.
    edit(&field, "root", &|it| it["signed"]["version"] = json!(2));
    field.commit("first", "An attack");
    sign("user=@lead", &key("lead")).refused("root has version 2; after version 0, which is published, comes 1");
    field.git("first", &["switch", "-q", "main"]);
    field.step(&["tuf.status", &clone]).refused("`main` is checked out, which is what is published");
}

#[test]
fn what_was_published_otherwise_since_the_event_began_is_not_signed() {
    let field = ready();
    field.publish("first");
    field.begin("first", "sign/two");
    edit(&field, "targets", &|it| it["signed"]["version"] = json!(2));
    field.commit("first", "Another version");
    field.join("second");
    field.git("second", &["switch", "-q", "main"]);
    let clone = format!("clone={}", field.text("first"));
    let key = format!("key_file={}", field.text("lead.key"));
    let publish = |path: &str, text: &str| {
        fs::write(field.path(&format!("second/{path}")), text).unwrap();
        field.commit("second", "Published");
        field.publish("second");
        field.git("first", &["fetch", "-q", "origin"]);
        field.step(&["tuf.sign", &clone, "user=@lead", "out=s", &key])
    };
    // What the event does not change may be published meanwhile.
    let said = publish("metadata/timestamp.json", "{}");
    assert!(!said.stderr.contains("since this event began"), "{}", said.stderr);
    publish("metadata/targets.json", "{}")
        .refused("since this event began, others were published in the place of targets.json");
}

#[test]
fn a_clone_cannot_say_that_a_commit_goes_off_from_another() {
    let field = ready();
    let clone = format!("clone={}", field.text("first"));
    let base = field.step(&["tuf.status", &clone]).done()["found"]["base"].clone();
    let head = field.git("first", &["rev-parse", "HEAD"]);
    let [main, top] = ["origin/main", "HEAD^"].map(|name| field.git("first", &["rev-parse", name]));
    fs::write(field.path("first/.git/info/grafts"), format!("{main} {head}\n{head}\n")).unwrap();
    field.git("first", &["replace", &top, &main]);
    assert_eq!(field.step(&["tuf.status", &clone]).done()["found"]["base"], base);
}

#[test]
fn nothing_that_a_clone_says_is_run() {
    let field = ready();
    let (clone, ran) = (format!("clone={}", field.text("first")), field.path("ran"));
    let script = field.path("evil.sh");
    fs::write(&script, format!("#!/bin/sh\ntouch {}\n", ran.display())).unwrap();
    std::process::Command::new("chmod").arg("+x").arg(&script).status().unwrap();
    let evil = script.to_str().unwrap();
    for name in [
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "diff.external",
        "filter.x.smudge",
        "filter.x.clean",
        "diff.x.textconv",
    ] {
        field.git("first", &["config", name, evil]);
    }
    fs::write(field.path("first/.git/info/attributes"), "* filter=x diff=x\n").unwrap();
    for hook in ["post-checkout", "reference-transaction", "post-index-change"] {
        fs::create_dir_all(field.path("first/.git/hooks")).unwrap();
        fs::copy(&script, field.path(&format!("first/.git/hooks/{hook}"))).unwrap();
    }
    assert_eq!(field.step(&["tuf.status", &clone]).done()["state"]["faults"], json!([]));
    assert!(!ran.exists());
}
