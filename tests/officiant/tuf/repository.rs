//! A TUF repository that a test makes and breaks.

use crate::support::officiant;
use ed25519_dalek::Signer as _;
use p256::pkcs8::{EncodePublicKey, LineEnding};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fs, path::Path};
use tempfile::TempDir;

/// When the tests look at repositories, and when these expire.
pub const AT: &str = "at=2030-01-01T00:00:00Z";
pub const EXPIRES: &str = "2031-01-01T00:00:00Z";

/// A key pair, always the same of a seed.
#[derive(Clone)]
pub enum Key {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

impl Key {
    pub fn ed25519(seed: u8) -> Self {
        Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]))
    }

    pub fn p256(seed: u8) -> Self {
        Self::P256(p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    pub fn p384(seed: u8) -> Self {
        Self::P384(p384::ecdsa::SigningKey::from_slice(&[seed; 48]).unwrap())
    }

    /// The key as metadata has it.
    pub fn public(&self) -> Value {
        let (keytype, scheme, public) = match self {
            Self::Ed25519(key) => ("ed25519", "ed25519", hex::encode(key.verifying_key().as_bytes())),
            Self::P256(key) => {
                ("ecdsa", "ecdsa-sha2-nistp256", key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap())
            }
            Self::P384(key) => {
                ("ecdsa", "ecdsa-sha2-nistp384", key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap())
            }
        };
        json!({ "keytype": keytype, "scheme": scheme, "keyval": { "public": public } })
    }

    /// The id that it must have.
    pub fn id(&self) -> String {
        id(&self.public())
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.sign(message).to_vec(),
            Self::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
        }
    }
}

/// The id that a key must have.
pub fn id(key: &Value) -> String {
    hex::encode(Sha256::digest(canonical(key)))
}

/// Keys by their ids.
pub fn keys(keys: &[&Key]) -> Value {
    keys.iter().map(|key| (key.id(), key.public())).collect::<Map<_, _>>().into()
}

/// The ids of keys.
pub fn ids(keys: &[&Key]) -> Vec<String> {
    keys.iter().map(|key| key.id()).collect()
}

