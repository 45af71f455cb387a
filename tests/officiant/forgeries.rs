//! Everything that a forger does to a true record, one thing at a time: it is refused, or it is in the list of what no replay
//! can find, in `docs/promises.md`.

use crate::{
    cards::has_readers,
    forger::{Forged, Forger, broken, errors, everything},
    support::{CarriedOut, Ceremony},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What was tried on a record, and what came of it.
#[derive(Default)]
struct Tried {
    count: AtomicUsize,
    /// What held, by the name of what was done.
    held: Mutex<BTreeMap<String, Vec<String>>>,
}

/// A change: its name, where it was made, and the record with it.
type Change<'a> = dyn FnMut(&str, &str, Forged) + 'a;

/// Makes every change to a record, every `stride`th of those that are made at an entry.
fn try_everything(ceremony: &CarriedOut, stride: usize, tried: &Tried) {
    const THREADS: usize = 2;
    let entries = ceremony.entries();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (entries, folder) = (&entries, ceremony.folder());
            scope.spawn(move || {
                let forger = Forger::on(&folder);
                let unchanged = forger.replay(entries.clone().into());
                assert!(unchanged.holds, "{:#?}", errors(&unchanged));
                let mut number = 0;
                let mut change = |name: &str, place: &str, forged: Forged| {
                    if forged.entries == *entries && forged.files.is_empty() && !forged.one_key {
                        return;
                    }
                    number += 1;
                    if number % THREADS != thread {
                        return;
                    }
                    tried.count.fetch_add(1, Ordering::Relaxed);
                    if forger.replay(forged).holds {
                        tried.held.lock().unwrap().entry(name.to_string()).or_default().push(place.to_string());
                    }
                };
                at_entries(entries, stride, &mut change);
                of_steps(entries, stride, &mut change);
                of_outputs(&forger, entries, stride, &mut change);
                of_sessions(entries, &mut change);
                of_the_first(&forger, entries, &mut change);
            });
        }
    });
}

fn kind(entry: &Value) -> &str {
    entry["kind"].as_str().unwrap()
}

/// The kind of an entry, and the question's slot of an answer.
fn sort(entry: &Value) -> String {
    let slot = entry["body"]["slot"].as_str().map(|slot| slot.split('/').next().unwrap_or(slot));
    slot.map_or_else(|| kind(entry).to_string(), |slot| format!("{} {slot}", kind(entry)))
}

fn place(index: usize, entry: &Value) -> String {
    format!("line {} {} {}", index + 1, sort(entry), entry["step"].as_str().unwrap_or_default())
}

/// Replaces a text everywhere after an entry, as what follows from it.
fn follow(entries: &mut [Value], from: usize, old: &Value, new: &Value) {
    for entry in &mut entries[from..] {
        replace(&mut entry["body"], old, new);
    }
}

fn replace(value: &mut Value, old: &Value, new: &Value) {
    match (&mut *value, old, new) {
        (Value::String(text), Value::String(old), Value::String(new)) if old.len() > 3 => {
            *text = text.replace(old, new);
        }
        (Value::Array(items), ..) => items.iter_mut().for_each(|item| replace(item, old, new)),
        (Value::Object(members), ..) => members.values_mut().for_each(|member| replace(member, old, new)),
        _ => {}
    }
}

