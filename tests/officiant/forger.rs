//! The forger: someone with the program's source and a true record, who writes it anew, with all that follows from a change
//! as far as it can be worked out, and signs it with keys of their own.

use crate::support::{CarriedOut, Ceremony, officiant};
use ed25519_dalek::{Signer, SigningKey};
use officiant_engine::{
    audit::{Depth, Replayed, Scrutiny, Weight, replay},
    conduct::Registry,
    record::words,
};
use officiant_steps::ports::{Ports, SystemPorts};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};
use tempfile::TempDir;

/// A copy of a ceremony folder, to write forged records into.
pub struct Forger {
    folder: TempDir,
    registry: Registry,
}

/// A record that was written anew.
#[derive(Debug, Clone, Default)]
pub struct Forged {
    /// Its entries; chain, signatures and session keys are made last.
    pub entries: Vec<Value>,
    /// Files of the folder that are others now; nothing for one that is gone.
    pub files: BTreeMap<String, Option<Vec<u8>>>,
    /// Whether the heads in the record are left as they are, and not made to fit.
    pub keeps_heads: bool,
    /// Whether every session has the same key.
    pub one_key: bool,
}

impl From<Vec<Value>> for Forged {
    fn from(entries: Vec<Value>) -> Self {
        Self { entries, ..Self::default() }
    }
}

/// The handlers, as `officiant replay` has them.
pub fn registry() -> Registry {
    let ports: Arc<dyn Ports> = Arc::new(SystemPorts::new());
    officiant_steps::registry(&ports)
}

impl Forger {
    /// A forger at work on a copy of a folder.
    pub fn on(folder: &Path) -> Self {
        let copy = TempDir::new().unwrap();
        let copied = Command::new("cp").arg("-r").arg(folder).arg(copy.path().join("ceremony")).status().unwrap();
        assert!(copied.success());
        Self { folder: copy, registry: registry() }
    }

    /// The folder.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("ceremony")
    }

    /// A file of the folder.
    pub fn file(&self, path: &str) -> Vec<u8> {
        fs::read(self.root().join(path)).unwrap()
    }

    /// Replays a forged record; the files are as they were afterwards.
    pub fn replay(&self, forged: Forged) -> Replayed {
        let files = forged.files.clone();
        let before: Vec<_> =
            files.keys().map(|path| (self.root().join(path), fs::read(self.root().join(path)).ok())).collect();
        for (path, bytes) in &files {
            put(&self.root().join(path), bytes.as_deref());
        }
        let replayed = self.replay_bytes(&text(&sign(forged)), Depth::LastSignatures);
        for (path, bytes) in before {
            put(&path, bytes.as_deref());
        }
        replayed
    }

    /// Replays the folder with these bytes for its transcript.
    pub fn replay_bytes(&self, transcript: &[u8], depth: Depth) -> Replayed {
        fs::write(self.root().join("transcript.jsonl"), transcript).unwrap();
        replay(&self.root(), &self.registry, &Scrutiny { depth, trust: None }).unwrap()
    }
}

fn put(path: &Path, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => fs::write(path, bytes).unwrap(),
        None => drop(fs::remove_file(path)),
    }
}

fn text(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| line.bytes().chain([b'\n'])).collect()
}

/// Chains the entries, gives every session a key, and makes the heads fit that are in the record. All but the last entry of a
/// session have a signature that nobody looks at in a replay of usual depth.
fn sign(forged: Forged) -> Vec<String> {
    let Forged { mut entries, keeps_heads, one_key, .. } = forged;
    let mut sessions = 0;
    let mut key = SigningKey::from_bytes(&[7; 32]);
    let mut prev = [0; 32];
    let mut lines = Vec::new();
    let mut checkpoint = None;
    for index in 0..entries.len() {
        let ends = entries.get(index + 1).is_none_or(|next| next["kind"] == "resumed");
        let entry = &mut entries[index];
        if entry["kind"] == "opened" || entry["kind"] == "resumed" {
            sessions += u8::from(!one_key || sessions == 0);
            key = SigningKey::from_bytes(&[6 + sessions; 32]);
            entry["body"]["session_key"] = hex::encode(key.verifying_key().to_bytes()).into();
        }
        let before = entry["body"].clone();
        if !keeps_heads && (entry["kind"] == "checkpoint" || entry["kind"] == "resumed") {
            entry["body"]["head"] = hex::encode(prev).into();
            entry["body"]["words"] = words(&prev).into();
        }
        if entry["kind"] == "checkpoint" {
            checkpoint = Some((before, entry["body"].clone()));
        }
        if !keeps_heads
            && entry["kind"] == "finished"
            && let Some((before, after)) = &checkpoint
            && entry["body"]["outputs"] == *before
        {
            entry["body"]["outputs"] = after.clone();
        }
        entry["seq"] = index.into();
        entry["prev"] = hex::encode(prev).into();
        entry.as_object_mut().unwrap().remove("sig");
        let sig = if ends {
            hex::encode(key.sign(serde_json_canonicalizer::to_string(entry).unwrap().as_bytes()).to_bytes())
        } else {
            "0".repeat(128)
        };
        entry["sig"] = sig.into();
        let line = serde_json_canonicalizer::to_string(entry).unwrap();
        prev = Sha256::digest(line.as_bytes()).into();
        lines.push(line);
    }
    lines
}

/// The errors of a replay, each as `code: message`.
pub fn errors(replayed: &Replayed) -> Vec<String> {
    let errors = replayed.findings.iter().filter(|finding| finding.severity == Weight::Error);
    errors.map(|finding| format!("{}: {} (line {:?})", finding.code, finding.message, finding.line)).collect()
}

