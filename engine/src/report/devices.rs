//! Devices and keys, as the outputs of the steps name them: whatever has a serial number and a firmware, and whatever has a
//! fingerprint.

use super::shown::{BRIEF, clip, value};
use crate::audit::Replayed;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Most rows of a table.
const MOST: usize = 1_000;

/// Deepest nesting of outputs that is looked through.
const DEEPEST: usize = 8;

/// A device.
#[derive(Debug, Serialize)]
pub(super) struct Device {
    /// The runbook's name for it; nothing when no name was bound to it.
    name: String,
    serial: String,
    /// Every firmware that it was seen with.
    firmware: String,
}

/// A key.
#[derive(Debug, Serialize)]
pub(super) struct Key {
    fingerprint: String,
    object: String,
    /// The slot of a PIV card.
    slot: String,
    label: String,
    algorithm: String,
    device: String,
    pin_policy: String,
    touch_policy: String,
    /// Whether a certificate about it was made, as far as the record says.
    attested: bool,
    /// The subject of the root that a step verified its attestation up to; nothing when none did.
    verified: String,
    /// Whether the runbook made it up for a rehearsal.
    made_up: bool,
    files: Vec<String>,
    /// Where it is named first.
    pub(super) line: usize,
    /// Where a link to that leads.
    pub(super) anchor: usize,
}

/// What the outputs have named so far.
#[derive(Debug, Default)]
pub(super) struct Collected {
    firmware: BTreeMap<String, BTreeSet<String>>,
    /// What an object of a device is called, and its algorithm: the newest.
    objects: BTreeMap<(String, String), (String, String)>,
    keys: BTreeMap<(String, String), Key>,
    order: Vec<(String, String)>,
    left_out: bool,
}

impl Collected {
    /// Takes in the outputs of a step.
    pub(super) fn take(&mut self, outputs: &Value, made_up: bool, line: usize) {
        self.look(outputs, Around::default(), made_up, line, 0);
    }

