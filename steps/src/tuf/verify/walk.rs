//! A whole repository, from its first root down to the last delegation.

use super::{
    super::metadata::{Document, Key, Paths, Role},
    fields,
    file::{Expected, Judge, Judged, MOST_OUTSIDE},
    files::{Files, quoted},
    keys::{KeyBook, find_online},
    names::role_fault,
    reach::{Reach, bins_fault, is_too_much},
    report::{Finding, Report, Verified},
    roots::{self, Trusted},
};
use jiff::Timestamp;
use rayon::prelude::*;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// The most delegations in a repository.
const MOST_DELEGATIONS: usize = 200_000;

/// How many delegations may lead to a role at most.
const DEEPEST: usize = 32;

/// How many faults are told.
const MOST_FAULTS: usize = 10;

/// The roles at the top.
const TOP: [&str; 4] = ["root", "timestamp", "snapshot", "targets"];

/// What a repository is held against.
pub(crate) struct Asked {
    /// When nothing must have expired.
    pub(crate) at: Timestamp,
    /// A root to begin with; otherwise version 1.
    pub(crate) root: Option<Trusted>,
    pub(crate) ignore_expiry: bool,
    /// Whether it is not published yet.
    pub(crate) event: bool,
    /// Versions of root after this one are not looked at.
    pub(crate) newest_root: Option<u64>,
}

/// Verifies a repository.
pub(crate) fn verify(files: &Files, asked: &Asked) -> Report {
    let judge = Judge { files, at: asked.at, ignore_expiry: asked.ignore_expiry, event: asked.event };
    let mut walk = Walk { judge, consistent: false, report: Report::default(), book: KeyBook::default(), meta: None };
    if let Err(fault) = walk.all(asked) {
        walk.report.fault(&fault);
    }
    walk.book.find_duplicates(&mut walk.report);
    walk.report.layout.sort_unstable();
    walk.report.layout.dedup();
    walk.report.spec.sort_unstable();
    walk.report.spec.dedup();
    walk.report
}

struct Walk<'a> {
    judge: Judge<'a>,
    /// Whether clients read files that have their version in their names.
    consistent: bool,
    report: Report,
    book: KeyBook,
    /// What the snapshot names; nothing in an event.
    meta: Option<Map<String, Value>>,
}

/// A role that was reached.
#[derive(Default)]
struct Reached {
    /// The targets that no delegation so far reaches.
    outside: Option<BTreeSet<String>>,
    /// The roles that it delegates to.
    to: Vec<String>,
}

/// A role whose delegations are to be looked at.
struct Delegator {
    name: String,
    file: String,
    document: Document,
    depth: usize,
}

