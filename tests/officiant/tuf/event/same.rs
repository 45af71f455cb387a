//! The same files as tuf-on-ci's own code makes, and one event with both.

use super::support::{Field, peers, with};
use crate::attesting::room::real_data;
use serde_json::{Value, json};

/// A change made by both: the words for our step, and what tuf-on-ci's code is to do.
struct Change<'a> {
    user: &'a str,
    step: Vec<String>,
    to_do: Value,
}

impl Change<'_> {
    /// Makes it in `clone`, and with tuf-on-ci's code in a copy of what was there: the files are the same, byte for byte.
    #[track_caller]
    fn make(&self, field: &Field, handler: &str) -> Value {
        field.copy("first/metadata", "theirs");
        let clone = format!("clone={}", field.text("first"));
        let user = format!("user={}", self.user);
        let mut words = vec![handler, &clone, &user, "out=copies"];
        words.extend(self.step.iter().map(String::as_str));
        let ours = field.step(&words).done();
        field.tuf_on_ci("theirs", "published", self.user, ours["at"].as_str(), &self.to_do);
        let (ours_there, theirs) = (field.tree("first/metadata"), field.tree("theirs"));
        assert_eq!(ours_there.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
        for (path, bytes) in &theirs {
            assert_eq!(String::from_utf8_lossy(&ours_there[path]), String::from_utf8_lossy(bytes), "{path}");
        }
        field.commit("first", "A change");
        ours
    }
}

fn words(given: &[(&str, Value)]) -> Vec<String> {
    given.iter().map(|(name, value)| with(name, value)).collect()
}

