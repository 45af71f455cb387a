//! What changed against what is published, in words: who signs, how many must, until when, for what. Whatever changed that has no
//! words of its own is shown raw; nothing changes unseen.

mod raw;
mod roles;

use super::{
    edit::{EXPIRY, SIGNING},
    reported::Change,
    tree::View,
};
use crate::{text::plain, tuf::metadata::Document};
use raw::{named, raw, shown};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Most characters of a line: it is read on a terminal of 80 columns, indented.
const WIDTH: usize = 76;

/// What changed in every role whose file is not as it is published.
pub(crate) fn changes(published: &View, event: &View) -> Vec<Change> {
    let changed = event.changed_since(published);
    changed.iter().filter_map(|role| Some(change(role, published.document(role), event.document(role)?))).collect()
}

fn change(role: &str, old: Option<&Document>, new: &Document) -> Change {
    let version = |document: &Document| document.version().unwrap_or(0);
    Change { role: plain(role), from: old.map(version), to: version(new), lines: lines(old, new) }
}

/// The changes as people read them.
pub(crate) fn in_words(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        let from = change.from.map_or("new".to_string(), |from| format!("version {from} is published"));
        text.push_str(&folded(&format!("{}, version {} ({from})", change.role, change.to)));
        text.push('\n');
        for line in &change.lines {
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
    }
    text.trim_end().to_string()
}

fn lines(old: Option<&Document>, new: &Document) -> Vec<String> {
    let empty = Map::new();
    let before = old.map_or(&empty, |old| &old.signed);
    let mut lines = Lines(Vec::new());
    lines.dates(before, &new.signed, old.is_some());
    if new.kind() == "root" {
        lines.delegated(old, new, "");
    } else if before.get("delegations") != new.signed.get("delegations") {
        lines.delegated(old, new, "delegations.");
    }
    if new.kind() == "targets" {
        lines.artifacts(before.get("targets"), new.signed.get("targets"));
    }
    let known = ["version", "expires", EXPIRY, SIGNING];
    let kind = if new.kind() == "root" { ["keys", "roles"] } else { ["targets", "delegations"] };
    let names: BTreeSet<&String> = before.keys().chain(new.signed.keys()).collect();
    for name in names.into_iter().filter(|name| !known.contains(&name.as_str()) && !kind.contains(&name.as_str())) {
        raw(&plain(name), before.get(name), new.signed.get(name), &mut lines);
    }
    if lines.0.is_empty() && before != &new.signed {
        raw("signed", Some(&Value::Object(before.clone())), Some(&Value::Object(new.signed.clone())), &mut lines);
    }
    let others = old.map_or(&empty, |old| &old.others);
    if others != &new.others {
        raw("unsigned", Some(&Value::Object(others.clone())), Some(&Value::Object(new.others.clone())), &mut lines);
    }
    if old.is_some() && before == &new.signed && lines.0.is_empty() {
        lines.say("nothing that is signed has changed, only the signatures");
    }
    lines.0
}

/// Lines for people: short, aligned, without anything that a terminal could take for more than text.
pub(super) struct Lines(Vec<String>);

impl Lines {
    /// A line of its own.
    fn say(&mut self, text: &str) {
        self.at(1, text);
    }

    /// A line that belongs to the one above.
    fn at(&mut self, depth: usize, text: &str) {
        self.0.push(folded(&format!("{}{}", "  ".repeat(depth), plain(text))));
    }

    /// A name and a value, and what it was.
    fn field(&mut self, name: &str, new: &str, old: Option<&str>) {
        let was = old.map(|old| format!(" (was {old})")).unwrap_or_default();
        self.say(&format!("{name:<15} {new}{was}"));
    }