/// OLPC's canonical JSON.
pub fn canonical(value: &Value) -> Vec<u8> {
    sorted(value, |text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// JSON with sorted keys and no space: canonical where no text has a control character.
pub fn compact(value: &Value) -> Vec<u8> {
    sorted(value, |text| Value::from(text).to_string())
}

fn sorted(value: &Value, text: fn(&str) -> String) -> Vec<u8> {
    match value {
        Value::Object(entries) => {
            let sorted_entries: BTreeMap<_, _> = entries.iter().collect();
            let entry = |(name, value): (&String, &Value)| [text(name).into_bytes(), sorted(value, text)].join(&b':');
            let entries: Vec<_> = sorted_entries.into_iter().map(entry).collect();
            [b"{".as_slice(), &entries.join(&b','), b"}"].concat()
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| sorted(item, text)).collect();
            [b"[".as_slice(), &items.join(&b','), b"]"].concat()
        }
        Value::String(value) => text(value).into_bytes(),
        other => other.to_string().into_bytes(),
    }
}

/// A file of metadata before it is signed.
#[derive(Clone)]
pub struct Draft {
    pub file: String,
    pub signed: Value,
    /// Who signs, each under an id.
    pub by: Vec<(String, Key)>,
}

impl Draft {
    pub fn new(file: &str, kind: &str, version: u64, fields: &Value, by: &[&Key]) -> Self {
        let mut signed = json!({ "_type": kind, "spec_version": "1.0.31", "version": version, "expires": EXPIRES });
        for (name, value) in fields.as_object().unwrap() {
            signed[name] = value.clone();
        }
        let by = by.iter().map(|key| (key.id(), (*key).clone())).collect();
        Self { file: file.into(), signed, by }
    }

    /// Has these sign and no others.
    pub fn signed_by(&mut self, by: &[&Key]) {
        self.by = by.iter().map(|key| (key.id(), (*key).clone())).collect();
    }

    pub fn value(&self) -> Value {
        let message = canonical(&self.signed);
        let sign = |(id, key): &(String, Key)| json!({ "keyid": id, "sig": hex::encode(key.sign(&message)) });
        json!({ "signatures": self.by.iter().map(sign).collect::<Vec<_>>(), "signed": self.signed })
    }
}

pub type Files = BTreeMap<String, Vec<u8>>;

/// A repository with the roles `docs` (a path) and `bins`, which delegates to `bin-0` and `bin-1` by hash prefixes; its root has
/// two versions. Root: 2 of three keys, targets: 2 of two, all others: 1.
#[derive(Clone)]
pub struct Repository {
    /// By names: `root1`, `root2`, `timestamp`, `snapshot`, `targets`, `docs`, `bins`, `bin-0`, `bin-1`.
    pub drafts: BTreeMap<&'static str, Draft>,
    /// Whether files are written without space, canonical where they can be.
    pub compact: bool,
}

/// The keys that sign for root; the first for version 1 alone, the fourth for version 2.
pub fn root_key(at: usize) -> Key {
    [Key::ed25519(1), Key::p256(2), Key::p384(3), Key::ed25519(4)][at].clone()
}

pub fn targets_key(at: usize) -> Key {
    [Key::p384(11), Key::ed25519(12)][at].clone()
}

pub fn online_key() -> Key {
    Key::p256(21)
}

pub fn docs_key() -> Key {
    Key::ed25519(31)
}

/// A key that nobody knows.
pub fn stranger() -> Key {
    Key::ed25519(99)
}

pub fn target(content: &str) -> Value {
    json!({ "length": content.len(), "hashes": { "sha256": hex::encode(Sha256::digest(content)) } })
}

impl Repository {
    pub fn genuine() -> Self {
        let (online, docs) = (online_key(), docs_key());
        let roots = [0, 1, 2, 3].map(root_key);
        let [first, second] = [0, 1].map(targets_key);
        let root = |version: u64, own: &[&Key], by: &[&Key]| {
            let all: Vec<&Key> = own.iter().copied().chain([&first, &second, &online]).collect();
            let fields = json!({
                "consistent_snapshot": true,
                "keys": keys(&all),
                "roles": {
                    "root": { "keyids": ids(own), "threshold": 2 },
                    "timestamp": { "keyids": ids(&[&online]), "threshold": 1 },
                    "snapshot": { "keyids": ids(&[&online]), "threshold": 1 },
                    "targets": { "keyids": ids(&[&first, &second]), "threshold": 2 },
                },
            });
            Draft::new(&format!("{version}.root.json"), "root", version, &fields, by)
        };
        let delegated = |name: &str, key: &Key, more: Value| {
            let mut role = json!({ "name": name, "keyids": ids(&[key]), "threshold": 1, "terminating": true });
            for (name, value) in more.as_object().unwrap() {
                role[name] = value.clone();
            }
            role
        };
        let targets = json!({
            "targets": { "a.txt": target("a") },
            "delegations": { "keys": keys(&[&docs, &online]), "roles": [
                delegated("docs", &docs, json!({ "paths": ["docs/*"] })),
                delegated("bins", &online, json!({ "paths": ["packages/*"] })),
            ] },
        });
        let digits: Vec<String> = (0..16).map(|digit| format!("{digit:x}")).collect();
        let bins = json!({
            "targets": {},
            "delegations": { "keys": keys(&[&online]), "roles": [
                delegated("bin-0", &online, json!({ "path_hash_prefixes": digits[..8] })),
                delegated("bin-1", &online, json!({ "path_hash_prefixes": digits[8..] })),
            ] },
        });
        let mut of_bins = [Map::new(), Map::new()];
        for number in 0..10 {
            let name = format!("packages/{number}");
            let bin = usize::from(Sha256::digest(&name)[0] >> 7);
            of_bins[bin].insert(name.clone(), target(&name));
        }
        let [low, high] = of_bins;
        let named = json!({
            "targets.json": { "version": 1 }, "docs.json": { "version": 3 }, "bins.json": { "version": 1 },
            "bin-0.json": { "version": 5 }, "bin-1.json": { "version": 6 },
        });
        let drafts = BTreeMap::from([
            ("root1", root(1, &[&roots[0], &roots[1], &roots[2]], &[&roots[0], &roots[1]])),
            ("root2", root(2, &[&roots[1], &roots[2], &roots[3]], &[&roots[1], &roots[2]])),
            (
                "timestamp",
                Draft::new(
                    "timestamp.json",
                    "timestamp",
                    9,
                    &json!({ "meta": { "snapshot.json": { "version": 7 } } }),
                    &[&online],
                ),
            ),
            ("snapshot", Draft::new("7.snapshot.json", "snapshot", 7, &json!({ "meta": named }), &[&online])),
            ("targets", Draft::new("1.targets.json", "targets", 1, &targets, &[&first, &second])),
            (
                "docs",
                Draft::new("3.docs.json", "targets", 3, &json!({ "targets": { "docs/b.txt": target("b") } }), &[&docs]),
            ),
            ("bins", Draft::new("1.bins.json", "targets", 1, &bins, &[&online])),
            ("bin-0", Draft::new("5.bin-0.json", "targets", 5, &json!({ "targets": low }), &[&online])),
            ("bin-1", Draft::new("6.bin-1.json", "targets", 6, &json!({ "targets": high }), &[&online])),
        ]);
        Self { drafts, compact: false }
    }

    /// What is to be signed of a role.
    pub fn signed(&mut self, name: &str) -> &mut Value {
        &mut self.draft(name).signed
    }

    pub fn draft(&mut self, name: &str) -> &mut Draft {
        self.drafts.get_mut(name).unwrap()
    }

    /// The roles that a role delegates to.
    pub fn delegated(&mut self, name: &str) -> &mut Vec<Value> {
        self.signed(name)["delegations"]["roles"].as_array_mut().unwrap()
    }

    pub fn files(&self) -> Files {
        let bytes = |draft: &Draft| {
            let value = draft.value();
            if self.compact { compact(&value) } else { serde_json::to_vec_pretty(&value).unwrap() }
        };
        self.drafts.values().map(|draft| (draft.file.clone(), bytes(draft))).collect()
    }
}

/// A folder with files in `metadata/`.
pub fn folder(files: &Files) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join("metadata").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// Verifies what is in `metadata/` of a folder.
pub fn verify(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = officiant();
    command.current_dir(folder).args(["step", "tuf.verify", "metadata=metadata"]).args(arguments);
    let output = command.output().unwrap();
    Said {
        code: output.status.code(),
        outputs: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What came of the step.
pub struct Said {
    pub code: Option<i32>,
    pub outputs: Value,
    pub stderr: String,
}

impl Said {
    /// Requires that everything holds.
    #[track_caller]
    pub fn holds(self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.outputs
    }

    /// Requires a failure that has that reason in its message, and no letter that a terminal takes for more.
    #[track_caller]
    pub fn refused(&self, name: &str, reason: &str) {
        let message = self.stderr.split_once("error: ").map(|(_, rest)| rest).unwrap_or_default();
        let found = self.code == Some(1) && message.contains(reason) && self.outputs == Value::Null;
        assert!(found, "{name}: exit {:?}, and `{reason}` is not in:\n{}", self.code, self.stderr);
        assert!(!self.stderr.contains(['\u{1b}', '\u{202e}']), "{name}: {:?}", self.stderr);
    }

    /// The findings as lines of code, place and message.
    pub fn findings(&self) -> Vec<String> {
        let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_string();
        let line = |it: &Value| ["code", "place", "message"].map(|name| text(it, name)).join(": ");
        self.outputs["findings"].as_array().unwrap().iter().map(line).collect()
    }
}