#[test]
fn every_change_writes_the_files_that_tuf_on_ci_writes() {
    if peers().is_none() {
        return;
    }
    let field = Field::new();
    let [lead, bob, carol, dave] = ["lead", "bob", "carol", "dave"].map(|name| field.key(name, "P-384"));
    let [online, other, third] = ["online", "other", "third"].map(|name| field.key(name, "P-256"));
    field.begin("first", "sign/init");
    let uri = "awskms:arn:aws:kms:us-east-1:1:key/2";
    let all = ["@lead", "@bob", "@carol"];
    Change {
        user: "@lead",
        step: words(&[
            ("root", json!({ "signers": "@Lead, bob,@carol", "threshold": 2 })),
            ("targets", json!({ "signers": ["@lead", "@bob"], "threshold": 2, "expiry_period": 100, "signing_period": 20 })),
            ("online", json!({ "public_key": online, "uri": uri, "snapshot": { "expiry_period": 30, "signing_period": 9 } })),
        ])
        .into_iter()
        .chain([format!("public_key={lead}")])
        .collect(),
        to_do: json!([
            { "set": "root", "signers": all, "threshold": 2, "expiry": 365, "signing": 60, "key": lead },
            { "set": "targets", "signers": ["@lead", "@bob"], "threshold": 2, "expiry": 100, "signing": 20, "key": lead },
            { "online": online, "uri": uri, "timestamp": [2, 1], "snapshot": [30, 9] },
        ]),
    }
    .make(&field, "tuf.delegate");
    for (user, key) in [("@bob", &bob), ("@carol", &carol)] {
        let step = vec![format!("public_key={key}")];
        Change { user, step, to_do: json!([{ "accept": key }]) }.make(&field, "tuf.accept");
    }
    assert!(!field.tree("first/metadata").contains_key(".signing-event-state"));

    field.publish("first");
    field.begin("first", "sign/later");
    field.copy("first/metadata", "published");
    // Carol's place is Dave's, the threshold is higher, and days are others.
    Change {
        user: "@lead",
        step: words(&[("root", json!({ "signers": ["@lead", "@bob", "@dave"], "threshold": 3, "expiry_period": 400 }))]),
        to_do: json!([{ "set": "root", "signers": ["@lead", "@bob", "@dave"], "threshold": 3, "expiry": 400, "signing": 60 }]),
    }
    .make(&field, "tuf.delegate");
    let step = vec![format!("public_key={dave}")];
    let state =
        Change { user: "@dave", step, to_do: json!([{ "accept": dave }]) }.make(&field, "tuf.accept")["state"].clone();
    assert_eq!(state["signatures"][0]["version"], 2);
    assert_eq!(state["signatures"][0]["previous_missing"], json!(["@lead", "@bob", "@carol"]));
    Change {
        user: "@lead",
        step: words(&[
            ("online", json!({ "public_key": other, "uri": "awskms:other", "timestamp": { "expiry_period": 7 } })),
            ("targets", json!({ "threshold": 1 })),
        ]),
        to_do: json!([
            { "set": "targets", "signers": ["@lead", "@bob"], "threshold": 1, "expiry": 100, "signing": 20 },
            { "online": other, "uri": "awskms:other", "timestamp": [7, 1], "snapshot": [30, 9] },
        ]),
    }
    .make(&field, "tuf.delegate");
    Change {
        user: "@lead",
        step: words(&[(
            "delegations",
            json!({
                "doi": { "signers": ["@lead", "@erin"], "threshold": 2, "expiry_period": 50, "signing_period": 5 },
                "opkl": { "online": { "public_key": third, "uri": "awskms:third" } },
            }),
        )])
        .into_iter()
        .chain([format!("public_key={lead}")])
        .collect(),
        to_do: json!([
            { "set": "doi", "signers": ["@lead", "@erin"], "threshold": 2, "expiry": 50, "signing": 5, "key": lead },
            { "set": "opkl", "signers": ["awskms:third"], "threshold": 1, "expiry": 365, "signing": 60,
              "key": third, "uri": "awskms:third" },
        ]),
    }
    .make(&field, "tuf.delegate");
    // The lead's device was lost; another key takes its place.
    let new = field.key("lead-2", "P-256");
    let all = ["@lead", "@bob", "@dave"];
    Change {
        user: "@lead",
        step: words(&[("root", json!({}))]).into_iter().chain([format!("public_key={new}")]).collect(),
        to_do: json!([
            { "set": "root", "signers": ["@bob", "@dave"], "threshold": 3, "expiry": 400, "signing": 60 },
            { "set": "root", "signers": all, "threshold": 3, "expiry": 400, "signing": 60, "key": new },
        ]),
    }
    .make(&field, "tuf.delegate");
    Change {
        user: "@lead",
        step: words(&[("renew", json!(["targets", "doi"]))]),
        to_do: json!([{ "renew": "targets" }, { "renew": "doi" }]),
    }
    .make(&field, "tuf.delegate");
}

