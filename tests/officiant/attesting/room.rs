//! A folder with devices' files and anchors, and the step over it.

use super::authority::{Draft, Key, certificate_pem, pem};
use crate::support::officiant;
use der::Encode;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

pub const SERIAL: u32 = 25_515_003;

pub const FIRMWARE: &str = "1.3.6.1.4.1.41482.3.3";
pub const SERIAL_NUMBER: &str = "1.3.6.1.4.1.41482.3.7";
pub const POLICIES: &str = "1.3.6.1.4.1.41482.3.8";
pub const FORM_FACTOR: &str = "1.3.6.1.4.1.41482.3.9";

pub const F9: &str = "keys/25515003/SlotF9Intermediate.pem";
pub const LEAF: &str = "keys/25515003/Slot9CAttestation.pem";
pub const PUBLIC_KEY: &str = "keys/25515003/Slot9CPublicKey.pem";
pub const ROOT: &str = "anchors/root.pem";

/// A `YubiKey`'s files before they are signed; the root is one of the test's own, whose digest `pins` names.
pub struct YubiKey {
    pub root: Draft,
    pub f9: Draft,
    /// Who signs F9's certificate; the root.
    pub f9_signer: Key,
    pub leaf: Draft,
    /// Who signs the attestation; F9.
    pub leaf_signer: Key,
}

pub type Files = BTreeMap<String, Vec<u8>>;

impl YubiKey {
    /// As the vendor makes them.
    pub fn genuine() -> Self {
        let (root, f9, key) = (Key::p256(1), Key::p256(2), Key::p384(3));
        let names = ["CN=Test PIV Root CA Serial 1", "CN=Test PIV Attestation"];
        Self {
            // Not critical, as that of the vendor's.
            root: Draft::new(names[0], names[0], root.clone())
                .with(super::authority::BASIC_CONSTRAINTS, false, &[0x30, 6, 1, 1, 0xff, 2, 1, 1])
                .with(super::authority::KEY_USAGE, true, &[3, 2, 1, 6]),
            f9: Draft::authority(names[1], names[0], f9.clone(), 0),
            f9_signer: root,
            leaf: Draft::new("CN=YubiKey PIV Attestation 9c", names[1], key)
                .with(FIRMWARE, false, &[5, 4, 3])
                .with(SERIAL_NUMBER, false, &[&[2, 4], SERIAL.to_be_bytes().as_slice()].concat())
                .with(POLICIES, false, &[3, 1])
                .with(FORM_FACTOR, false, &[0x83]),
            leaf_signer: f9,
        }
    }

    /// The files, by their paths.
    pub fn files(&self) -> Files {
        Files::from([
            (ROOT.into(), certificate_pem(&self.root.sign(&self.root.key))),
            (F9.into(), certificate_pem(&self.f9.sign(&self.f9_signer))),
            (LEAF.into(), certificate_pem(&self.leaf.sign(&self.leaf_signer))),
            (PUBLIC_KEY.into(), pem("PUBLIC KEY", &self.leaf.key.public().to_der().unwrap())),
        ])
    }

    /// The root's digest.
    pub fn pin(&self) -> String {
        digest(&self.root.sign(&self.root.key))
    }
}

/// SHA-256, hex.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A folder on disk.
pub struct Room(pub TempDir);

impl Room {
    pub fn with(files: &Files) -> Self {
        let room = Self(TempDir::new().unwrap());
        for (path, bytes) in files {
            let path = room.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        room
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Performs the step over `keys` and `anchors` in the folder.
    pub fn verify(&self, kind: &str, arguments: &[&str]) -> Said {
        let arguments = [&["folder=keys", "anchors=anchors"], arguments].concat();
        verify(self.0.path(), kind, &arguments)
    }
}

/// Performs the step in a folder.
pub fn verify(folder: &Path, kind: &str, arguments: &[&str]) -> Said {
    let mut command = officiant();
    command.current_dir(folder).args(["step", "attestation.verify", &format!("kind={kind}")]).args(arguments);
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

    /// Requires a failure that has that reason in its message.
    #[track_caller]
    pub fn refused(&self, name: &str, reason: &str) {
        let message = self.stderr.split_once("error: ").map(|(_, rest)| rest).unwrap_or_default();
        assert!(
            self.code == Some(1) && message.contains(reason),
            "{name}: exit {:?}, and `{reason}` is not in:\n{}",
            self.code,
            self.stderr
        );
        assert_eq!(self.outputs, Value::Null, "{name}");
    }
}

/// The vendor's certificates and real ceremonies' files; nothing where they are not here.
///
/// # Panics
/// If they are not here and `CI` is set.
pub fn real_data() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("OFFICIANT_REAL_DATA").map_or_else(default, PathBuf::from);
    if folder.join("anchors").is_dir() {
        return Some(folder.canonicalize().unwrap());
    }
    let reason = format!("{} is not there; set OFFICIANT_REAL_DATA", folder.display());
    assert!(std::env::var_os("CI").is_none(), "{reason}");
    eprintln!("skipped: {reason}");
    None
}
