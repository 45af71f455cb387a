//! People with clones of one repository, keys in files, and tuf-on-ci's own code beside ours.

use crate::support::{Ceremony, officiant};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

/// A bare repository, and people with clones of it.
pub struct Field(TempDir);

impl Field {
    /// A repository with one commit on `main`.
    pub fn new() -> Self {
        let field = Self(TempDir::new().unwrap());
        field.git(".", &["init", "-q", "--bare", "-b", "main", "up.git"]);
        field.join("first");
        fs::write(field.path("first/README"), "A repository.\n").unwrap();
        field.commit("first", "A beginning");
        field.git("first", &["push", "-q", "origin", "HEAD:main"]);
        field
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_string()
    }

    #[track_caller]
    pub fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.path(folder)).args(["-c", "user.name=T", "-c", "user.email=t@example.org"]);
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_string()
    }

    /// Clones the repository.
    pub fn join(&self, person: &str) {
        self.git(".", &["clone", "-q", "up.git", person]);
    }

    /// Begins an event in a clone.
    pub fn begin(&self, person: &str, event: &str) {
        self.git(person, &["fetch", "-q", "origin"]);
        self.git(person, &["switch", "-q", "--no-track", "-c", event, "origin/main"]);
    }

    pub fn commit(&self, person: &str, message: &str) {
        self.git(person, &["add", "-A"]);
        self.git(person, &["commit", "-qm", message]);
    }

    /// Publishes what is checked out in a clone.
    pub fn publish(&self, person: &str) {
        self.git(person, &["push", "-q", "origin", "HEAD:main"]);
        self.git(person, &["fetch", "-q", "origin"]);
    }

    /// A new key, in `NAME.key` and `NAME.pem`; its public half's path.
    pub fn key(&self, name: &str, curve: &str) -> String {
        let (private, public) = (self.path(&format!("{name}.key")), self.path(&format!("{name}.pem")));
        let made = Command::new("openssl")
            .args(["genpkey", "-algorithm", "EC", "-pkeyopt", &format!("ec_paramgen_curve:{curve}"), "-out"])
            .arg(&private)
            .output()
            .unwrap();
        assert!(made.status.success());
        let made =
            Command::new("openssl").arg("pkey").arg("-in").arg(private).args(["-pubout", "-out"]).arg(&public).output();
        assert!(made.unwrap().status.success());
        public.to_str().unwrap().to_string()
    }

    /// Performs a step, with the go-ahead.
    pub fn step(&self, words: &[&str]) -> Said {
        let folder = TempDir::new_in(self.0.path()).unwrap();
        Said::of(&officiant().current_dir(folder.path()).arg("step").args(words).arg("--yes").output().unwrap())
    }

    /// Signs in a ceremony of one step, in `first`, whose record holds; its outputs.
    #[track_caller]
    pub fn sign(&self, user: &str, name: &str) -> Value {
        let (clone, key) = (self.text("first"), self.text(&format!("{name}.key")));
        let runbook = format!(
            "
notation: 1
title: A signature
participants:
  lead: {{ title: Lead }}
sections:
  start:
    title: Start
    steps:
      - do: Sign.
        uses: tuf.sign
        with: {{ clone: {clone}, user: '{user}', key_file: {key}, out: signed }}
      - end: Over.
"
        );
        let answered = Ceremony::run(&runbook).answer("start/1#go", "yes").answer("start/1#sign", "yes");
        let ceremony = answered.carry_out().exits(0);
        ceremony.replay().holds();
        let entries = ceremony.entries();
        entries.iter().rfind(|entry| entry["kind"] == "finished" && entry["step"] == "start/1").unwrap()["body"]["outputs"].clone()
    }

    /// The files of metadata in a clone, or any other folder.
    pub fn tree(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let mut tree = BTreeMap::new();
        let mut folders = vec![self.path(folder)];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(&next).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.path(folder)).unwrap().to_str().unwrap().to_string();
                    tree.insert(name, fs::read(path).unwrap());
                }
            }
        }
        tree
    }

    /// Copies a folder.
    pub fn copy(&self, from: &str, to: &str) {
        let _ = fs::remove_dir_all(self.path(to));
        fs::create_dir_all(self.path(to)).unwrap();
        for (path, bytes) in self.tree(from) {
            let path = self.path(to).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    /// Lets tuf-on-ci's own code work in a folder of metadata.
    #[track_caller]
    pub fn tuf_on_ci(&self, metadata: &str, published: &str, user: &str, at: Option<&str>, to_do: &Value) -> Value {
        let asked = json!({
            "metadata": self.text(metadata), "published": self.text(published), "user": user, "at": at, "do": to_do,
        });
        run(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/officiant/tuf/event/tuf_on_ci.py"), &asked)
    }
}

fn run(script: PathBuf, asked: &Value) -> Value {
    let python = peers().unwrap();
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Python with tuf-on-ci's signer package.
///
/// # Panics
/// If it is not here and `CI` is set.
pub fn peers() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/peers/bin/python");
    let there = Command::new(&python).args(["-c", "import tuf_on_ci_sign"]).output();
    if there.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    let reason = "tuf-on-ci-sign is not in .tools/peers; make it with `make peers`";
    assert!(std::env::var_os("CI").is_none(), "{reason}");
    eprintln!("skipped: {reason}");
    None
}

/// What came of a step.
pub struct Said {
    pub code: Option<i32>,
    pub outputs: Value,
    pub stderr: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            outputs: serde_json::from_slice(&output.stdout).unwrap_or_default(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Requires that it was done.
    #[track_caller]
    pub fn done(self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.outputs
    }

    /// Requires a refusal with these words.
    #[track_caller]
    pub fn refused(&self, part: &str) {
        let message = self.stderr.split_once("error: ").map(|(_, rest)| rest).unwrap_or_default();
        assert!(
            self.code == Some(1) && message.contains(part),
            "exit {:?}, no `{part}` in:\n{}",
            self.code,
            self.stderr
        );
    }
}

/// An argument with a value in JSON.
pub fn with(name: &str, value: &Value) -> String {
    format!("{name}={value}")
}