/// Single entries dropped, doubled, moved, given to somebody else, at another time, saying something else.
fn at_entries(entries: &[Value], stride: usize, change: &mut Change<'_>) {
    let roles: Vec<&String> = entries[0]["body"]["participants"].as_object().unwrap().keys().collect();
    let steps: BTreeSet<&str> = entries.iter().filter_map(|entry| entry["step"].as_str()).collect();
    for (index, entry) in entries.iter().enumerate().skip(1).step_by(stride) {
        let (sort, place) = (sort(entry), place(index, entry));
        let mut tell = |name: &str, entries: Vec<Value>| change(&format!("{name}: {sort}"), &place, entries.into());
        let edited = |edit: &dyn Fn(&mut Value)| {
            let mut entries = entries.to_vec();
            edit(&mut entries[index]);
            entries
        };
        let mut without = entries.to_vec();
        without.remove(index);
        if index + 1 < entries.len() {
            tell("an entry dropped", without);
        }
        let mut twice = entries.to_vec();
        twice.insert(index, entry.clone());
        tell("an entry twice", twice);
        if let Some(next) = entries.get(index + 1) {
            let mut swapped = entries.to_vec();
            swapped.swap(index, index + 1);
            let at = swapped[index]["at"].take();
            swapped[index]["at"] = swapped[index + 1]["at"].take();
            swapped[index + 1]["at"] = at;
            tell(&format!("an entry after the next, {}", self::sort(next)), swapped);
        }
        for role in roles.iter().map(|role| Value::from(role.as_str())).chain([Value::Null, "nobody".into()]) {
            tell(
                "by another",
                edited(&|entry| match &role {
                    Value::Null => drop(entry.as_object_mut().unwrap().remove("by")),
                    role => entry["by"] = role.clone(),
                }),
            );
        }
        let mut others = steps.iter().filter(|step| entry["step"] != **step);
        for step in [others.next().copied(), others.next_back().copied(), None] {
            tell(
                "of another step",
                edited(&|entry| match step {
                    None => drop(entry.as_object_mut().unwrap().remove("step")),
                    Some(step) => entry["step"] = step.into(),
                }),
            );
        }
        tell("before the ceremony was opened", edited(&|entry| entry["at"] = "2020-01-01T00:00:00.000Z".into()));
        tell("at no time", edited(&|entry| entry["at"] = "2026-13-01T00:00:00.000Z".into()));
        if index + 1 < entries.len() {
            tell("after the next entry", edited(&|entry| entry["at"] = "2999-01-01T00:00:00.000Z".into()));
        }
        let before = entries[index - 1]["at"].clone();
        tell("at the time of the entry before", edited(&|entry| entry["at"] = before.clone()));
        for (path, value) in leaves(&entry["body"], String::new()) {
            let general = general(&path);
            if general.starts_with("/outputs") || general == "/session_key" {
                continue;
            }
            let mut kept = Forged { keeps_heads: true, ..Forged::default() };
            for new in others_of(&value) {
                let mut entries = entries.to_vec();
                *entries[index]["body"].pointer_mut(&path).unwrap() = new.clone();
                let name = format!("`{general}` of {} is another", kind(entry));
                // Chains and heads are the same otherwise, so the heads are made to fit unless one of them is changed.
                kept.keeps_heads = path == "/head" || path == "/words";
                kept.entries.clone_from(&entries);
                change(&name, &format!("{place} alone"), kept.clone());
                follow(&mut entries, index + 1, &value, &new);
                kept.entries = entries;
                change(&name, &format!("{place} and what follows"), kept.clone());
            }
        }
        let holes =
            |body: &Value| body.as_object().map(|it| it.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        for member in holes(&entry["body"]) {
            let mut entries = entries.to_vec();
            entries[index]["body"].as_object_mut().unwrap().remove(&member);
            if member != "session_key" {
                let keeps_heads = member == "head" || member == "words";
                let forged = Forged { keeps_heads, ..Forged::from(entries) };
                change(&format!("`{member}` of {} is missing", kind(entry)), &place, forged);
            }
        }
    }
}

/// A path without the numbers and names that differ from step to step.
fn general(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let free = ["values", "takes", "with", "devices", "interfaces", "participants", "seen"];
    let named = parts.iter().position(|part| free.contains(part)).map_or(parts.len(), |at| at + 1);
    let parts = parts[..named].iter().map(|part| if part.parse::<usize>().is_ok() { "…" } else { part });
    parts.fold(String::new(), |path, part| format!("{path}/{part}"))
}

/// Every value that holds no other, with its JSON pointer.
fn leaves(value: &Value, path: String) -> Vec<(String, Value)> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| leaves(value, format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))))
            .collect(),
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(at, value)| leaves(value, format!("{path}/{at}"))).collect()
        }
        other => vec![(path, other.clone())],
    }
}

