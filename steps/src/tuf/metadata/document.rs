//! A file of metadata: what is signed, and the signatures.

use super::{Key, Role, canonical_object, read};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json, ser::PrettyFormatter};
use std::{collections::BTreeMap, fmt::Write};

/// A file of metadata.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// What is signed, unknown fields too.
    pub(crate) signed: Map<String, Value>,
    /// The signatures in their order.
    pub(crate) signatures: Vec<Signature>,
    /// What else is at the top, which nobody signs.
    pub(crate) others: Map<String, Value>,
}

/// A signature in a file of metadata.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Signature {
    pub(crate) keyid: String,
    /// Hex; empty where tuf-on-ci keeps a place for it.
    pub(crate) sig: String,
    /// What else it has.
    pub(crate) others: Map<String, Value>,
}

impl Signature {
    pub(crate) fn new(keyid: &str, signature: &[u8]) -> Self {
        Self { keyid: keyid.to_string(), sig: hex::encode(signature), others: Map::new() }
    }

    /// Reads a signature.
    ///
    /// # Errors
    /// What is wrong, as a clause.
    pub(super) fn read(value: Value) -> Result<Self, String> {
        let Value::Object(mut others) = value else { return Err("a signature is no object".to_string()) };
        match (others.remove("keyid"), others.remove("sig")) {
            (Some(Value::String(keyid)), Some(Value::String(sig))) => Ok(Self { keyid, sig, others }),
            _ => Err("a signature lacks `keyid` or `sig`".to_string()),
        }
    }

    fn to_value(&self) -> Value {
        let mut value = self.others.clone();
        value.insert("keyid".to_string(), self.keyid.clone().into());
        value.insert("sig".to_string(), self.sig.clone().into());
        Value::Object(value)
    }
}

impl Document {
    /// What is to be signed, and no signature yet.
    pub(crate) fn unsigned(signed: Map<String, Value>) -> Self {
        Self { signed, signatures: Vec::new(), others: Map::new() }
    }