impl Walk<'_> {
    fn all(&mut self, asked: &Asked) -> Result<(), String> {
        let root = roots::verify(&self.judge, asked.root.as_ref(), asked.newest_root, &mut self.report)?;
        let version = root.version()?;
        let place = format!("version {version} of root");
        let of = |fault: String| format!("{place}: {fault}");
        self.report.spec.push(crate::text::plain(root.text("spec_version")?));
        let (roles, keys) = (root.roles().map_err(of)?, root.keys().map_err(of)?);
        for role in roles.iter().filter(|role| !TOP.contains(&role.name.as_str())) {
            let message = format!("it has a role that no client knows, {}", quoted(&role.name));
            self.report.found(Finding::new("unknown-role", &place, message));
        }
        self.look_at_keys(&place, &keys, &roles)?;
        find_online(&place, &keys, &roles, &mut self.report);
        self.consistent = match root.signed.get("consistent_snapshot") {
            None => false,
            Some(Value::Bool(consistent)) => *consistent,
            Some(_) => return Err(of("its `consistent_snapshot` is neither true nor false".to_string())),
        };
        if fields::has_tuf_on_ci(&root.signed) {
            self.report.layout.push("fields of tuf-on-ci".to_string());
        }
        let top = |name: &str| root.role(name).map_err(of);
        let targets_role = top("targets")?;
        let mut named = None;
        if !asked.event {
            let (timestamp_role, snapshot_role) = (top("timestamp")?, top("snapshot")?);
            let expected = Expected { file: "timestamp.json", kind: "timestamp", named: None };
            let timestamp = self.top(&expected, &timestamp_role, &keys)?;
            let meta = meta("timestamp.json", &timestamp, &["snapshot.json"], &mut self.report)?;
            let of_snapshot = &meta["snapshot.json"];
            let file = self.locate("snapshot", of_snapshot["version"].as_u64())?;
            let expected = Expected { file: &file, kind: "snapshot", named: Some((of_snapshot, "the timestamp")) };
            let snapshot = self.top(&expected, &snapshot_role, &keys)?;
            let meta = self::meta(&file, &snapshot, &["targets.json"], &mut self.report)?;
            if let Some(named) = meta.get("root.json")
                && named["version"] != version
            {
                return Err(format!("{}: it names another version of root than {version}", quoted(&file)));
            }
            named = Some(meta["targets.json"].clone());
            self.meta = Some(meta);
        }
        let file = self.locate("targets", named.as_ref().and_then(|named| named["version"].as_u64()))?;
        let named = named.as_ref().map(|named| (named, "the snapshot"));
        let targets = self.top(&Expected { file: &file, kind: "targets", named }, &targets_role, &keys)?;
        self.delegations(Delegator { name: "targets".to_string(), file, document: targets, depth: 0 })
    }

    /// Verifies the file of a role at the top.
    fn top(&mut self, expected: &Expected<'_>, role: &Role, keys: &BTreeMap<String, Key>) -> Result<Document, String> {
        self.report.files += 1;
        let judged = self.judge.judge(expected, role, keys, None)?;
        self.report.targets += judged.verified.targets;
        self.report.roles.push(judged.verified.clone());
        Ok(self.take(judged))
    }

    /// Notes what was found in a file.
    fn take(&mut self, judged: Judged) -> Document {
        let spec = crate::text::plain(&judged.spec);
        if !self.report.spec.contains(&spec) {
            self.report.spec.push(spec);
        }
        self.report.found_all(judged.findings);
        for fault in &judged.faults {
            self.fault(fault);
        }
        judged.document
    }

    /// Notes a fault, and stops telling when there are many.
    fn fault(&mut self, fault: &str) {
        match self.report.faults.len() {
            MOST_FAULTS => self.report.fault("there is more that does not hold"),
            more if more > MOST_FAULTS => {}
            _ => self.report.fault(fault),
        }
    }

    fn look_at_keys(&mut self, place: &str, keys: &BTreeMap<String, Key>, roles: &[Role]) -> Result<(), String> {
        let faults = self.book.look_at(place, keys, roles, &mut self.report);
        if !self.judge.event {
            return faults.into_iter().next().map_or(Ok(()), |fault| Err(format!("{}: {fault}", quoted(place))));
        }
        self.report.found_all(faults.into_iter().map(|fault| Finding::new("few-keys", place, fault)));
        Ok(())
    }

    /// The file of a role, of that version when something names it.
    fn locate(&mut self, role: &str, version: Option<u64>) -> Result<String, String> {
        let (file, finding) = self.located(role, version)?;
        let layout = if file == format!("{role}.json") { "ROLE.json" } else { "N.ROLE.json" };
        if !self.report.layout.iter().any(|it| it == layout) {
            self.report.layout.push(layout.to_string());
        }
        self.report.found_all(finding);
        Ok(file)
    }

    fn located(&self, role: &str, version: Option<u64>) -> Result<(String, Option<Finding>), String> {
        let files = self.judge.files;
        let plain = format!("{role}.json");
        let version = version.or_else(|| files.newest(role));
        let numbered = version.map(|version| format!("{version}.{role}.json"));
        let there = |name: &String| files.has(name);
        let (first, second) = match numbered {
            None => (plain, None),
            Some(numbered) if self.consistent && !self.judge.event => (numbered, Some(plain)),
            Some(numbered) => (plain, Some(numbered)),
        };
        match second {
            _ if there(&first) && second.as_ref().is_some_and(there) => {
                let second = second.unwrap_or_default();
                let same = files.read(&second).ok() == files.read(&first).ok();
                let differs = Finding::new("other-file", &second, format!("it differs from {}", quoted(&first)));
                Ok((first, (!same).then_some(differs)))
            }
            _ if there(&first) => Ok((first, None)),
            Some(second) if there(&second) => Ok((second, None)),
            Some(second) => Err(format!("neither {} nor {} is there", quoted(&first), quoted(&second))),
            None => Err(format!("{} is not there", quoted(&first))),
        }
    }

    /// Verifies everything that is delegated, level by level.
    fn delegations(&mut self, targets: Delegator) -> Result<(), String> {
        let mut reached = HashMap::<String, Reached>::from([("targets".to_string(), Reached::default())]);
        let mut waiting = VecDeque::from([targets]);
        let mut count = 0;
        while let Some(delegator) = waiting.pop_front() {
            let of = |fault: String| format!("{}: {fault}", quoted(&delegator.file));
            let (roles, keys) = (delegated(&delegator.document).map_err(of)?, delegator.document.keys().map_err(of)?);
            if roles.is_empty() {
                continue;
            }
            count += roles.len();
            if count > MOST_DELEGATIONS || delegator.depth == DEEPEST {
                return Err(of(format!(
                    "there are more than {MOST_DELEGATIONS} delegations, or {DEEPEST} one after another"
                )));
            }
            are_well_named(&delegator.name, &roles).map_err(of)?;
            let bins = roles.len() > 1 && roles.iter().all(|role| matches!(role.paths, Some(Paths::HashPrefixes(_))));
            if bins && let Some(fault) = bins_fault(&roles) {
                return Err(of(fault));
            }
            self.look_at_keys(&delegator.file, &keys, &roles)?;
            let judged = self.judge_all(&roles, &keys);
            let mut verified = Vec::new();
            let mut unjudged = None;
            for (role, judged) in roles.iter().zip(judged) {
                if let Some(delegator) = reached.get_mut(&delegator.name) {
                    delegator.to.push(role.name.clone());
                }
                let (file, judged) = match judged {
                    Ok(Some(judged)) => judged,
                    Ok(None) => continue,
                    Err(fault) => {
                        reached.entry(role.name.clone()).or_default();
                        self.fault(&fault);
                        continue;
                    }
                };
                self.report.files += 1;
                let is_new = !reached.contains_key(&role.name);
                let outside = &mut reached.entry(role.name.clone()).or_default().outside;
                match outside {
                    Some(outside) => {
                        let most = outside.len().max(judged.outside.len());
                        outside.retain(|target| judged.outside.contains(target));
                        if most == MOST_OUTSIDE && outside.is_empty() {
                            let fault =
                                format!("{MOST_OUTSIDE} or more of its targets are delegated to it by some alone");
                            unjudged = Some(format!(
                                "the role {}: {fault}, which is more than is looked at",
                                quoted(&role.name)
                            ));
                        }
                    }
                    None => *outside = Some(judged.outside.clone()),
                }
                if let Some(fault) = unjudged.take() {
                    self.fault(&fault);
                }
                self.report.targets += if is_new { judged.verified.targets } else { 0 };
                verified.push(judged.verified.clone());
                let document = self.take(judged);
                if is_new && document.signed.contains_key("delegations") {
                    let (name, depth) = (role.name.clone(), delegator.depth + 1);
                    waiting.push_back(Delegator { name, file, document, depth });
                }
            }
            let alike = |role: &Role| role.keyids == roles[0].keyids && role.threshold == roles[0].threshold;
            if bins && roles.iter().all(alike) {
                self.report.roles.extend(in_one(&verified));
            } else {
                self.report.roles.extend(verified);
            }
        }
        for (name, role) in &reached {
            if let Some(target) = role.outside.iter().flatten().next() {
                let (name, target) = (quoted(name), quoted(target));
                self.fault(&format!("the role {name} has the target {target}, which is delegated to it by nobody"));
            }
        }
        self.look_for_others(&reached);
        round(&reached).map_or(Ok(()), Err)
    }

    /// Verifies the files of all roles that one delegates to; nothing of one that an event has no file of.
    fn judge_all(
        &mut self,
        roles: &[Role],
        keys: &BTreeMap<String, Key>,
    ) -> Vec<Result<Option<(String, Judged)>, String>> {
        let mut named = Vec::with_capacity(roles.len());
        for role in roles {
            let entry = match &self.meta {
                None => Ok(None),
                Some(meta) => match meta.get(&format!("{}.json", role.name)) {
                    Some(entry) => Ok(Some(entry.clone())),
                    None => Err(format!(
                        "the snapshot does not name the role {}, which is delegated to",
                        quoted(&role.name)
                    )),
                },
            };
            named.push(entry.and_then(|entry| {
                let version = entry.as_ref().and_then(|entry| entry["version"].as_u64());
                match self.locate(&role.name, version) {
                    Err(fault) if self.judge.event => {
                        self.report.found(Finding::new("no-file", &format!("{}.json", role.name), fault));
                        Ok(None)
                    }
                    located => Ok(Some((located?, entry))),
                }
            }));
        }
        let judge = self.judge;
        let judged = roles.par_iter().zip(named).map(|(role, named)| {
            let Some((file, entry)) = named? else { return Ok(None) };
            let named = entry.as_ref().map(|entry| (entry, "the snapshot"));
            let expected = Expected { file: &file, kind: "targets", named };
            let judged = judge.judge(&expected, role, keys, Reach::of(role).as_ref())?;
            Ok(Some((file, judged)))
        });
        judged.collect()
    }

    /// Notes what the snapshot names and nobody delegates to.
    fn look_for_others(&mut self, reached: &HashMap<String, Reached>) {
        let Some(meta) = self.meta.take() else { return };
        for name in meta.keys() {
            let role = name.strip_suffix(".json").unwrap_or(name);
            if role != "root" && !reached.contains_key(role) {
                let message = format!("it names {}, which nobody delegates to", quoted(name));
                self.report.found(Finding::new("undelegated", "snapshot", message));
            }
        }
    }
}