/// Every list, with its JSON pointer.
fn lists(value: &Value, path: String) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let below = inner.into_iter().flat_map(|(name, value)| lists(value, format!("{path}/{name}")));
    let below: Vec<String> = below.collect();
    value.is_array().then_some(path).into_iter().chain(below).collect()
}

/// Other values of the same type.
fn others_of(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(it) => vec![(!it).into()],
        Value::Number(it) => vec![(it.as_i64().unwrap_or_default() + 1).into(), json!(0)],
        Value::String(it) if it == "done" => vec!["not-done".into(), "unknown".into(), "failed".into()],
        Value::String(it) if it == "not-done" => vec!["done".into(), "unknown".into(), "failed".into()],
        Value::String(it) if it.len() >= 64 && it.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            vec![it.chars().rev().collect::<String>().into()]
        }
        Value::String(it) => vec![format!("{it}x").into(), "red".into()],
        _ => Vec::new(),
    }
}

/// Where the entries of each step begin and end.
fn spans(entries: &[Value]) -> Vec<(usize, usize)> {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for (index, entry) in entries.iter().enumerate().skip(1) {
        match spans.last_mut() {
            Some((from, to)) if *to == index && entries[*from]["step"] == entry["step"] => *to = index + 1,
            _ => spans.push((index, index + 1)),
        }
    }
    spans
}