const EVERYTHING: &str = "
notation: 1
title: A bit of everything
participants:
  administrator: { title: Administrator }
  witness: { title: Witness }
  auditor: { title: Auditor }
inputs:
  room: { type: text, prompt: Which room is it?, rehearse: { answer: Blue } }
deviations: { approved_by: [witness] }
sections:
  start:
    title: Start
    steps:
      - do: Say who is here.
        id: people
        by: administrator
        uses: ask.text
        with: { prompt: Who is here? }
        rehearse: { answer: Ada and Bob }
        sign_off: [witness, auditor]
      - do: Choose a colour.
        id: colour
        uses: ask.choice
        with: { prompt: Colour, options: { red: Red, blue: Blue } }
        rehearse: { answer: blue }
      - if: the room is locked
        by: administrator
        then:
          - do: Write it down.
            uses: files.write
            with: { path: room.txt, text: 'locked, {{ people.value }}, {{ inputs.room }}' }
        else:
          - do: Lock it.
      - if: the colour is blue
        when: colour.value == 'blue'
        then:
          - do: Note that it is blue.
        else:
          - do: Note that it is red.
      - do: Look for the list.
        uses: files.check
        with: { paths: [list.txt] }
        on_failure: { go_to: make-the-list }
      - { do: Close the blinds., level: should }
      - { do: Play music., level: may }
      - do: Sit down.
        id: sit
        by: administrator
      - do: Count the bags.
        id: bags
        uses: ask.number
        with: { prompt: Bags }
        rehearse: { answer: 3 }
        expect: [{ that: bags.value >= 3, else: Too few. }]
      - { do: Choose it., id: pin, uses: ask.secret, with: { prompt: New password, min_length: 8 } }
      - { do: Show the head., uses: people.checkpoint, with: {} }
      - { do: Make a folder., uses: files.mkdir, with: { path: more } }
      - { do: Copy it., uses: files.copy, with: { from: room.txt, to: more/room.txt } }
      - { do: Measure it., id: measured, uses: files.digest, with: { path: room.txt } }
      - { do: Run it., uses: exec.run, with: { command: [echo, hello] } }
      - { do: Wait., uses: people.wait, with: { duration: 2 s } }
      - do: Close the window.
        go_to: window
        with: { size: '{{ measured.size }}' }
      - end: Done with {{ people.value }}, {{ measured.sha256 }}.
  window:
    title: Window
    takes: [size]
    steps:
      - do: Push it shut, all {{ size }} of it.
        by: auditor
        sign_off: [witness]
  make-the-list:
    title: Make the list
    steps:
      - do: Write it.
        uses: files.write
        with: { path: list.txt, text: A list. }
";

/// A rehearsal with every kind of entry that a ceremony without a break can have.
pub fn everything() -> CarriedOut {
    Ceremony::rehearse(EVERYTHING)
        .answers("start/people", &["", "Ada and Bob", "Ada and Bob"])
        .answers("start/people#sign-off/auditor", &["no", "yes"])
        .answers("start/people#what-now", &["retry"])
        .answers("start/8#skip", &["no"])
        .answers("start/9#skip", &["no"])
        .answers("start/10#skip", &["no"])
        .answers("start/11#skip", &["no"])
        .answer("start/8#reason", "There are none.")
        .answer("start/9#reason", "There are none.")
        .answer("start/10#reason", "There are none.")
        .answers("start/sit", &["no", "no", "no"])
        .answers("start/sit#what-now", &["retry", "deviate"])
        .answer("start/sit#reason", "There is no chair.")
        .argument("--outside")
        .carry_out()
        .exits(0)
}

const BREAKS: &str = r#"
notation: 1
title: Breaks
participants:
  administrator: { title: Administrator }
  witness: { title: Witness }
devices:
  hsm: { kind: yubihsm2, rehearse: { serial: 7550054 } }
sections:
  start:
    title: Start
    steps:
      - { do: Insert it., uses: devices.insert, with: { device: hsm } }
      - { do: Choose it., id: pin, uses: ask.secret, with: { prompt: New password, min_length: 8 } }
      - do: Put it in.
        uses: yubihsm.put-authentication-key
        with:
          device: hsm
          password: { secret: factory-default }
          object_id: 2
          label: own
          domains: all
          capabilities: all
          delegated: all
          new_password: { secret: pin }
      - do: Make a key.
        id: made
        by: administrator
        uses: yubihsm.generate-asymmetric-key
        with:
          device: hsm
          authentication_key: 2
          password: { secret: pin }
          object_id: 7
          label: practice
          domains: "1"
          capabilities: sign-ecdsa
          algorithm: ecp256
        sign_off: [witness]
      - { do: Write it down., uses: files.write, with: { path: noted.txt, text: Noted. } }
      - do: Export it.
        uses: yubihsm.get-public-key
        with: { device: hsm, authentication_key: 2, password: { secret: pin }, object_id: 7, out: key.pub.pem }
      - end: Over.
"#;

/// A rehearsal that broke off twice: in the middle of making a key, and in the middle of writing a file.
pub fn broken() -> CarriedOut {
    let ceremony = Ceremony::rehearse(BREAKS).carry_out().exits(0);
    for (kind, step, torn) in [("observed", "start/4", true), ("answered", "start/5", false)] {
        let lines = ceremony.lines();
        let entries = ceremony.entries();
        let at = entries.iter().rposition(|entry| entry["kind"] == kind && entry["step"] == step).unwrap();
        let mut text: String = lines[..=at].join("\n") + "\n";
        if torn {
            text.push_str(&lines[at + 1][..40]);
        }
        fs::write(ceremony.folder().join("transcript.jsonl"), text).unwrap();
        let output = officiant().arg("resume").arg(ceremony.folder()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    ceremony
}
