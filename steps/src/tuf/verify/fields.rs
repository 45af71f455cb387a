//! What is in metadata and is not in the specification, or is written as few write it.

use super::{
    super::metadata::{Document, Key},
    files::quoted,
    report::Finding,
};
use serde_json::{Map, Value};

/// What the names of tuf-on-ci's own fields begin with.
const TUF_ON_CI: &str = "x-tuf-on-ci-";

/// What every role has.
const OF_ALL: [&str; 4] = ["_type", "spec_version", "version", "expires"];

/// What a key has.
const OF_KEY: [&str; 3] = ["keytype", "scheme", "keyval"];

/// Whether tuf-on-ci wrote fields of its own into what is signed.
pub(super) fn has_tuf_on_ci(signed: &Map<String, Value>) -> bool {
    signed.keys().any(|name| name.starts_with(TUF_ON_CI))
}

/// What is odd in a file.
pub(super) fn findings(place: &str, document: &Document) -> Vec<Finding> {
    let mut odd = Odd { place, findings: Vec::new() };
    odd.unknown("at the top", &document.others, &[]);
    for signature in &document.signatures {
        odd.unknown("of a signature", &signature.others, &[]);
    }
    let own: &[&str] = match document.kind() {
        "root" => &["consistent_snapshot", "keys", "roles"],
        "targets" => &["targets", "delegations"],
        _ => &["meta"],
    };
    odd.unknown("in what is signed", &document.signed, &[&OF_ALL, own].concat());
    if document.kind() == "root" {
        for (name, role) in entries(document.signed.get("roles")) {
            odd.unknown_in(&format!("of the role {}", quoted(name)), role, &["keyids", "threshold"]);
        }
    }
    if let Some(delegations) = document.signed.get("delegations") {
        odd.unknown_in("of the delegations", delegations, &["keys", "roles"]);
        for role in delegations["roles"].as_array().into_iter().flatten() {
            let known = ["name", "keyids", "threshold", "terminating", "paths", "path_hash_prefixes"];
            odd.unknown_in("of a delegated role", role, &known);
        }
    }
    for (name, meta) in entries(document.signed.get("meta")) {
        odd.unknown_in(&format!("of {}", quoted(name)), meta, &["version", "length", "hashes"]);
    }
    if let Ok(expires) = document.text("expires")
        && !is_usual_date(expires)
    {
        odd.say("date", format!("it expires at {}, which is not written as YYYY-MM-DDTHH:MM:SSZ", quoted(expires)));
    }
    if let Ok(spec) = document.text("spec_version")
        && (spec.split('.').count() != 3 || spec.split('.').any(|part| part.parse::<u32>().is_err()))
    {
        odd.say("spec-version", format!("it is of version {} of the specification, which is no X.Y.Z", quoted(spec)));
    }
    odd.findings
}

/// What is odd in a key.
pub(super) fn of_key(place: &str, key: &Key) -> Vec<Finding> {
    let mut odd = Odd { place, findings: Vec::new() };
    let called = quoted(&key.called());
    odd.unknown_in(&format!("of {called}"), &key.value, &OF_KEY);
    odd.unknown_in(&format!("of the value of {called}"), &key.value["keyval"], &["public"]);
    let [keytype, scheme] = ["keytype", "scheme"].map(|name| key.value[name].as_str().unwrap_or_default());
    if let Ok(public) = &key.public
        && keytype != public.scheme().keytype()
        // As sigstore's, which are older.
        && !(keytype == scheme && keytype.starts_with("ecdsa-"))
    {
        odd.say("key-type", format!("the type of {called} is {}, with the scheme {}", quoted(keytype), quoted(scheme)));
    }
    odd.findings
}

struct Odd<'a> {
    place: &'a str,
    findings: Vec<Finding>,
}

impl Odd<'_> {
    fn say(&mut self, code: &str, message: String) {
        self.findings.push(Finding::new(code, self.place, message));
    }

    fn unknown_in(&mut self, of: &str, value: &Value, known: &[&str]) {
        if let Value::Object(entries) = value {
            self.unknown(of, entries, known);
        }
    }

    fn unknown(&mut self, of: &str, entries: &Map<String, Value>, known: &[&str]) {
        for name in entries.keys().filter(|name| !known.contains(&name.as_str()) && !name.starts_with(TUF_ON_CI)) {
            self.say("unknown-field", format!("a field {of} is not known: {}", quoted(name)));
        }
    }
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn is_usual_date(text: &str) -> bool {
    text.len() == 20
        && text.bytes().zip(*b"dddd-dd-ddTdd:dd:ddZ").all(|(byte, form)| match form {
            b'd' => byte.is_ascii_digit(),
            other => byte == other,
        })
}
