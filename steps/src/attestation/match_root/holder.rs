//! Who holds a device, as two places say it: `README.md` in its folder, and the owner of its key in metadata.

use super::super::key::Device;
use crate::text::plain;
use serde_json::Value;

/// A device as far as it matters whose keys it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attested {
    pub(super) serial: u32,
    pub(super) held_by: Option<String>,
    /// SHA-256 (hex) of its keys' `SubjectPublicKeyInfo`, DER.
    pub(super) fingerprints: Vec<String>,
    /// Whether all of it holds.
    pub(super) holds: bool,
}

impl From<&Device> for Attested {
    fn from(device: &Device) -> Self {
        Self {
            serial: device.serial,
            held_by: device.held_by.clone(),
            fingerprints: device.keys.iter().map(|key| key.fingerprint.clone()).collect(),
            holds: device.faults.is_empty(),
        }
    }
}

impl Attested {
    /// A device as the record has it; nothing when it is none.
    pub(super) fn recorded(device: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_string);
        Some(Self {
            serial: device["serial"].as_u64()?.try_into().ok()?,
            held_by: text(&device["held_by"]),
            fingerprints: device["keys"].as_array()?.iter().filter_map(|key| text(&key["fingerprint"])).collect(),
            holds: device["faults"].as_array()?.is_empty(),
        })
    }
}

/// How what two places say of a device's holder differs, as a sentence; GitHub's handles are the same in either case.
pub(super) fn difference(serial: u32, readme: Option<&str>, owner: Option<&str>) -> Option<String> {
    let owner = owner.map(plain);
    let Some(readme) = readme else {
        let owner = owner.unwrap_or_else(|| "nobody".to_string());
        return Some(format!("{serial}: no `README.md` says who holds it; metadata says {owner}"));
    };
    let Some(owner) = owner else {
        return Some(format!("{serial}: `README.md` says {readme}; metadata says nobody"));
    };
    if readme.eq_ignore_ascii_case(&owner) {
        return None;
    }
    let is_handle = |it: char| it == '@' || it == '-' || it.is_ascii_alphanumeric();
    if readme.split(|it| !is_handle(it)).any(|handle| handle.eq_ignore_ascii_case(&owner)) {
        return Some(format!("{serial}: `README.md` says {readme}, which is more than {owner} in metadata"));
    }
    Some(format!("{serial}: `README.md` says {readme}; metadata says {owner}"))
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn a_holder_is_compared_by_handle() {
        for (readme, owner, said) in [
            (Some("@kipz"), Some("@kipz"), None),
            (Some("@LaurentGoderre"), Some("@laurentgoderre"), None),
            (Some("@tianon-sso (@tianon)"), Some("@tianon-sso"), Some("more than @tianon-sso")),
            (Some("@tianon-sso"), Some("@tianon"), Some("metadata says @tianon")),
            (Some("tianon"), Some("@tianon"), Some("metadata says @tianon")),
            (Some("@kipz"), None, Some("metadata says nobody")),
            (None, Some("@kipz"), Some("no `README.md`")),
        ] {
            let difference = difference(1, readme, owner);
            let is_so = difference.as_deref().map_or(said.is_none(), |it| said.is_some_and(|said| it.contains(said)));
            assert!(is_so && difference.is_some() == said.is_some(), "{readme:?} {owner:?}: {difference:?}");
        }
    }
}