/// Whole steps dropped, done twice, moved; failures, approvals and branches taken out with all that belongs to them.
#[allow(clippy::too_many_lines, reason = "a list of changes")]
fn of_steps(entries: &[Value], stride: usize, change: &mut Change<'_>) {
    let spans = spans(entries);
    for (number, (from, to)) in spans.iter().copied().enumerate().step_by(stride) {
        let what = entries[from..to].iter().find_map(|entry| entry["body"]["uses"].as_str()).unwrap_or("no handler");
        let place = format!("step {} ({what})", entries[from]["step"]);
        if to == entries.len() {
            continue;
        }
        let mut without = entries.to_vec();
        without.drain(from..to);
        change("a step dropped", &place, without.into());
        let mut twice = entries.to_vec();
        twice.splice(
            to..to,
            entries[from..to].iter().cloned().map(|mut entry| {
                entry["at"] = entries[to - 1]["at"].clone();
                entry
            }),
        );
        change("a step done twice", &place, twice.into());
        if let Some((next, after)) = spans.get(number + 1).copied() {
            let times: Vec<Value> = entries[from..after].iter().map(|entry| entry["at"].clone()).collect();
            let mut moved = entries.to_vec();
            moved[from..after].rotate_left(next - from);
            for (entry, at) in moved[from..after].iter_mut().zip(times) {
                entry["at"] = at;
            }
            change("a step after the next", &place, moved.into());
        }
    }
    for (index, entry) in entries.iter().enumerate() {
        let place = place(index, entry);
        match kind(entry) {
            // All that a failure led to, up to the new try.
            "failed" => {
                let retried =
                    entries[index..].iter().position(|it| it["kind"] == "retried" && it["step"] == entry["step"]);
                let Some(retried) = retried.map(|at| index + at) else { continue };
                let mut smooth = entries.to_vec();
                smooth.drain(index..=retried);
                let tries = |it: &Value| it["kind"] == "retried" && it["step"] == entry["step"];
                for later in smooth[index..].iter_mut().filter(|it| tries(it)) {
                    let attempt = later["body"]["attempt"].as_u64().unwrap() - 1;
                    later["body"]["attempt"] = attempt.into();
                }
                change("a failure and what the people did then never happened", &place, smooth.clone().into());
                // The go-ahead of the first try, or its answer, goes too.
                let first =
                    entries[..index].iter().rposition(|it| it["kind"] == "began" && it["step"] == entry["step"]);
                if let Some(first) = first {
                    smooth = entries.to_vec();
                    smooth.drain(first + 1..=retried);
                    for later in smooth[first..].iter_mut().filter(|it| tries(it)) {
                        let attempt = later["body"]["attempt"].as_u64().unwrap() - 1;
                        later["body"]["attempt"] = attempt.into();
                    }
                    change("a try that failed never happened", &place, smooth.into());
                }
            }
            "deviated" => {
                let mut entries = entries.to_vec();
                entries[index]["body"]["approved_by"] = json!([]);
                change("a deviation without its approval", &place, entries.clone().into());
                entries.retain(|it| !it["body"]["slot"].as_str().is_some_and(|slot| slot.starts_with("approval/")));
                change("a deviation that nobody was asked to approve", &place, entries.into());
            }
            "answered" if entry["body"]["refused"].is_string() => {
                let mut entries = entries.to_vec();
                entries.remove(index);
                change("a refused answer that was never given", &place, entries.into());
            }
            "answered" => {
                let mut more = entries.to_vec();
                let mut refused = entry.clone();
                refused["body"]["refused"] = "it is not yes".into();
                more.insert(index, refused);
                change("an answer that was refused for nothing", &place, more.into());
            }
            "decided" => {
                let mut other = entries.to_vec();
                let holds = entry["body"]["holds"] != true;
                other[index]["body"]["holds"] = holds.into();
                if other[index - 1]["kind"] == "answered" {
                    other[index - 1]["body"]["answer"] = holds.into();
                }
                change("the other branch, with the entries of this one", &place, other.clone().into());
                let step = entries.get(index + 1).and_then(|next| next["step"].as_str());
                other.retain(|it| step.is_none() || it["step"].as_str() != step);
                change("the other branch, without the entries of this one", &place, other.into());
            }
            "finished" => {
                let mut more = entries.to_vec();
                let mut add = |it: Value| {
                    let mut added = entry.clone();
                    added["kind"] = it["kind"].clone();
                    added["body"] = it["body"].clone();
                    added.as_object_mut().unwrap().remove("by");
                    more = entries.to_vec();
                    more.insert(index, added);
                    change(&format!("an entry made up: {}", it["kind"].as_str().unwrap()), &place, more.clone().into());
                };
                add(json!({ "kind": "observed", "body": { "seen": { "all": "is well" } } }));
                add(json!({ "kind": "observed", "body": { "seen": "it was done", "probe": "done" } }));
                add(json!({ "kind": "checkpoint", "body": { "head": "", "words": "" } }));
                add(json!({ "kind": "answered", "body": { "question": "Is all well?", "answer": "yes" } }));
                add(json!({ "kind": "answered", "body": { "question": "Enter it again", "slot": "secret/pin" } }));
                add(json!({ "kind": "retried", "body": { "attempt": 2 } }));
                for (name, value) in
                    [("rehearsed", json!(true)), ("taken_up", json!(true)), ("devices", json!({ "x": 1 }))]
                {
                    let mut entries = entries.to_vec();
                    entries[index]["body"][name] = value;
                    change(&format!("`{name}` of finished is made up"), &place, entries.into());
                }
            }
            _ => {}
        }
    }
}

