//! A repository of PEP 458's layout, made by the command and signed by python-tuf.

use crate::{support::officiant, yubikeys::support::path_of};
use p256::{
    ecdsa::SigningKey,
    pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding},
};
use rand_core::OsRng;
use sha2::{Digest, Sha256};
use std::{
    env,
    fmt::Write,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// Files that a new repository is made from: three keys, an online key, a list of targets.
pub struct Sources {
    folder: TempDir,
}

/// The public key of a new private one, PEM, after it was written there if it is to be.
pub fn new_key(private: Option<&Path>) -> String {
    let key = SigningKey::random(&mut OsRng);
    if let Some(path) = private {
        fs::write(path, key.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap()
}

/// What a target's file holds.
pub fn content(target: usize) -> String {
    format!("This is the package {target}.\n")
}

/// A line of the list.
pub fn line(target: usize) -> String {
    let bytes = content(target);
    let hash = hex::encode(Sha256::digest(&bytes));
    format!("{{\"path\":\"packages/{target}.whl\",\"length\":{},\"hashes\":{{\"sha256\":\"{hash}\"}}}}\n", bytes.len())
}

impl Sources {
    pub fn new(targets: usize) -> Self {
        let sources = Self { folder: tempfile::tempdir().unwrap() };
        for number in 1..=3 {
            let public = new_key(Some(&sources.path(&format!("{number}.pem"))));
            fs::write(sources.path(&format!("{number}.pub.pem")), public).unwrap();
        }
        new_key(Some(&sources.path("online.pem")));
        let list = (0..targets).fold(String::new(), |mut list, target| {
            write!(list, "{}", line(target)).unwrap();
            list
        });
        fs::write(sources.path("targets.jsonl"), list).unwrap();
        sources
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn said(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// `officiant step NAME`, in the folder.
    pub fn step(&self, name: &str) -> Command {
        let mut command = officiant();
        command.args(["step", name, "--yes"]).current_dir(self.folder.path());
        command
    }

    /// Initialises a repository in `repo`, with what is to be signed in `unsigned`.
    pub fn initialize(&self, more: &[&str]) -> Output {
        let keys = [1, 2, 3].map(|number| self.said(&format!("{number}.pub.pem"))).join(",");
        let mut command = self.step("tuf.initialize");
        command.arg(format!("root_keys={keys}")).args(["root_threshold=2", "out=repo", "to_sign=unsigned"]);
        for (name, file) in [("online_key_file", "online.pem"), ("targets", "targets.jsonl")] {
            if !more.iter().any(|argument| argument.starts_with(&format!("{name}="))) {
                command.arg(format!("{name}={}", self.said(file)));
            }
        }
        command.args(more).output().unwrap()
    }

    /// Initialises it, and has python-tuf add the signatures of two keys; `None` where there is no python-tuf.
    pub fn published(&self, more: &[&str]) -> Option<PathBuf> {
        let output = self.initialize(more);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let repository = self.path("repo");
        let keys = [self.said("1.pem"), self.said("3.pem")];
        let mut arguments =
            vec!["sign".to_string(), self.said("unsigned"), repository.join("metadata").display().to_string()];
        arguments.extend(keys);
        python_tuf(&arguments).map(|_| repository)
    }
}

/// Runs the peer with python-tuf; `None` where that is not installed, which it must be where `CI` is set.
pub fn python_tuf(arguments: &[String]) -> Option<String> {
    let python = path_of("python").filter(|python| {
        Command::new(python).args(["-c", "import tuf"]).output().is_ok_and(|output| output.status.success())
    });
    let Some(python) = python else {
        let reason = "python-tuf is not installed: make peers";
        assert!(env::var_os("CI").is_none(), "{reason}");
        eprintln!("skipped: {reason}");
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/tuf_repository.py");
    let output = Command::new(python).arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}
