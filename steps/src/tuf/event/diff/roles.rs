//! Who signs for what: the roles and keys of whoever delegates.

use super::{
    Lines, days_of,
    raw::{named, raw, shown},
};
use crate::tuf::{
    event::edit::{EXPIRY, SIGNING},
    metadata::{Document, KEY_OWNER, Key, ONLINE_URI, Paths, PublicKey, Role},
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The fields of a key that have words.
const OF_KEY: [&str; 5] = ["keytype", "scheme", "keyval", KEY_OWNER, ONLINE_URI];

/// The fields of a role that have words.
const OF_ROLE: [&str; 8] =
    ["keyids", "threshold", "name", "paths", "path_hash_prefixes", "terminating", EXPIRY, SIGNING];

/// From how many new roles that are alike they are told together.
const ALIKE: usize = 4;

impl Lines {
    /// What changed in the roles and keys that a document has; `way` leads to them.
    pub(super) fn delegated(&mut self, old: Option<&Document>, new: &Document, way: &str) {
        let roles = |document: Option<&Document>| document.and_then(|it| it.roles().ok()).unwrap_or_default();
        let keys = |document: Option<&Document>| document.and_then(|it| it.keys().ok()).unwrap_or_default();
        let (old_roles, new_roles) = (roles(old), roles(Some(new)));
        let (old_keys, new_keys) = (keys(old), keys(Some(new)));
        let mut told = BTreeSet::new();
        let alike = alike(&old_roles, &new_roles);
        for role in ordered(&new_roles) {
            if alike.contains(role.name.as_str()) {
                continue;
            }
            let before = old_roles.iter().find(|it| it.name == role.name);
            self.role(before, role, (&old_keys, &new_keys), &mut told);
        }
        if let Some(first) = new_roles.iter().find(|role| alike.contains(role.name.as_str())) {
            self.bins(&new_roles, &alike, first, &new_keys, &mut told);
        }
        for gone in old_roles.iter().filter(|role| new_roles.iter().all(|it| it.name != role.name)) {
            self.say(&format!("role {} is gone", gone.name));
            self.keys_gone(gone, &old_keys);
        }
        if !way.is_empty() {
            self.order(&old_roles, &new_roles, &alike);
        }
        self.other_keys(&new_roles, (&old_keys, &new_keys), &told);
        if !way.is_empty() {
            let empty = Map::new();
            let all = |document: Option<&Document>| {
                document.and_then(|it| it.signed.get("delegations")?.as_object()).unwrap_or(&empty).clone()
            };
            let (before, after) = (all(old), all(Some(new)));
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names.into_iter().filter(|name| !["keys", "roles"].contains(&name.as_str())) {
                raw(&format!("{way}{name}"), before.get(name), after.get(name), self);
            }
        }
    }

    fn role<'a>(
        &mut self,
        old: Option<&Role>,
        new: &'a Role,
        (old_keys, new_keys): (&BTreeMap<String, Key>, &'a BTreeMap<String, Key>),
        told: &mut BTreeSet<&'a str>,
    ) {
        let same_keys =
            |id: &&String| old_keys.get(*id).map(|key| &key.value) == new_keys.get(*id).map(|key| &key.value);
        if old.is_some_and(|old| old.value == new.value) && new.keyids.iter().all(|id| same_keys(&id)) {
            return;
        }
        let many = |role: &Role| {
            let keys = role.keyids.len();
            format!("threshold {}, {keys} key{}", role.threshold, if keys == 1 { "" } else { "s" })
        };
        let was = old.filter(|old| many(old) != many(new)).map(|old| format!(" (was {})", many(old)));
        let new_word = if old.is_some() { "" } else { "new " };
        self.say(&format!("{new_word}role {}: {}{}", new.name, many(new), was.unwrap_or_default()));
        let mut staying = Vec::new();
        for id in &new.keyids {
            let was_here = old.is_some_and(|old| old.keyids.contains(id));
            match new_keys.get(id) {
                Some(key) if was_here && same_keys(&id) => staying.push(key.called()),
                Some(key) if told.contains(id.as_str()) => {
                    self.at(2, &format!("+ {}, {}… as above", key.called(), &id.get(..8).unwrap_or(id)));
                }
                Some(key) => {
                    if let Some(before) = old_keys.get(id).filter(|before| before.value != key.value) {
                        self.at(2, &format!("another key under the same id; it was {}", before.value));
                    }
                    self.key("+", key);
                }
                None => self.at(2, &format!("+ a key that is not there, {id}")),
            }
            told.insert(id);
        }
        if !staying.is_empty() {
            self.at(2, &format!("stays: {}", staying.join(", ")));
        }
        if let Some(old) = old {
            for id in old.keyids.iter().filter(|id| !new.keyids.contains(id)) {
                match old_keys.get(id) {
                    Some(key) => self.key("-", key),
                    None => self.at(2, &format!("- a key that was not there, {id}")),
                }
            }
            let kept = |of: &Role, other: &Role| {
                of.keyids.iter().filter(|id| other.keyids.contains(id)).cloned().collect::<Vec<_>>()
            };
            if kept(old, new) != kept(new, old) {
                self.at(2, "the keys stand in another order");
            }
        }
        self.limits(old, new);
    }

    /// The order in which delegated roles are asked, unless it is the old one with the new roles after it as they were told.
    fn order(&mut self, old: &[Role], new: &[Role], alike: &BTreeSet<&str>) {
        let names = |roles: &[Role]| roles.iter().map(|role| role.name.clone()).collect::<Vec<_>>();
        let (was, is) = (names(old), names(new));
        let (held, others): (Vec<_>, Vec<_>) = is.iter().cloned().partition(|name| was.contains(name));
        let staying: Vec<_> = was.iter().filter(|name| held.contains(name)).cloned().collect();
        let (bins, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|name| alike.contains(name.as_str()));
        if is == [staying.clone(), others, bins].concat() {
            return;
        }
        let runs = is.chunk_by(|one, next| alike.contains(one.as_str()) && alike.contains(next.as_str()));
        let runs: Vec<String> = runs
            .map(|run| match run {
                [first, .., last] => format!("{first} to {last}"),
                _ => run.concat(),
            })
            .collect();
        let before = if held == staying { String::new() } else { format!(" (was {})", staying.join(", ")) };
        self.say(&format!("order of the roles: {}{before}", runs.join(", ")));
    }

    /// What a role may speak of, and the rest of it.
    fn limits(&mut self, old: Option<&Role>, new: &Role) {
        let paths = |role: &Role| match &role.paths {
            Some(Paths::Patterns(paths)) => {
                format!("paths {}", paths.iter().map(|path| named(path)).collect::<Vec<_>>().join(", "))
            }
            Some(Paths::HashPrefixes(prefixes)) => format!("hash prefixes {}", prefixes.join(", ")),
            None => "no paths".to_string(),
        };
        let was = |text: String| old.map(|_| format!(" (was {text})")).unwrap_or_default();
        if old.map_or(new.paths.is_some(), |old| old.paths != new.paths) {
            self.at(2, &format!("{}{}", paths(new), was(old.map(paths).unwrap_or_default())));
        }
        let ends = |role: &Role| if role.terminating { "terminating" } else { "not terminating" };
        if old.map_or(new.paths.is_some(), |old| old.terminating != new.terminating) {
            self.at(2, &format!("{}{}", ends(new), was(old.map(ends).unwrap_or_default().to_string())));
        }
        self.rest(old, new);
    }

    /// The days of a role, and what has no words of its own.
    fn rest(&mut self, old: Option<&Role>, new: &Role) {
        let was = |text: String| old.map(|_| format!(" (was {text})")).unwrap_or_default();
        let day = |value: Option<&Value>| value.map_or("nothing".to_string(), |days| days_of(&shown(Some(days))));
        for (field, name) in [(EXPIRY, "expires after"), (SIGNING, "signing period")] {
            let (before, after) = (old.and_then(|old| old.value.get(field)), new.value.get(field));
            if before != after {
                self.at(2, &format!("{name} {}{}", day(after), was(day(before))));
            }
        }
        let empty = Map::new();
        let before = old.and_then(|old| old.value.as_object()).unwrap_or(&empty);
        let after = new.value.as_object().unwrap_or(&empty);
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names.into_iter().filter(|name| !OF_ROLE.contains(&name.as_str())) {
            raw(&format!("role {}.{name}", new.name), before.get(name), after.get(name), self);
        }
    }

    /// A key in full: whose it is, how it signs, and by what it is known.
    fn key(&mut self, sign: &str, key: &Key) {
        let scheme = key.value["scheme"].as_str().unwrap_or("no scheme");
        let both = key.owner().is_some() && key.online_uri().is_some();
        let called = match (key.owner(), key.online_uri()) {
            (Some(owner), Some(uri)) if both => format!("{owner} and {uri}"),
            _ => key.called(),
        };
        self.at(2, &format!("{sign} {called}  {scheme}"));
        match &key.public {
            Ok(public) => self.at(2, &format!("SHA-256 {}", public.fingerprint())),
            Err(why) => {
                self.at(3, &format!("it verifies nothing: {why}"));
                self.at(3, &shown(key.value.get("keyval")));
            }
        }
        self.at(2, &format!("key id  {}", key.id));
        if !key.is_compliant() {
            self.at(3, "the id is not the digest of the key, which it should be");
        }
        let standard = key.public.as_ref().map(PublicKey::to_tuf);
        let unusual = |name: &str| match &standard {
            Ok(standard) => standard.get(name) != key.value.get(name),
            Err(_) => true,
        };
        for (name, value) in key.value.as_object().into_iter().flatten() {
            let is_told = match name.as_str() {
                KEY_OWNER => key.owner().is_some(),
                ONLINE_URI => key.online_uri().is_some(),
                "scheme" => value.is_string(),
                other => OF_KEY.contains(&other) && !unusual(other),
            };
            if !is_told {
                self.at(3, &format!("{name}: {}", shown(Some(value))));
            }
        }
    }

    fn keys_gone(&mut self, role: &Role, keys: &BTreeMap<String, Key>) {
        for key in role.keyids.iter().filter_map(|id| keys.get(id)) {
            self.key("-", key);
        }
    }

    /// Keys that changed and sign for no role.
    fn other_keys(
        &mut self,
        roles: &[Role],
        (old_keys, new_keys): (&BTreeMap<String, Key>, &BTreeMap<String, Key>),
        told: &BTreeSet<&str>,
    ) {
        let used = |id: &String| roles.iter().any(|role| role.keyids.contains(id));
        for (id, key) in new_keys.iter().filter(|(id, _)| !told.contains(id.as_str()) && !used(id)) {
            if old_keys.get(id).map(|old| &old.value) != Some(&key.value) {
                self.say("a key that signs for no role");
                self.key("+", key);
            }
        }
        for (_, key) in old_keys.iter().filter(|(id, _)| !new_keys.contains_key(*id)) {
            self.say(&format!("the key of {}, {}…, is gone", key.called(), key.id.get(..8).unwrap_or(&key.id)));
        }
    }

    /// Many new roles that differ in their names and hash prefixes alone.
    fn bins<'a>(
        &mut self,
        roles: &'a [Role],
        alike: &BTreeSet<&str>,
        first: &'a Role,
        keys: &'a BTreeMap<String, Key>,
        told: &mut BTreeSet<&'a str>,
    ) {
        let bins: Vec<&Role> = roles.iter().filter(|role| alike.contains(role.name.as_str())).collect();
        let last = bins.last().map_or("", |role| role.name.as_str());
        self.say(&format!(
            "{} new roles {} to {last}, each: threshold {}, keys {}",
            bins.len(),
            first.name,
            first.threshold,
            first.keyids.len()
        ));
        for id in &first.keyids {
            match keys.get(id) {
                Some(key) => self.key("+", key),
                None => self.at(2, &format!("+ a key that is not there, {id}")),
            }
            told.insert(id);
        }
        let prefixes: Vec<&String> = bins
            .iter()
            .flat_map(|role| match &role.paths {
                Some(Paths::HashPrefixes(prefixes)) => prefixes.as_slice(),
                _ => &[],
            })
            .collect();
        let distinct = prefixes.iter().collect::<BTreeSet<_>>().len();
        let lengths: BTreeSet<usize> = prefixes.iter().map(|prefix| prefix.len()).collect();
        let whole = match lengths.first() {
            Some(length) if lengths.len() == 1 && *length < 16 => distinct == 1 << (4 * length),
            _ => false,
        };
        let cover = match (whole, distinct == prefixes.len()) {
            (true, true) => "every hash prefix of that length once",
            (true, false) => "every hash prefix of that length, some of them twice",
            _ => "and not every hash prefix",
        };
        let digits = if lengths.iter().eq([&1]) { "digit" } else { "digits" };
        let lengths: Vec<String> = lengths.iter().map(usize::to_string).collect();
        self.at(2, &format!("{} hash prefixes of {} {digits}: {cover}", prefixes.len(), lengths.join(" or ")));
        self.at(2, if first.terminating { "terminating" } else { "not terminating" });
        self.rest(None, first);
        let digest = officiant_engine::record::digest_hex(
            &bins.iter().flat_map(|role| role.value.to_string().into_bytes()).collect::<Vec<u8>>(),
        );
        self.at(2, &format!("SHA-256 {digest}"));
    }
}

/// Top-level roles in the order of people's interest, others as they stand.
fn ordered(roles: &[Role]) -> Vec<&Role> {
    let mut ordered: Vec<&Role> = roles.iter().collect();
    let place = |role: &&Role| ["root", "targets", "timestamp", "snapshot"].iter().position(|it| *it == role.name);
    ordered.sort_by_key(|role| place(role).unwrap_or(4));
    ordered
}

/// The new roles that differ in their names and hash prefixes alone, where there are many.
fn alike<'a>(old: &[Role], new: &'a [Role]) -> BTreeSet<&'a str> {
    let rest = |role: &Role| {
        let mut value = role.value.clone();
        if let Some(fields) = value.as_object_mut() {
            fields.remove("name");
            fields.remove("path_hash_prefixes");
        }
        value.to_string()
    };
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for role in new.iter().filter(|role| matches!(role.paths, Some(Paths::HashPrefixes(_)))) {
        if old.iter().all(|it| it.name != role.name) {
            groups.entry(rest(role)).or_default().push(&role.name);
        }
    }
    let largest = groups.into_values().max_by_key(Vec::len).filter(|group| group.len() >= ALIKE);
    largest.unwrap_or_default().into_iter().collect()
}