/// Other outputs, files with them, and files that are made up.
fn of_outputs(forger: &Forger, entries: &[Value], stride: usize, change: &mut Change<'_>) {
    for (index, entry) in entries.iter().enumerate() {
        let body = &entry["body"];
        let uses = entries[..index].iter().rfind(|it| it["kind"] == "began" && it["step"] == entry["step"]);
        let uses = uses.and_then(|it| it["body"]["uses"].as_str()).unwrap_or("no handler");
        let place = place(index, entry);
        for (path, value) in leaves(&body["outputs"], String::new()).into_iter().step_by(stride) {
            for new in others_of(&value) {
                let name = format!("{uses} gave another `{}`", general(&path));
                let mut entries = entries.to_vec();
                *entries[index]["body"]["outputs"].pointer_mut(&path).unwrap() = new.clone();
                change(&name, &format!("{place} alone"), entries.clone().into());
                follow(&mut entries, index, &value, &new);
                change(&name, &format!("{place} and what follows"), entries.into());
            }
        }
        for path in lists(&body["outputs"], String::new()) {
            let length = body["outputs"].pointer(&path).and_then(Value::as_array).map_or(0, Vec::len);
            for item in 0..length {
                let mut entries = entries.to_vec();
                let list = entries[index]["body"]["outputs"].pointer_mut(&path).unwrap().as_array_mut().unwrap();
                list.remove(item);
                change(&format!("{uses} gave one less of `{}`", general(&path)), &place, entries.into());
            }
        }
        for (list, folder) in [("products", "products"), ("evidence", "evidence")] {
            for file in body[list].as_array().into_iter().flatten() {
                let path = file["path"].as_str().unwrap();
                let mut bytes = forger.file(path);
                bytes.push(b' ');
                let digest = hex::encode(Sha256::digest(&bytes));
                let mut forged = Forged::from(entries.to_vec());
                forged.files.insert(path.into(), Some(bytes.clone()));
                follow(&mut forged.entries, index, &file["sha256"], &digest.clone().into());
                for it in &mut forged.entries {
                    resize(it, &digest, bytes.len());
                }
                change(&format!("{uses} made another file in {list}"), &place, forged);
                let mut forged = Forged::from(entries.to_vec());
                forged.files.insert(path.into(), None);
                let files = forged.entries[index]["body"][list].as_array_mut().unwrap();
                files.retain(|it| it["path"] != path);
                if files.is_empty() {
                    forged.entries[index]["body"].as_object_mut().unwrap().remove(list);
                }
                change(&format!("{uses} made no file in {list}"), &place, forged);
            }
            if kind(entry) == "finished" {
                let (path, bytes) = (format!("{folder}/made-up.txt"), b"Made up.".to_vec());
                let file = json!({ "path": path, "sha256": hex::encode(Sha256::digest(&bytes)), "size": bytes.len() });
                let mut forged = Forged::from(entries.to_vec());
                forged.files.insert(path, Some(bytes));
                match &mut forged.entries[index]["body"][list] {
                    Value::Array(files) => files.push(file),
                    none => *none = json!([file]),
                }
                change(&format!("{uses} made one more file in {list}"), &place, forged);
            }
        }
    }
}

/// Sizes that belong to a digest.
fn resize(value: &mut Value, digest: &str, size: usize) {
    match value {
        Value::Object(members) => {
            if members.get("sha256").is_some_and(|it| it == digest) && members.contains_key("size") {
                members.insert("size".into(), size.into());
            }
            members.values_mut().for_each(|member| resize(member, digest, size));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resize(item, digest, size)),
        _ => {}
    }
}