/// What a timestamp or a snapshot names; `needed` is among it.
fn meta(file: &str, document: &Document, needed: &[&str], report: &mut Report) -> Result<Map<String, Value>, String> {
    let of = |fault: &str| format!("{}: {fault}", quoted(file));
    let meta = document.signed.get("meta").and_then(Value::as_object).ok_or_else(|| of("its `meta` is no object"))?;
    if let Some(name) = needed.iter().find(|name| !meta.contains_key(**name)) {
        return Err(of(&format!("it names no `{name}`")));
    }
    if document.kind() == "timestamp" {
        for name in meta.keys().filter(|name| !needed.contains(&name.as_str())) {
            let message = format!("it names {}, and not `snapshot.json` alone", quoted(name));
            report.found(Finding::new("unknown-field", file, message));
        }
    }
    Ok(meta.clone())
}

/// The roles that a document delegates to.
fn delegated(document: &Document) -> Result<Vec<Role>, String> {
    match document.signed.get("delegations") {
        None => return Ok(Vec::new()),
        Some(Value::Object(delegations)) if delegations.contains_key("succinct_roles") => {
            return Err("it delegates by `succinct_roles` (TAP 15), which are not known here".to_string());
        }
        Some(Value::Object(delegations)) if delegations.contains_key("roles") => {}
        Some(_) => return Err("its delegations have no `roles`".to_string()),
    }
    document.roles()
}

