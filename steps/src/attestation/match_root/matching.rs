//! The comparison: the roles' keys on one side, the devices' on the other, by public key.

use super::{
    holder::{Attested, difference},
    metadata::Metadata,
};
use crate::{
    text::plain,
    tuf::metadata::{Key, Role},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Matched {
    pub(super) roles: Vec<RoleHeld>,
    pub(super) holders: Vec<HeldKey>,
    /// What is missing on either side, as clauses.
    pub(super) faults: Vec<String>,
    pub(super) findings: Vec<Finding>,
}

/// A role whose keys must have devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct RoleHeld {
    /// Its name.
    name: String,
    /// How many of its keys must sign.
    threshold: u64,
    /// How many public keys it has.
    keys: usize,
}

/// A key, the roles that it is in and the device that has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct HeldKey {
    /// Who holds it, as metadata says.
    who: String,
    /// The devices that attest it, by serial number; none when it is missing.
    devices: Vec<u32>,
    /// Who holds the device, as `README.md` in its folder says.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_by: Option<String>,
    /// The roles that it is in; none when it is missing.
    roles: Vec<String>,
    /// The ids that metadata has it under.
    keyids: Vec<String>,
    /// SHA-256 (hex) of its `SubjectPublicKeyInfo`, DER.
    fingerprint: String,
}

/// Something odd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Finding {
    /// A stable kebab-case name for this sort of finding.
    pub(super) code: String,
    /// What it is, in a sentence.
    pub(super) message: String,
}

impl HeldKey {
    /// For those who watch.
    pub(super) fn line(&self) -> (String, String) {
        let device = match self.devices[..] {
            [] => "no verified device".to_string(),
            _ => self.devices.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
        };
        let roles = if self.roles.is_empty() { "no role".to_string() } else { self.roles.join(", ") };
        let is_matched = !self.devices.is_empty() && !self.roles.is_empty();
        (self.who.clone(), format!("{device} · {roles} · {}", if is_matched { "verified" } else { "MISSING" }))
    }
}

/// A public key in metadata.
struct Standing {
    held: HeldKey,
    /// Its owners, as its ids have them.
    owners: BTreeSet<String>,
    /// Whether it is in a role whose keys must have devices.
    needed: bool,
}

/// Compares: every key of the `needed` roles has a device that holds, and every key of a device is in a role.
pub(super) fn matched(metadata: &Metadata, needed: &[String], devices: &[Attested]) -> Matched {
    let mut matched = Matched { faults: metadata.faults(), ..Matched::default() };
    let mut standing = match standing(metadata, needed, &mut matched) {
        Ok(standing) => standing,
        Err(why) => {
            matched.faults.push(why);
            return matched;
        }
    };
    let mut stray = Vec::new();
    for device in devices.iter().filter(|device| device.holds) {
        for fingerprint in &device.fingerprints {
            if let Some(key) = standing.iter_mut().find(|key| key.held.fingerprint == *fingerprint) {
                key.held.devices.push(device.serial);
                key.held.held_by.clone_from(&device.held_by);
                let owner = key.owners.first().map(String::as_str);
                let message = difference(device.serial, device.held_by.as_deref(), owner);
                matched.findings.extend(message.map(|message| Finding { code: "holder".to_string(), message }));
            } else {
                stray.push(in_no_role(device, fingerprint, &mut matched.faults));
            }
        }
    }
    in_one_device(&standing, needed, &mut matched);
    for key in &standing {
        matched.faults.extend(without_device(key, devices));
        let (who, ids) = (&key.held.who, key.held.keyids.join(" and "));
        if key.held.keyids.len() > 1 && (key.needed || !key.held.devices.is_empty()) {
            let message = format!("the key of {who} is in metadata under several ids: {ids}");
            matched.findings.push(Finding { code: "two-ids".to_string(), message });
        }
        if key.owners.len() > 1 {
            let owners = key.owners.iter().map(String::as_str).collect::<Vec<_>>().join(" and ");
            let message = format!("one key is in metadata as that of {owners}");
            matched.findings.push(Finding { code: "two-owners".to_string(), message });
        }
    }
    let shown = standing.into_iter().filter(|key| key.needed || !key.held.devices.is_empty()).map(|key| key.held);
    matched.holders = shown.chain(stray).collect();
    matched
}