    /// Reads a file of metadata: its JSON in one way only, with what every role has.
    ///
    /// # Errors
    /// What is wrong, as a clause.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        Self::parse(bytes)?.checked()
    }

    /// Reads what is signed and the signatures, whatever is in them.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let Value::Object(mut others) = read(bytes)? else { return Err("it is no JSON object".to_string()) };
        let Some(Value::Object(signed)) = others.remove("signed") else {
            return Err("it has nothing that is `signed`".to_string());
        };
        let Some(Value::Array(signatures)) = others.remove("signatures") else {
            return Err("it has no `signatures`".to_string());
        };
        let signatures = signatures.into_iter().map(Signature::read).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { signed, signatures, others })
    }

    /// With what every role has.
    ///
    /// # Errors
    /// What is wrong, as a clause.
    pub(super) fn checked(self) -> Result<Self, String> {
        self.text("_type")?;
        let spec = self.text("spec_version")?;
        if spec.split('.').next() != Some("1") {
            return Err(format!("it is of version {spec:?} of the specification; only 1 is known here"));
        }
        self.version()?;
        self.expires()?;
        Ok(self)
    }

    /// The bytes that are signed.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        canonical_object(&self.signed)
    }

    /// The file as python-tuf writes it: keys in order, a space for each depth, only ASCII, no line feed at the end.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut document = self.others.clone();
        let signatures = self.signatures.iter().map(Signature::to_value).collect();
        document.insert("signatures".to_string(), Value::Array(signatures));
        document.insert("signed".to_string(), Value::Object(self.signed.clone()));
        let mut bytes = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b" "));
        // Values can always be written to memory.
        let _ = Value::Object(document).serialize(&mut serializer);
        let mut ascii = String::with_capacity(bytes.len());
        for character in String::from_utf8_lossy(&bytes).chars() {
            if character.is_ascii() {
                ascii.push(character);
            } else {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(ascii, "\\u{unit:04x}");
                }
            }
        }
        ascii.into_bytes()
    }

    /// What it is metadata of: `root`, `targets`, `snapshot` or `timestamp`; delegated roles are `targets`.
    pub(crate) fn kind(&self) -> &str {
        self.signed.get("_type").and_then(Value::as_str).unwrap_or_default()
    }

    /// Its version, from 1.
    ///
    /// # Errors
    /// It is no such number, as a clause.
    pub(crate) fn version(&self) -> Result<u64, String> {
        let version = self.signed.get("version").and_then(Value::as_u64).filter(|version| *version > 0);
        version.ok_or_else(|| "its version is no whole number of at least 1".to_string())
    }

    /// When it expires.
    ///
    /// # Errors
    /// It is no time, as a clause.
    pub(crate) fn expires(&self) -> Result<Timestamp, String> {
        let text = self.text("expires")?;
        text.parse().map_err(|_| format!("it expires at {text:?}, which is no time"))
    }

    /// The keys that it delegates to, by id: those of `root`, or of a targets role's delegations.
    ///
    /// # Errors
    /// They are no object.
    pub(crate) fn keys(&self) -> Result<BTreeMap<String, Key>, String> {
        let keys = if self.kind() == "root" {
            self.signed.get("keys")
        } else {
            match self.signed.get("delegations") {
                None => return Ok(BTreeMap::new()),
                Some(delegations) => delegations.get("keys"),
            }
        };
        let keys = keys.and_then(Value::as_object).ok_or("its keys are no object")?;
        Ok(keys.iter().map(|(id, key)| (id.clone(), Key::new(id, key.clone()))).collect())
    }

    /// The roles that it delegates to: those of `root` by name, or those of a targets role in their order.
    ///
    /// # Errors
    /// What is wrong, as a clause.
    pub(crate) fn roles(&self) -> Result<Vec<Role>, String> {
        if self.kind() == "root" {
            let roles = self.signed.get("roles").and_then(Value::as_object).ok_or("its roles are no object")?;
            return roles.iter().map(|(name, role)| Role::read(name, role, false)).collect();
        }
        let Some(delegations) = self.signed.get("delegations") else { return Ok(Vec::new()) };
        let Some(roles) = delegations.get("roles") else { return Ok(Vec::new()) };
        let roles = roles.as_array().ok_or("its delegated roles are no list")?;
        let named = |role: &Value| {
            let name = role["name"].as_str().ok_or("a delegated role has no name")?;
            Role::read(name, role, true)
        };
        roles.iter().map(named).collect()
    }

    /// The role with that name which it delegates to.
    ///
    /// # Errors
    /// There is none, or what [`Self::roles`] says.
    pub(crate) fn role(&self, name: &str) -> Result<Role, String> {
        let mut roles = self.roles()?;
        let at = roles.iter().position(|role| role.name == name);
        at.map(|at| roles.swap_remove(at)).ok_or_else(|| format!("it delegates to no role {name:?}"))
    }

    /// A text among what is signed.
    ///
    /// # Errors
    /// There is none of that name.
    pub(crate) fn text(&self, name: &str) -> Result<&str, String> {
        self.signed.get(name).and_then(Value::as_str).ok_or_else(|| format!("it has no text `{name}`"))
    }

    /// Puts a signature in the place that is kept for it, or at the end.
    pub(crate) fn put(&mut self, signature: Signature) {
        match self.signatures.iter_mut().find(|held| held.keyid == signature.keyid) {
            Some(held) => *held = signature,
            None => self.signatures.push(signature),
        }
    }
}

/// A time as metadata has it: `2025-06-04T15:05:22Z` (specification, 4.2).
pub(crate) fn date(at: Timestamp) -> Value {
    json!(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::Document;
    use std::{env, fs, path::PathBuf};

    /// Docker's real metadata, where it is there.
    fn real() -> Option<Vec<(PathBuf, Vec<u8>)>> {
        let data = env::var("OFFICIANT_REAL_DATA").unwrap_or_else(|_| "../../shared/data".to_string());
        let folder = PathBuf::from(data).join("docker-2024-06-04/metadata");
        let Ok(files) = fs::read_dir(&folder) else {
            assert!(env::var_os("CI").is_none(), "{} is not there", folder.display());
            eprintln!("skipped: {} is not there", folder.display());
            return None;
        };
        let json =
            files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|it| it == "json"));
        Some(json.map(|path| (path.clone(), fs::read(path).unwrap())).collect())
    }

    #[test]
    fn dockers_metadata_is_written_as_it_was_read() {
        let Some(files) = real() else { return };
        assert!(files.len() >= 7);
        for (path, bytes) in files {
            let document = Document::read(&bytes).unwrap();
            assert_eq!(document.to_bytes(), bytes, "{}", path.display());
        }
    }
}