/// That roles have names that lead nowhere else, each once, and none is its own delegator.
fn are_well_named(delegator: &str, roles: &[Role]) -> Result<(), String> {
    let mut names = HashSet::new();
    for role in roles {
        let name = quoted(&role.name);
        if let Some(fault) = role_fault(&role.name) {
            return Err(format!("the name of the delegated role {name} {fault}"));
        }
        if role.name == delegator {
            return Err(format!("the role {name} delegates to itself"));
        }
        if is_too_much(role) {
            return Err(format!("the role {name} has more than 1000 paths, or paths longer than 4096 bytes"));
        }
        if !names.insert(&role.name) {
            return Err(format!("it delegates to the role {name} twice"));
        }
    }
    Ok(())
}

/// Roles that are alike, as one.
fn in_one(verified: &[Verified]) -> Option<Verified> {
    let (first, last) = (verified.first()?, verified.last()?);
    let mut one = first.clone();
    one.role = format!("{} … {}", first.role, last.role);
    one.count = verified.len() as u64;
    for next in &verified[1..] {
        one.version = one.version.min(next.version);
        one.targets += next.targets;
        if let (Ok(this), Ok(other)) = (one.expires.parse::<Timestamp>(), next.expires.parse::<Timestamp>())
            && other < this
        {
            one.expires.clone_from(&next.expires);
        }
        one.signed_by.retain(|signer| next.signed_by.contains(signer));
        let missing = next.missing.iter().filter(|signer| !one.missing.contains(signer)).cloned();
        let missing: Vec<_> = missing.collect();
        one.missing.extend(missing);
    }
    Some(one)
}

/// A way from a role back to itself, as a clause; nothing when there is none.
fn round(reached: &HashMap<String, Reached>) -> Option<String> {
    let mut done = HashSet::new();
    let to = |name: &str| reached.get(name).map(|role| role.to.as_slice()).unwrap_or_default();
    let mut way: Vec<(&str, usize)> = vec![("targets", 0)];
    while let Some((name, at)) = way.last_mut() {
        let Some(next) = to(name).get(*at) else {
            done.insert(*name);
            way.pop();
            continue;
        };
        *at += 1;
        if let Some(from) = way.iter().position(|(name, _)| name == next) {
            let names = way[from..].iter().map(|(name, _)| *name).chain([next.as_str()]);
            return Some(format!("the delegations go round: {}", names.map(quoted).collect::<Vec<_>>().join(" to ")));
        }
        if !done.contains(next.as_str()) {
            way.push((next, 0));
        }
    }
    None
}