#[test]
fn in_one_event_people_sign_with_officiant_and_with_tuf_on_ci() {
    if peers().is_none() {
        return;
    }
    let field = Field::new();
    let [lead, bob] = ["lead", "bob"].map(|name| field.key(name, "P-384"));
    let carol = field.key("carol", "P-256");
    let online = field.key("online", "P-256");
    field.begin("first", "sign/init");
    let clone = format!("clone={}", field.text("first"));
    let signers = json!({ "signers": "@lead,@bob,@carol", "threshold": 3 });
    let words = [
        with("root", &signers),
        with("targets", &json!({ "signers": "@lead,@bob", "threshold": 2 })),
        with("online", &json!({ "public_key": online, "uri": "awskms:arn" })),
        format!("public_key={lead}"),
    ];
    let words: Vec<&str> =
        ["tuf.delegate", &clone, "user=@lead", "out=a"].into_iter().chain(words.iter().map(String::as_str)).collect();
    let made = field.step(&words).done();
    assert_eq!((&made["state"]["to_sign"], &made["state"]["to_sign_later"]), (&json!(["targets"]), &json!(["root"])));
    field.commit("first", "Initial root and targets");
    let signed = field.sign("@lead", "lead");
    assert_eq!(signed["signatures"].as_array().unwrap().len(), 1, "root changes once more");
    field.commit("first", "Signature from @lead");
    let key = format!("key_file={}", field.text("lead.key"));
    let again = field.step(&["tuf.sign", &clone, "user=@lead", "out=s", &key]);
    again.refused("root changes once more when @bob, @carol has accepted");
    // Bob takes part with tuf-on-ci's own code: he accepts and signs what it lets him sign.
    let theirs = field.tuf_on_ci(
        "first/metadata",
        "none",
        "@bob",
        None,
        &json!([{ "accept": bob }, { "sign": field.text("bob.key") }]),
    );
    assert_eq!(theirs["invites"], json!([]));
    field.commit("first", "@bob accepted invitation");
    field.step(&["tuf.accept", &clone, "user=@carol", &format!("public_key={carol}"), "out=c"]).done();
    field.commit("first", "@carol accepted invitation");
    field.sign("@carol", "carol");
    field.commit("first", "Signature from @carol");
    let theirs = field.tuf_on_ci("first/metadata", "none", "@bob", None, &json!([{ "sign": field.text("bob.key") }]));
    assert_eq!((&theirs["state"], &theirs["unsigned"]), (&json!("NO_ACTION"), &json!([])), "{theirs}");
    assert!(theirs["said"][0].as_str().unwrap().contains("Signers: 3/3"), "{theirs}");
    field.commit("first", "Signature from @bob");
    let state = field.step(&["tuf.status", &clone, "user=@lead"]).done()["state"].clone();
    assert_eq!((&state["complete"], &state["to_sign"]), (&json!(false), &json!(["root"])));
    let signed = field.sign("@lead", "lead");
    assert_eq!(signed["state"]["complete"], true, "{signed}");
    assert_eq!(signed["state"]["signatures"][0]["signed_by"], json!(["@lead", "@bob", "@carol"]));
    let theirs = field.tuf_on_ci("first/metadata", "none", "@lead", None, &json!([]));
    assert_eq!(theirs["state"], "NO_ACTION", "{theirs}");
}

#[test]
fn a_change_to_dockers_real_metadata_writes_what_tuf_on_ci_writes() {
    let (Some(data), Some(_)) = (real_data(), peers()) else { return };
    let field = Field::new();
    let real = data.join("docker-2024-06-04/metadata");
    let copied = std::process::Command::new("cp").arg("-r").arg(real).arg(field.path("first/metadata")).status();
    assert!(copied.unwrap().success());
    field.commit("first", "Docker's metadata");
    field.publish("first");
    field.begin("first", "sign/later");
    field.copy("first/metadata", "published");
    let root: Value = serde_json::from_slice(&field.tree("published")["root.json"]).unwrap();
    let ids = root["signed"]["roles"]["root"]["keyids"].as_array().unwrap();
    let owner = |id: &Value| root["signed"]["keys"][id.as_str().unwrap()]["x-tuf-on-ci-keyowner"].as_str().unwrap();
    let mut signers: Vec<&str> = ids.iter().map(owner).collect();
    let gone = signers.pop().unwrap();
    signers.push("@somebody-new");
    let state = Change {
        user: signers[0],
        step: words(&[("root", json!({ "signers": signers, "threshold": 2 })), ("renew", json!(["doi"]))]),
        to_do: json!([
            { "set": "root", "signers": signers, "threshold": 2,
              "expiry": root["signed"]["x-tuf-on-ci-expiry-period"], "signing": root["signed"]["x-tuf-on-ci-signing-period"] },
            { "renew": "doi" },
        ]),
    }
    .make(&field, "tuf.delegate")["state"]
        .clone();
    let lines = state["changes"][0]["lines"].to_string();
    assert!(
        lines.contains(&format!("- {gone}")) && lines.contains("threshold 2, 4 keys (was threshold 3, 5 keys)"),
        "{lines}"
    );
    assert_eq!(state["faults"], json!([]), "what is published with its oddities is no fault of the event");
}
