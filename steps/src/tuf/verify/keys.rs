//! The keys that roles are signed with.

use super::{
    super::metadata::{Key, Role},
    fields,
    files::quoted,
    report::{Finding, Report},
};
use std::collections::{BTreeMap, BTreeSet};

/// Every public key that was seen, with the ids that it has.
#[derive(Debug, Default)]
pub(super) struct KeyBook(BTreeMap<String, BTreeMap<String, String>>);

impl KeyBook {
    /// Looks at the keys that `place` delegates to roles with; what of the roles cannot be, as clauses.
    pub(super) fn look_at(
        &mut self,
        place: &str,
        keys: &BTreeMap<String, Key>,
        roles: &[Role],
        report: &mut Report,
    ) -> Vec<String> {
        let mut usable = BTreeMap::new();
        for (id, key) in keys {
            let (called, id_shown) = (quoted(&key.called()), quoted(id));
            report.found_all(fields::of_key(place, key));
            if !key.is_compliant() {
                let message =
                    format!("the key id {id_shown} of {called} is not the hash of its key, {}", Key::id_of(&key.value));
                report.found(Finding::new("key-id", place, message));
            }
            match &key.public {
                Ok(public) => {
                    let fingerprint = public.fingerprint();
                    self.0.entry(fingerprint.clone()).or_default().insert(id.clone(), key.called());
                    usable.insert(id.as_str(), fingerprint);
                }
                Err(why) => {
                    report.found(Finding::new("unusable-key", place, format!("nothing verifies with {called}: {why}")));
                }
            }
        }
        let mut used = BTreeSet::new();
        let mut faults = Vec::new();
        for role in roles {
            let name = quoted(&role.name);
            used.extend(role.keyids.iter().map(String::as_str));
            for id in role.keyids.iter().filter(|id| !keys.contains_key(*id)) {
                report.found(Finding::new(
                    "no-key",
                    place,
                    format!("there is no key {} of the role {name}", quoted(id)),
                ));
            }
            let of_role: BTreeSet<_> = role.keyids.iter().filter_map(|id| usable.get(id.as_str())).collect();
            if (of_role.len() as u64) < role.threshold {
                let (threshold, keys) = (role.threshold, of_role.len());
                faults.push(format!(
                    "the role {name} has a threshold of {threshold}, and only {keys} different public keys that can sign"
                ));
            }
        }
        for key in keys.values().filter(|key| !used.contains(key.id.as_str())) {
            let message = format!("no role has {}, whose id is {}", quoted(&key.called()), quoted(&key.id));
            report.found(Finding::new("unused-key", place, message));
        }
        faults
    }

    /// Notes the public keys that have more than one id.
    pub(super) fn find_duplicates(&self, report: &mut Report) {
        for ids in self.0.values().filter(|ids| ids.len() > 1) {
            let ids: Vec<_> = ids.iter().map(|(id, called)| format!("{} of {}", quoted(id), quoted(called))).collect();
            let message = format!("one public key has {} ids: {}", ids.len(), ids.join(", "));
            report.found(Finding::new("duplicate-key", "all roles", message));
        }
    }
}

/// The roles at the top whose keys are online, as a rule.
const ONLINE: [&str; 2] = ["snapshot", "timestamp"];

/// Notes keys that sign for root and for a role whose keys are online.
pub(super) fn find_online(place: &str, keys: &BTreeMap<String, Key>, roles: &[Role], report: &mut Report) {
    let of = |name: &str| -> BTreeMap<String, String> {
        let role = roles.iter().find(|role| role.name == name);
        let keys = role.into_iter().flat_map(|role| &role.keyids).filter_map(|id| keys.get(id));
        keys.filter_map(|key| Some((key.public.as_ref().ok()?.fingerprint(), key.called()))).collect()
    };
    let root = of("root");
    for name in ONLINE {
        for called in of(name).iter().filter(|(fingerprint, _)| root.contains_key(*fingerprint)).map(|(_, it)| it) {
            let message = format!("the same key signs for `root` and for `{name}`: {}", quoted(called));
            report.found(Finding::new("online-root-key", place, message));
        }
    }
}