/// Breaks that are made up, denied, or somewhere else.
fn of_sessions(entries: &[Value], change: &mut Change<'_>) {
    let mut body = entries[0]["body"].clone();
    body.as_object_mut()
        .unwrap()
        .retain(|name, _| ["bindings", "host", "program", "session_key"].contains(&name.as_str()));
    (body["head"], body["words"]) = ("".into(), "".into());
    for index in 1..=entries.len() {
        let at = entries[index - 1]["at"].clone();
        let mut more = entries.to_vec();
        let made_up = json!({ "kind": "resumed", "at": at, "body": body });
        more.insert(index, made_up.clone());
        let after = sort(&entries[index - 1]);
        let step = entries.get(index).is_some_and(|next| next["step"] == entries[index - 1]["step"]);
        let name = if step { "a break made up in a step" } else { "a break made up between steps" };
        change(name, &format!("line {index} after {after} {}", entries[index - 1]["step"]), more.into());
    }
    let mut twice: Vec<Value> = entries.to_vec();
    for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| kind(entry) == "resumed") {
        let place = place(index, entry);
        let mut none = entries.to_vec();
        none.remove(index);
        change("a break denied", &place, none.clone().into());
        // With everything that was said because of it.
        let mut denied = none.clone();
        let step = denied[index]["step"].clone();
        let because = |it: &Value| {
            it["step"] == step
                && (it["body"]["probe"].is_string()
                    || it["body"]["slot"].as_str().is_some_and(|slot| slot.starts_with("secret/")))
        };
        let mut number = 0;
        denied.retain(|it| {
            number += 1;
            number <= index || !because(it)
        });
        for it in denied.iter_mut().filter(|it| it["step"] == step && it["kind"] == "finished") {
            it["body"].as_object_mut().unwrap().remove("taken_up");
        }
        let aside: Vec<String> = entry["body"]["set_aside"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| it["path"].as_str().unwrap().into())
            .collect();
        let mut forged = Forged::from(denied);
        forged.files.extend(aside.iter().map(|path| (path.clone(), None)));
        change("a break denied with all that came of it", &place, forged);
        for (to, name) in [(index - 1, "a break one entry earlier"), (index + 1, "a break one entry later")] {
            let mut moved = none.clone();
            let mut resumed = entry.clone();
            resumed["at"] = moved[to - 1]["at"].clone();
            moved.insert(to, resumed);
            change(name, &place, moved.into());
        }
        twice.insert(index + 1, entry.clone());
        if !aside.is_empty() {
            let mut forged = Forged::from(entries.to_vec());
            forged.entries[index]["body"].as_object_mut().unwrap().remove("set_aside");
            change("a file that was set aside is not named", &place, forged.clone());
            forged.files.extend(aside.iter().map(|path| (path.clone(), None)));
            change("a file that was set aside never was", &place, forged);
        }
        change("one session key for two sessions", &place, Forged { one_key: true, ..Forged::from(entries.to_vec()) });
    }
    change("a break twice", "all", twice.into());
}

/// What the first entry says, and the times of all.
fn of_the_first(forger: &Forger, entries: &[Value], change: &mut Change<'_>) {
    for (path, value) in leaves(&entries[0]["body"], String::new()) {
        for new in others_of(&value) {
            if path == "/session_key" {
                continue;
            }
            let mut entries = entries.to_vec();
            *entries[0]["body"].pointer_mut(&path).unwrap() = new.clone();
            change(&format!("`{}` of opened is another", general(&path)), &path, entries.clone().into());
            follow(&mut entries, 1, &value, &new);
            change(
                &format!("`{}` of opened is another", general(&path)),
                &format!("{path} and what follows"),
                entries.into(),
            );
        }
    }
    let path = entries[0]["body"]["runbook"][0]["path"].as_str().unwrap();
    let runbook = String::from_utf8(forger.file(path)).unwrap();
    for (old, new) in [
        ("title: ", "title: Another "),
        ("uses: ", "level: may\n        uses: "),
        ("sign_off: [witness]", "sign_off: []"),
    ] {
        let mut forged = Forged::from(entries.to_vec());
        let bytes = runbook.replacen(old, new, 1).into_bytes();
        if bytes == runbook.as_bytes() {
            continue;
        }
        forged.entries[0]["body"]["runbook"][0]["sha256"] = hex::encode(Sha256::digest(&bytes)).into();
        forged.entries[0]["body"]["runbook"][0]["size"] = bytes.len().into();
        forged.files.insert(path.into(), Some(bytes));
        change("another runbook", old, forged);
    }
    let shifted = |days: i64| {
        let mut entries = entries.to_vec();
        for entry in &mut entries {
            let at: jiff::Timestamp = entry["at"].as_str().unwrap().parse().unwrap();
            let at = at + jiff::SignedDuration::from_hours(24 * days);
            entry["at"] = officiant_engine::record::instant(at).into();
        }
        entries
    };
    change("all of it on another day", "a day earlier", shifted(-1).into());
    change("all of it on another day", "a day later", shifted(1).into());
    let mut at_once = entries.to_vec();
    for entry in &mut at_once {
        entry["at"] = entries[0]["at"].clone();
    }
    change("all of it in one moment", "", at_once.into());
}