    fn look(&mut self, outputs: &Value, around: Around<'_>, made_up: bool, line: usize, depth: usize) {
        match outputs {
            Value::Object(members) => {
                let (serial, root) = (text(members, "serial"), root_of(members));
                let around = Around {
                    serial: if serial.is_empty() { around.serial } else { &serial },
                    root: if root.is_empty() { around.root } else { &root },
                };
                self.note(members, around, made_up, line);
                if depth < DEEPEST {
                    for inner in members.values() {
                        self.look(inner, around, made_up, line, depth + 1);
                    }
                }
            }
            Value::Array(items) if depth < DEEPEST => {
                for inner in items {
                    self.look(inner, around, made_up, line, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, members: &Map<String, Value>, around: Around<'_>, made_up: bool, line: usize) {
        let serial = around.serial;
        let (firmware, object) = (text(members, "firmware"), text(members, "object_id"));
        let (label, algorithm) = (text(members, "label"), text(members, "algorithm"));
        if !serial.is_empty() && !firmware.is_empty() {
            if self.firmware.len() < MOST || self.firmware.contains_key(serial) {
                let seen = self.firmware.entry(serial.into()).or_default();
                if seen.len() < 10 {
                    seen.insert(firmware);
                }
            } else {
                self.left_out = true;
            }
        }
        let place = (serial.to_string(), object.clone());
        if !object.is_empty() && (self.objects.len() < MOST || self.objects.contains_key(&place)) {
            let known = self.objects.entry(place.clone()).or_default();
            for (known, found) in [(&mut known.0, &label), (&mut known.1, &algorithm)] {
                if !found.is_empty() {
                    known.clone_from(found);
                }
            }
        }
        let fingerprint = text(members, "fingerprint");
        if fingerprint.is_empty() {
            return;
        }
        let id = (fingerprint.clone(), serial.to_string());
        if !self.keys.contains_key(&id) {
            if self.keys.len() >= MOST {
                self.left_out = true;
                return;
            }
            self.order.push(id.clone());
        }
        let (known_label, known_algorithm) = self.objects.get(&place).cloned().unwrap_or_default();
        let key = self.keys.entry(id).or_insert_with(|| Key {
            fingerprint,
            object: String::new(),
            slot: String::new(),
            label: String::new(),
            algorithm: String::new(),
            device: serial.to_string(),
            pin_policy: String::new(),
            touch_policy: String::new(),
            attested: false,
            verified: String::new(),
            made_up,
            files: Vec::new(),
            line,
            anchor: 0,
        });
        key.made_up &= made_up;
        key.attested |= attests(members);
        let verified = if text(members, "attestation").is_empty() { String::new() } else { around.root.to_string() };
        let fields = [
            (&mut key.verified, verified),
            (&mut key.object, object),
            (&mut key.slot, text(members, "slot")),
            (&mut key.pin_policy, text(members, "pin_policy")),
            (&mut key.touch_policy, text(members, "touch_policy")),
            (&mut key.label, if label.is_empty() { known_label } else { label }),
            (&mut key.algorithm, if algorithm.is_empty() { known_algorithm } else { algorithm }),
        ];
        for (field, found) in fields {
            if field.is_empty() {
                *field = found;
            }
        }
        for path in [text(members, "path"), text(members, "certificate_path")] {
            if !path.is_empty() && !key.files.contains(&path) && key.files.len() < 20 {
                key.files.push(path);
            }
        }
    }

    /// The tables, and whether something did not fit into them.
    pub(super) fn into_tables(mut self, replayed: &Replayed) -> (Vec<Device>, Vec<Key>, bool) {
        let mut names: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (name, serial) in replayed.devices.iter().take(MOST) {
            names.entry(serial.to_string()).or_default().push(name);
        }
        let mut devices = Vec::new();
        for (serial, names) in &names {
            let firmware = self.firmware.remove(serial).unwrap_or_default();
            devices.push(Device {
                name: clip(&names.join(", "), BRIEF),
                serial: serial.clone(),
                firmware: join(firmware),
            });
        }
        for (serial, firmware) in std::mem::take(&mut self.firmware) {
            devices.push(Device { name: String::new(), serial, firmware: join(firmware) });
        }
        let mut keys: Vec<Key> = self.order.iter().filter_map(|id| self.keys.remove(id)).collect();
        for key in &mut keys {
            if let Some(names) = names.get(&key.device) {
                key.device = clip(&format!("{} ({})", names.join(", "), key.device), BRIEF);
            }
        }
        (devices, keys, self.left_out || replayed.devices.len() > MOST)
    }
}

/// What the outputs around these say.
#[derive(Debug, Clone, Copy, Default)]
struct Around<'a> {
    serial: &'a str,
    /// The subject of the root that the certificates end at.
    root: &'a str,
}

/// Whether a key's outputs are of a certificate that its device made about it: a handler that can do without one says so, one that
/// cannot names the device's own certificate beside it, and one that verifies it names its file.
fn attests(members: &Map<String, Value>) -> bool {
    match members.get("attested") {
        Some(said) => *said == Value::Bool(true),
        None => ["certificate_path", "attestation"].iter().any(|name| !text(members, name).is_empty()),
    }
}

/// The last of a chain of subjects.
fn root_of(members: &Map<String, Value>) -> String {
    let chain = members.get("chain").and_then(Value::as_array);
    chain.and_then(|chain| chain.last()).map_or_else(String::new, |root| value(root, BRIEF))
}

fn join(texts: BTreeSet<String>) -> String {
    texts.into_iter().collect::<Vec<_>>().join(", ")
}

/// A member as text; nothing when there is none.
fn text(members: &Map<String, Value>, name: &str) -> String {
    match members.get(name) {
        Some(found @ (Value::String(_) | Value::Number(_))) => value(found, BRIEF),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_is_called_what_its_object_was_called_when_it_was_made() {
        let mut collected = Collected::default();
        collected.take(&json!({"serial": 7, "object_id": 100, "label": "root", "algorithm": "ecp256"}), false, 3);
        collected.take(
            &json!({"serial": 7, "object_id": 100, "fingerprint": "ab", "path": "products/a.pem"}),
            false,
            5,
        );
        collected.take(&json!({"serial": 7, "object_id": 100, "fingerprint": "ab", "attested": true}), false, 6);
        let key = &collected.keys[&("ab".to_string(), "7".to_string())];
        assert_eq!((key.label.as_str(), key.algorithm.as_str(), key.line), ("root", "ecp256", 5));
        assert!(key.attested);
        assert_eq!(key.files, ["products/a.pem"]);
    }

    #[test]
    fn a_key_in_a_slot_is_attested_and_verified_as_the_steps_say() {
        let mut collected = Collected::default();
        let place = ("ab".to_string(), "7".to_string());
        collected.take(&json!({"serial": 7, "fingerprint": "ab", "slot": "9c", "pin_policy": "always"}), false, 1);
        assert!(!collected.keys[&place].attested);
        let attestation = json!({"serial": 7, "fingerprint": "ab", "path": "a.pem", "certificate_path": "f9.pem"});
        collected.take(&attestation, false, 2);
        assert!(collected.keys[&place].attested && collected.keys[&place].verified.is_empty());
        let key = json!({"fingerprint": "ab", "attestation": "a.pem", "slot": "9c"});
        collected.take(&json!({"devices": [{"serial": 7, "chain": ["CN=Sub", "CN=Root"], "keys": [key]}]}), false, 3);
        let key = &collected.keys[&place];
        assert_eq!((key.slot.as_str(), key.pin_policy.as_str(), key.verified.as_str()), ("9c", "always", "CN=Root"));
    }

    #[test]
    fn a_key_that_its_device_could_not_attest_is_not_called_attested() {
        let mut collected = Collected::default();
        let outputs = json!({"serial": 7, "fingerprint": "ab", "attested": false, "certificate_path": "device.pem"});
        collected.take(&outputs, false, 1);
        assert!(!collected.keys[&("ab".to_string(), "7".to_string())].attested);
    }

    #[test]
    fn one_key_on_two_devices_is_two_rows() {
        let mut collected = Collected::default();
        collected.take(&json!({"serial": 7, "fingerprint": "ab"}), false, 1);
        collected.take(
            &json!({"devices": [{"serial": 8, "firmware": "2.4.0", "key": {"fingerprint": "ab"}}]}),
            false,
            2,
        );
        assert_eq!(collected.order, [("ab".into(), "7".into()), ("ab".into(), "8".into())]);
        assert!(collected.firmware.contains_key("8"));
    }
}