/// The public keys in the roles: those of `needed` in their order, then the others.
fn standing(metadata: &Metadata, needed: &[String], matched: &mut Matched) -> Result<Vec<Standing>, String> {
    let mut roles = roles(metadata)?;
    for name in needed {
        if !roles.iter().any(|(role, _)| role.name == *name) {
            matched.faults.push(format!("there is no role {name:?}"));
        }
    }
    roles.sort_by_key(|(role, _)| needed.iter().position(|name| *name == role.name).unwrap_or(usize::MAX));
    let mut standing: Vec<Standing> = Vec::new();
    for (role, keys) in &roles {
        let is_needed = needed.contains(&role.name);
        let mut fingerprints = BTreeSet::new();
        for id in &role.keyids {
            let public = match keys.get(id) {
                None => Err(format!("has no key under the id {id:?}")),
                Some(key) => key.public.as_ref().map(|it| (key, it.fingerprint())).map_err(|why| {
                    format!("has a key that cannot be matched, that of {}: {why}", plain(&key.called()))
                }),
            };
            match public {
                Ok((key, fingerprint)) => {
                    stand(&mut standing, key, &fingerprint, &role.name, is_needed);
                    fingerprints.insert(fingerprint);
                }
                Err(why) if is_needed => matched.faults.push(format!("{} {why}", plain(&role.name))),
                Err(_) => {}
            }
        }
        if is_needed {
            let (name, threshold, keys) = (plain(&role.name), role.threshold, fingerprints.len());
            if (keys as u64) < threshold {
                matched.faults.push(format!("{name} has {keys} keys, and {threshold} must sign"));
            }
            matched.roles.push(RoleHeld { name, threshold, keys });
        }
    }
    Ok(standing)
}

fn stand(standing: &mut Vec<Standing>, key: &Key, fingerprint: &str, role: &str, is_needed: bool) {
    let at = standing.iter().position(|it| it.held.fingerprint == fingerprint).unwrap_or_else(|| {
        let held = HeldKey {
            who: plain(&key.called()),
            devices: Vec::new(),
            held_by: None,
            roles: Vec::new(),
            keyids: Vec::new(),
            fingerprint: fingerprint.to_string(),
        };
        standing.push(Standing { held, owners: BTreeSet::new(), needed: false });
        standing.len() - 1
    });
    let Standing { held, owners, needed } = &mut standing[at];
    for (held, one) in [(&mut held.roles, plain(role)), (&mut held.keyids, plain(&key.id))] {
        if !held.contains(&one) {
            held.push(one);
        }
    }
    owners.extend(key.owner().map(plain));
    *needed |= is_needed;
}

/// A role, and its keys by id.
type Delegated = (Role, BTreeMap<String, Key>);

/// Every role with its keys as whoever delegates to it has them.
fn roles(metadata: &Metadata) -> Result<Vec<Delegated>, String> {
    let mut all: Vec<Delegated> = Vec::new();
    for document in [Some(&metadata.root), metadata.targets.as_ref()].into_iter().flatten() {
        let keys = document.keys().map_err(|why| format!("{}: {why}", document.kind()))?;
        for role in document.roles().map_err(|why| format!("{}: {why}", document.kind()))? {
            if all.iter().any(|(other, _)| other.name == role.name) {
                return Err(format!("there are two roles {:?}", role.name));
            }
            let keys = role.keyids.iter().filter_map(|id| Some((id.clone(), keys.get(id)?.clone()))).collect();
            all.push((role, keys));
        }
    }
    Ok(all)
}

/// A device's key that is in no role.
fn in_no_role(device: &Attested, fingerprint: &str, faults: &mut Vec<String>) -> HeldKey {
    let serial = device.serial;
    let by = device.held_by.as_ref().map(|by| format!(", held by {by},")).unwrap_or_default();
    faults.push(format!("the device {serial}{by} has a key that is in no role: {fingerprint}"));
    HeldKey {
        who: device.held_by.clone().unwrap_or_else(|| "nobody is named".to_string()),
        devices: vec![serial],
        held_by: device.held_by.clone(),
        roles: Vec::new(),
        keyids: Vec::new(),
        fingerprint: fingerprint.to_string(),
    }
}

/// Devices that have several keys of one role: who has such a device signs more than once, and a threshold is of fewer people than
/// it says.
fn in_one_device(standing: &[Standing], needed: &[String], matched: &mut Matched) {
    let mut held = BTreeMap::<(u32, &str), BTreeSet<(&str, &str)>>::new();
    for Standing { held: key, .. } in standing {
        for (serial, role) in key.devices.iter().flat_map(|serial| key.roles.iter().map(move |role| (*serial, role))) {
            held.entry((serial, role)).or_default().insert((&key.who, &key.fingerprint));
        }
    }
    for ((serial, role), keys) in held.into_iter().filter(|(_, keys)| keys.len() > 1) {
        let whose = keys.iter().map(|(who, _)| *who).collect::<Vec<_>>().join(" and ");
        let message = format!("the device {serial} has {} keys of {role}, those of {whose}", keys.len());
        if needed.iter().any(|name| name == role) {
            matched.faults.push(message);
        } else {
            matched.findings.push(Finding { code: "one-device".to_string(), message });
        }
    }
}

/// A key that needs a device and has none, as a clause.
fn without_device(key: &Standing, devices: &[Attested]) -> Option<String> {
    if !key.needed || !key.held.devices.is_empty() {
        return None;
    }
    let (who, roles) = (&key.held.who, key.held.roles.join(", "));
    let untrue = devices.iter().find(|device| device.fingerprints.contains(&key.held.fingerprint));
    let but = untrue.map(|it| format!("; that of {} does not hold", it.serial)).unwrap_or_default();
    Some(format!("the key of {who} in {roles} has no verified device{but}"))
}