/// A ceremony in which nothing is rehearsed.
pub fn live() -> CarriedOut {
    Ceremony::run(
        "
notation: 1
title: A ceremony
participants:
  witness: { title: Witness }
sections:
  start:
    title: Start
    steps:
      - { do: Write it down., id: noted, uses: files.write, with: { path: noted.txt, text: Noted. }, sign_off: [witness] }
      - { do: Wait a moment., uses: people.wait, with: { duration: 3 s } }
      - { do: See to it., by: witness }
      - end: '{{ noted.sha256 }}'
",
    )
    .answer("start/noted#go", "yes")
    .answer("start/noted#sign-off/witness", "yes")
    .answer("start/3", "yes")
    .carry_out()
    .exits(0)
}

/// What no replay can find, as `docs/promises.md` lists it: what is in backquotes in the first column, a `*` for anything.
fn listed() -> Vec<String> {
    let promises = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/promises.md")).unwrap();
    let (_, section) = promises.split_once("## What no replay can find without a seal\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what"));
    let cells = rows.map(|row| row.trim_start_matches("| ").split(" | ").next().unwrap());
    cells.flat_map(|cell| cell.split("; ")).map(|name| name.replace('`', "").trim().to_string()).collect()
}

fn fits(pattern: &str, name: &str) -> bool {
    let plain = name.replace('`', "");
    match pattern.split_once('*') {
        None => plain == pattern,
        Some((before, after)) => {
            plain.len() >= before.len() + after.len() && plain.starts_with(before) && plain.ends_with(after)
        }
    }
}

/// Every change that holds is in the list, and everything in the list was tried and holds.
#[test]
fn what_a_forger_can_do_without_being_found_out_is_what_the_promises_list() {
    let tried = Tried::default();
    let whole = std::env::var_os("OFFICIANT_EVERY_FORGERY").is_some();
    let example = |name: &str| Ceremony::rehearse_file(name).carry_out().exits(0);
    let mut records = vec![
        ("everything", everything(), 1),
        ("broken off twice", broken(), 1),
        ("live", live(), 1),
        ("examples/audit-log.yaml", example("examples/audit-log.yaml"), 1),
        ("examples/yubihsm.yaml", example("examples/yubihsm.yaml"), 1),
        ("examples/faults.yaml", example("examples/faults.yaml"), 1),
        ("examples/attestation.yaml", example("examples/attestation.yaml"), 1),
        ("examples/tuf.yaml", example("examples/tuf.yaml"), 1),
    ];
    let readers = has_readers();
    if readers {
        let provisioned = Ceremony::rehearse_file("runbooks/docker-tuf/device-provisioning.yaml")
            .answer("device-provisioning/pin", "86420975")
            .answer("device-provisioning/new_puk", "97531864");
        records.push(("device-provisioning.yaml", provisioned.carry_out().exits(0), 1));
    }
    if whole {
        records.push(("runbooks/psf-tuf/ceremony.yaml", example("runbooks/psf-tuf/ceremony.yaml"), 1));
    }
    for (name, ceremony, stride) in records {
        let before = tried.count.load(Ordering::Relaxed);
        try_everything(&ceremony, stride, &tried);
        println!("{name}: {} forgeries", tried.count.load(Ordering::Relaxed) - before);
    }
    let held = tried.held.into_inner().unwrap();
    for (name, places) in &held {
        println!("holds: {name}, {} ×, such as {}", places.len(), places[0]);
    }
    let listed = listed();
    let unlisted: Vec<_> = held.keys().filter(|name| !listed.iter().any(|it| fits(it, name))).collect();
    let could = |it: &&String| readers || !it.starts_with("piv.");
    let stale: Vec<_> = listed.iter().filter(could).filter(|it| !held.keys().any(|name| fits(it, name))).collect();
    assert!(unlisted.is_empty() && stale.is_empty(), "holds and is not listed: {unlisted:#?}\nlisted: {stale:#?}");
}