    fn dates(&mut self, before: &Map<String, Value>, after: &Map<String, Value>, is_old: bool) {
        let fields = [("expires", "expires"), (EXPIRY, "expiry period"), (SIGNING, "signing period")];
        if before.get("version") != after.get("version") && is_old {
            self.field("version", &shown(after.get("version")), Some(&shown(before.get("version"))));
        }
        for (field, name) in fields {
            let (old, new) = (before.get(field), after.get(field));
            if old == new {
                continue;
            }
            let told = |value: Option<&Value>| match value {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(days)) if field != "expires" => days_of(&days.to_string()),
                other => shown(other),
            };
            self.field(name, &told(new), is_old.then(|| told(old)).as_deref());
        }
    }

    /// What is to be downloaded: each new, changed or gone file with its length and digests.
    fn artifacts(&mut self, old: Option<&Value>, new: Option<&Value>) {
        let empty = Map::new();
        let (Some(after), before) = (new.and_then(Value::as_object), old.and_then(Value::as_object)) else {
            raw("targets", old, new, self);
            return;
        };
        let before = before.unwrap_or(&empty);
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let (old, new) = (before.get(name), after.get(name));
            let sign = match (old, new) {
                _ if old == new => continue,
                (None, _) => "new artifact",
                (_, None) => "artifact gone:",
                _ => "changed artifact",
            };
            self.say(&format!("{sign} {}", named(name)));
            for (value, sign) in [(old, "-"), (new, "+")] {
                let Some(Value::Object(value)) = value else {
                    if let Some(value) = value {
                        self.at(2, &format!("{sign} {}", shown(Some(value))));
                    }
                    continue;
                };
                if let Some(length) = value.get("length") {
                    self.at(2, &format!("{sign} length {}", shown(Some(length))));
                }
                for (algorithm, digest) in value.get("hashes").and_then(Value::as_object).into_iter().flatten() {
                    let digest = digest.as_str().map_or_else(|| shown(Some(digest)), str::to_string);
                    self.at(2, &format!("{sign} {algorithm} {digest}"));
                }
                for (field, other) in value.iter().filter(|(field, _)| !["length", "hashes"].contains(&field.as_str()))
                {
                    self.at(2, &format!("{sign} {field}: {}", shown(Some(other))));
                }
                let hashes = value.get("hashes");
                if hashes.is_some_and(|hashes| !hashes.is_object()) {
                    self.at(2, &format!("{sign} hashes: {}", shown(hashes)));
                }
            }
        }
    }
}

/// A number of days.
fn days_of(days: &str) -> String {
    if days == "1" { "1 day".to_string() } else { format!("{days} days") }
}

/// A line, folded where it is too long; what follows is indented further.
pub(super) fn folded(line: &str) -> String {
    let indent = line.chars().take_while(|it| *it == ' ').count() + 4;
    let mut out = String::new();
    let mut used = 0;
    let mut pending: Vec<char> = Vec::new();
    let place = |word: &mut Vec<char>, out: &mut String, used: &mut usize| {
        let length = word.len();
        let text = word.iter().collect::<String>();
        let solid = text.trim_start().chars().count();
        if *used + length <= WIDTH {
            out.push_str(&text);
            *used += length;
        } else {
            let word = text.trim_start();
            if *used > 0 && indent + solid <= WIDTH {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                out.push_str(word);
                *used = indent + solid;
            } else {
                // A word that is longer than a line is cut.
                for character in text.chars() {
                    if *used == WIDTH {
                        out.push('\n');
                        out.push_str(&" ".repeat(indent));
                        *used = indent;
                    }
                    out.push(character);
                    *used += 1;
                }
            }
        }
        word.clear();
    };
    for character in line.chars() {
        if character == ' ' && pending.last().is_some_and(|it| *it != ' ') {
            place(&mut pending, &mut out, &mut used);
        }
        pending.push(character);
    }
    place(&mut pending, &mut out, &mut used);
    out
}

#[cfg(test)]
mod tests {
    use super::{WIDTH, changes, folded, in_words};
    use crate::tuf::event::{practice::tests::practice, tree::View};
    use serde_json::{Value, json};

