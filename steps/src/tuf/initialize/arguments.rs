//! What a runbook says of a new repository.

use crate::yubihsm::{ObjectId, YubiHsm};
use officiant_engine::conduct::SecretName;
use schemars::JsonSchema;
use serde::Deserialize;

/// PEP 458's number of bins.
const BINS: u32 = 16_384;

/// How much of the list of targets is kept in memory by default, in MiB.
const MEMORY: u32 = 256;

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The public keys of `root`: PEM files; a relative path is below `products/`.
    #[schemars(length(min = 1))]
    pub(super) root_keys: Vec<String>,
    /// How many of them must sign `root`.
    #[schemars(range(min = 1))]
    pub(super) root_threshold: u32,
    /// The public keys of `targets`; by default those of `root`.
    #[serde(default)]
    pub(super) targets_keys: Option<Vec<String>>,
    /// How many of them must sign `targets`; by default as many as for `root`.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub(super) targets_threshold: Option<u32>,
    /// The public keys of `bins`, which PEP 458 keeps offline; by default those of `targets`.
    #[serde(default)]
    pub(super) bins_keys: Option<Vec<String>>,
    /// How many of them must sign `bins`; by default as many as for `targets`.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub(super) bins_threshold: Option<u32>,
    /// The key that signs bins, snapshot and timestamp: PKCS#8, PEM, of ed25519 or P-256, which nobody but its owner can read. It
    /// stays outside the ceremony folder. `REHEARSAL` stands for a key that a rehearsal makes up.
    #[serde(default)]
    pub(super) online_key_file: Option<String>,
    /// In place of that file: the `YubiHSM` 2 on the repository machine that holds the online key, and signs one file after the other.
    #[serde(default)]
    pub(super) device: Option<YubiHsm>,
    /// Of that device: the ID of the key.
    #[serde(default)]
    pub(super) object_id: Option<ObjectId>,
    /// Of that device: the authentication key to open the session with; the factory's when it is left out.
    #[serde(default)]
    pub(super) authentication_key: Option<ObjectId>,
    /// Of that device: the password of that.
    #[serde(default)]
    pub(super) password: Option<SecretName>,
    /// How many bins there are: a power of two from 2 to 65,536; by default PEP 458's 16,384.
    #[serde(default = "bins")]
    #[schemars(range(min = 2, max = 65_536))]
    pub(super) bins: u32,
    /// The targets: a file with one JSON object a line, `{"path", "length", "hashes": {"sha256"}}`, where hashes may have
    /// `blake2b-256` as well and the object `custom`; or `-` for standard input, outside a ceremony. A relative path is below
    /// `products/`.
    pub(super) targets: String,
    /// In how many days each role expires.
    #[serde(default)]
    pub(super) expiry: Expiry,
    /// The new repository's folder below `products/`: `metadata/` is made in it.
    pub(super) out: String,
    /// The new folder below `products/` for `1.root.json`, `1.targets.json` and `1.bins.json`, which are not signed yet.
    pub(super) to_sign: String,
    /// How much memory the targets may take before a file is made for the others, in MiB.
    #[serde(default = "memory")]
    pub(super) memory: u32,
    /// Whether offline roles may have ed25519 keys though what they sign is too long for a `YubiHSM` 2: the keys are in no device.
    #[serde(default)]
    pub(super) large_ed25519: bool,
}

/// Days until each role expires: PEP 458's year for what is offline and day for what is online.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expiry {
    /// `root`: 365 by default.
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) root: u32,
    /// `targets`: 365 by default.
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) targets: u32,
    /// `bins`: 365 by default.
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) bins: u32,
    /// Each bin: 1 by default.
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) bin_n: u32,
    /// `snapshot`: 1 by default.
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) snapshot: u32,
    /// `timestamp`: 1 by default.
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) timestamp: u32,
}

impl Default for Expiry {
    fn default() -> Self {
        Self { root: 365, targets: 365, bins: 365, bin_n: 1, snapshot: 1, timestamp: 1 }
    }
}

impl Expiry {
    /// Whether each is a number of days that the schema allows.
    pub(super) fn is_sound(&self) -> bool {
        let Self { root, targets, bins, bin_n, snapshot, timestamp } = *self;
        [root, targets, bins, bin_n, snapshot, timestamp].iter().all(|days| (1..=36_500).contains(days))
    }
}

/// The keys of an offline role, and how many of them must sign.
pub(super) struct Signers<'a> {
    pub(super) name: &'static str,
    pub(super) files: &'a [String],
    pub(super) threshold: u32,
}

impl Arguments {
    /// Where the online key is, for people.
    pub(super) fn online(&self) -> String {
        match (&self.online_key_file, &self.device, self.object_id) {
            (None, Some(device), Some(ObjectId(id))) => format!("the online key {id} of {}", device.0),
            (file, ..) => format!("the online key in `{}`", file.as_deref().unwrap_or_default()),
        }
    }

    /// Those of `root`, `targets` and `bins`, with what they are by default.
    pub(super) fn signers(&self) -> [Signers<'_>; 3] {
        let targets_keys = self.targets_keys.as_ref().unwrap_or(&self.root_keys);
        let targets_threshold = self.targets_threshold.unwrap_or(self.root_threshold);
        let bins_keys = self.bins_keys.as_ref().unwrap_or(targets_keys);
        let bins_threshold = self.bins_threshold.unwrap_or(targets_threshold);
        [
            Signers { name: "root", files: &self.root_keys, threshold: self.root_threshold },
            Signers { name: "targets", files: targets_keys, threshold: targets_threshold },
            Signers { name: "bins", files: bins_keys, threshold: bins_threshold },
        ]
    }
}

fn bins() -> u32 {
    BINS
}

fn memory() -> u32 {
    MEMORY
}
