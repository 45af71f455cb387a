//! Devices and a root whose keys they have, as a test forges them.

use crate::{
    attesting::{
        authority::{Key, pem},
        room::{FIRMWARE, Files, Room, SERIAL_NUMBER, Said, YubiKey},
    },
    support::officiant,
};
use der::Encode;
use p256::ecdsa::signature::Signer;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Somebody with a device.
#[derive(Clone)]
pub struct Holder {
    pub handle: &'static str,
    pub serial: u32,
    /// The key in the device, the same for the same byte.
    pub seed: u8,
}

pub const ANN: Holder = Holder { handle: "@ann", serial: 25_000_011, seed: 11 };
pub const BOB: Holder = Holder { handle: "@bob", serial: 25_000_022, seed: 22 };
pub const EVE: Holder = Holder { handle: "@eve", serial: 25_000_033, seed: 33 };

impl Holder {
    fn device(&self) -> YubiKey {
        let mut device = YubiKey::genuine();
        device.leaf.key = Key::p256(self.seed);
        device.leaf.say(SERIAL_NUMBER, &[&[2, 4], self.serial.to_be_bytes().as_slice()].concat());
        device
    }

    /// The files of the device, below `keys/`.
    pub fn files(&self) -> Files {
        self.files_of(&self.device())
    }

    /// The files when the key is in slot 9a of another holder's device.
    pub fn files_in(&self, other: &Holder) -> Files {
        let mut device = Self { serial: other.serial, ..self.clone() }.device();
        device.leaf.subject = "CN=YubiKey PIV Attestation 9a".into();
        let files = other.files_of(&device).into_iter();
        files.map(|(path, bytes)| (path.replace("Slot9CAttestation", "Slot9AAttestation"), bytes)).collect()
    }

    /// The files of the device when it says another firmware after the signature.
    pub fn forged(&self) -> Files {
        let mut device = self.device();
        device.leaf.say(FIRMWARE, &[5, 7, 1]);
        device.leaf_signer = Key::p256(99);
        self.files_of(&device)
    }

    fn files_of(&self, device: &YubiKey) -> Files {
        let own = format!("keys/{}/", self.serial);
        let files = device.files().into_iter().filter(|(path, _)| !path.ends_with("PublicKey.pem"));
        let mut files: Files = files.map(|(path, bytes)| (path.replace("keys/25515003/", &own), bytes)).collect();
        files.insert(format!("{own}README.md"), format!("held by: {}\n", self.handle).into_bytes());
        files
    }

    /// The key as metadata has it.
    pub fn key(&self) -> Value {
        json!({
            "keytype": "ecdsa",
            "scheme": "ecdsa-sha2-nistp256",
            "keyval": { "public": String::from_utf8(pem("PUBLIC KEY", &Key::p256(self.seed).public().to_der().unwrap())).unwrap() },
            "x-tuf-on-ci-keyowner": self.handle,
        })
    }

    pub fn id(&self) -> String {
        id(&self.key())
    }
}

/// The id that a key must have.
pub fn id(key: &Value) -> String {
    hex::encode(Sha256::digest(canonical(key)))
}

/// OLPC's canonical form: RFC 8785's, but for the control characters of these files, which stay as they are.
fn canonical(value: &Value) -> Vec<u8> {
    let text = serde_json_canonicalizer::to_string(value).unwrap();
    text.replace("\\n", "\n").replace("\\u001b", "\u{1b}").into_bytes()
}

/// Keys by id, and the ids.
pub fn keys(holders: &[Holder]) -> (Value, Vec<String>) {
    let keys: Map<String, Value> = holders.iter().map(|it| (it.id(), it.key())).collect();
    (keys.into(), holders.iter().map(Holder::id).collect())
}

/// What is signed of a root; `threshold` is that of `root` and `targets`.
pub fn root(of_root: &[Holder], of_targets: &[Holder], threshold: u64) -> Value {
    let (keys, _) = keys(&[of_root, of_targets].concat());
    let role = |holders: &[Holder]| json!({ "keyids": self::keys(holders).1, "threshold": threshold });
    let online = json!({ "keyids": [], "threshold": 1 });
    json!({
        "_type": "root", "spec_version": "1.0.31", "version": 1, "expires": "2030-01-01T00:00:00Z",
        "consistent_snapshot": true, "keys": keys,
        "roles": { "root": role(of_root), "targets": role(of_targets), "snapshot": online, "timestamp": online },
    })
}

/// What is signed of targets that delegate to a role.
pub fn targets(name: &str, holders: &[Holder]) -> Value {
    let (keys, ids) = keys(holders);
    json!({
        "_type": "targets", "spec_version": "1.0.31", "version": 1, "expires": "2030-01-01T00:00:00Z", "targets": {},
        "delegations": { "keys": keys, "roles": [
            { "name": name, "keyids": ids, "threshold": 1, "paths": ["a/*"], "terminating": true },
        ] },
    })
}

/// A file of metadata, signed by keys under these ids.
pub fn signed(signed: &Value, signers: &[(String, u8)]) -> Vec<u8> {
    let message = canonical(signed);
    let signature = |(id, seed): &(String, u8)| {
        let Key::P256(key) = Key::p256(*seed) else { unreachable!() };
        let signature: p256::ecdsa::DerSignature = key.sign(&message);
        json!({ "keyid": id, "sig": hex::encode(signature.as_bytes()) })
    };
    let signatures: Vec<Value> = signers.iter().map(signature).collect();
    serde_json::to_vec(&json!({ "signatures": signatures, "signed": signed })).unwrap()
}

/// The ids and keys of holders, to sign with.
pub fn by(holders: &[Holder]) -> Vec<(String, u8)> {
    holders.iter().map(|it| (it.id(), it.seed)).collect()
}

/// Ann and Bob, both of root and targets; both must sign.
pub fn genuine() -> Files {
    let mut files = ANN.files();
    files.extend(BOB.files());
    let holders = [ANN, BOB];
    files.insert("metadata/root.json".into(), signed(&root(&holders, &holders, 2), &by(&holders)));
    files
}

/// The digest of the root that the devices lead to.
pub fn pin() -> String {
    format!("pins={}", YubiKey::genuine().pin())
}

/// Performs the step over `metadata/root.json`, `keys` and `anchors`.
pub fn matches(files: &Files, arguments: &[&str]) -> Said {
    let room = Room::with(files);
    let pin = pin();
    let usual = ["root=metadata/root.json", "keys=keys", "anchors=anchors", &pin];
    performed(room.0.path(), &[&usual[..], arguments].concat())
}

/// Performs the step in a folder.
pub fn performed(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = officiant();
    command.current_dir(folder).args(["step", "attestation.match-root"]).args(arguments);
    let output = command.output().unwrap();
    Said {
        code: output.status.code(),
        outputs: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