    /// Every way to a value.
    fn ways(value: &Value, way: &str, found: &mut Vec<String>) {
        found.push(way.to_string());
        match value {
            Value::Object(fields) => {
                fields
                    .iter()
                    .for_each(|(name, value)| ways(value, &format!("{way}/{}", name.replace('/', "~1")), found));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, value)| ways(value, &format!("{way}/{at}"), found));
            }
            _ => {}
        }
    }

    /// An event in which `signed` of a role is changed, if it can be read.
    fn with(view: &View, role: &str, change: impl FnOnce(&mut Value)) -> Option<View> {
        let path = &view.files[role];
        let mut value: Value = serde_json::from_slice(&view.tree[path]).ok()?;
        change(&mut value);
        let mut tree = view.tree.clone();
        tree.insert(path.clone(), serde_json::to_vec(&value).ok()?);
        View::read(tree).ok()
    }

    #[test]
    fn nothing_changes_unseen() {
        let published = practice();
        let mut seen = 0;
        for role in ["root", "targets"] {
            let mut found = Vec::new();
            let whole: Value = serde_json::from_slice(&published.tree[&published.files[role]]).unwrap();
            ways(&whole["signed"], "/signed", &mut found);
            for way in found.iter().skip(1) {
                let changed: [&dyn Fn(&mut Value); 5] = [
                    &|value| *value = json!("other"),
                    &|value| *value = json!(7),
                    &|value| {
                        if let Value::Object(fields) = value {
                            fields.insert("x-unknown".to_string(), json!({ "deep": [1] }));
                        } else {
                            *value = json!("awskms:other");
                        }
                    },
                    &|value| {
                        if let Value::Object(fields) = value {
                            fields.retain({
                                let mut first = true;
                                move |_, _| !std::mem::replace(&mut first, false)
                            });
                        } else if let Value::Array(items) = value {
                            items.pop();
                        }
                    },
                    &|value| {
                        if let Value::Array(items) = value {
                            items.reverse();
                        }
                    },
                ];
                for change in changed {
                    let Some(event) = with(&published, role, |whole| {
                        if let Some(value) = whole.pointer_mut(way) {
                            change(value);
                        }
                    }) else {
                        continue;
                    };
                    let said = changes(&published, &event);
                    let same = event.document(role).unwrap().signed == published.document(role).unwrap().signed;
                    let words = said.iter().flat_map(|change| &change.lines).count();
                    let only = "nothing that is signed has changed";
                    assert_eq!(same, words == 0 || in_words(&said).contains(only), "{way}: {}", in_words(&said));
                    seen += usize::from(!same);
                    // Nor does it hide behind the version, which is always another.
                    let bumped = with(&published, role, |whole| {
                        if let Some(value) = whole.pointer_mut(way) {
                            change(value);
                        }
                        whole["signed"]["version"] = json!(99);
                    });
                    if let Some(bumped) = bumped.filter(|_| !same && way != "/signed/version") {
                        let said = changes(&published, &bumped);
                        assert!(said[0].lines.len() > 1, "{way}: {}", in_words(&said));
                    }
                }
            }
        }
        assert!(seen > 100, "{seen}");
    }

    #[test]
    fn the_place_of_a_new_role_and_all_that_bins_have_are_seen() {
        let role = |name: &str, way: &str, it: Value| json!({ "name": name, "keyids": [], "threshold": 1, "terminating": true, way: it });
        let delegating = |view: &View, roles: Vec<Value>| {
            let delegations = json!({ "keys": {}, "roles": roles });
            with(view, "targets", |whole| whole["signed"]["delegations"] = delegations).unwrap()
        };
        let paths = |name: &str| role(name, "paths", json!(["*"]));
        let published = delegating(&practice(), vec![paths("old"), paths("older")]);
        let said = |roles: Vec<Value>| in_words(&changes(&published, &delegating(&published, roles)));
        assert!(!said(vec![paths("old"), paths("older"), paths("new")]).contains("order of the roles"));
        let words = said(vec![paths("new"), paths("old"), paths("older")]);
        assert!(
            words.contains("order of the roles: new, old, older\n") || words.ends_with("new, old, older"),
            "{words}"
        );
        assert!(said(vec![paths("older"), paths("old")]).contains("order of the roles: older, old (was old, older)"));
        let bins = (0..4).map(|bin| {
            let mut role = role(&format!("bin-{bin}"), "path_hash_prefixes", json!([bin.to_string()]));
            role["x-unseen"] = json!("evil");
            role
        });
        let words = said(bins.chain([paths("old"), paths("older")]).collect());
        assert!(words.contains("x-unseen: \"evil\""), "{words}");
        assert!(words.contains("order of the roles: bin-0 to bin-3, old, older"), "{words}");
    }

    /// Where this fails because a word was changed, `WORDING` has to be raised with it.
    #[test]
    fn the_words_of_a_record_stay_the_same_while_their_number_does() {
        assert_eq!(crate::tuf::event::reported::WORDING, 1);
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let key = json!({
            "keytype": "ed25519", "scheme": "ed25519", "keyval": { "public": public }, "x-tuf-on-ci-keyowner": "@ada",
        });
        let id = crate::tuf::metadata::Key::id_of(&key);
        let mut keys = serde_json::Map::new();
        keys.insert(id.clone(), key);
        let role = json!({ "keyids": [id], "threshold": 1 });
        let root = json!({ "signatures": [], "signed": {
            "_type": "root", "spec_version": "1.0.31", "version": 1, "expires": "2030-01-01T00:00:00Z",
            "consistent_snapshot": true, "keys": keys, "x-tuf-on-ci-expiry-period": 365, "x-tuf-on-ci-signing-period": 60,
            "roles": { "root": role, "targets": role, "snapshot": role, "timestamp": role },
        }});
        let targets = json!({ "signatures": [], "signed": {
            "_type": "targets", "spec_version": "1.0.31", "version": 1, "expires": "2030-01-01T00:00:00Z",
            "targets": { "a/b": { "length": 3, "hashes": { "sha256": "00".repeat(32) } } },
        }});
        let mut tree = practice().tree;
        tree.retain(|path, _| path.starts_with('.') && !path.contains("state"));
        for (path, value) in [("root.json", &root), ("root_history/1.root.json", &root), ("targets.json", &targets)] {
            tree.insert(path.to_string(), serde_json::to_vec(value).unwrap());
        }
        let published = View::read(tree).unwrap();
        let event = with(&published, "root", |whole| {
            whole["signed"]["version"] = json!(2);
            whole["signed"]["roles"]["root"]["threshold"] = json!(2);
            whole["signed"]["x-new"] = json!(1);
        });
        let words =
            [changes(&View::default(), &published), changes(&published, &event.unwrap())].map(|it| in_words(&it));
        assert_eq!(words.join("\n") + "\n", include_str!("diff/words.txt"));
    }

    #[test]
    fn every_line_fits_and_nothing_in_it_moves_what_is_shown() {
        let published = practice();
        let event = with(&published, "targets", |whole| {
            whole["signed"]["targets"] = json!({
                format!("a/{}\u{1b}[2J\u{202e}", "long".repeat(60)): { "length": 1, "hashes": { "sha512": "ab".repeat(64) } },
            });
        });
        let words = in_words(&changes(&published, &event.unwrap()));
        assert!(words.contains("new artifact"), "{words}");
        assert!(words.lines().all(|line| line.chars().count() <= WIDTH), "{words}");
        assert!(!words.contains(['\u{1b}', '\u{202e}']), "{words}");
        let first = in_words(&changes(&View::default(), &published));
        assert!(first.lines().all(|line| line.chars().count() <= WIDTH), "{first}");
        assert_eq!(folded("  a b").lines().count(), 1);
    }

    #[test]
    fn a_name_is_in_one_piece_and_cannot_be_taken_for_another_line() {
        let published = practice();
        let name = format!("a{}+ length 3", " ".repeat(70));
        let event = with(&published, "targets", |whole| {
            whole["signed"]["targets"] =
                json!({ name.as_str(): { "length": 1, "hashes": {} }, "b/c": { "length": 1, "hashes": {} } });
        });
        let words = in_words(&changes(&published, &event.unwrap()));
        assert!(words.contains("new artifact b/c\n"), "{words}");
        assert!(words.contains("\"a\\u0020") && !words.contains("+ length 3"), "{words}");
    }
}
