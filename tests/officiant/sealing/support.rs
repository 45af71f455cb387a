//! Ceremonies to seal, keys by `ssh-keygen`, and what a replay says of seals.

use crate::support::{CarriedOut, Ceremony, Replayed, officiant, replay};
use std::{
    ffi::OsStr, fs, fs::File, path::Path, path::PathBuf, process::Command, process::Output, process::Stdio,
    sync::LazyLock,
};
use tempfile::TempDir;

pub const RUNBOOK: &str = "
notation: 1
title: A sealed ceremony
participants:
  administrator: { title: Administrator }
  witness: { title: Witness, seal: required }
sections:
  start:
    title: Start
    steps:
      - do: Light a candle.
      - do: Blow it out.
      - end: It is dark.
";

/// A ceremony that was conducted, not rehearsed.
pub fn conducted() -> CarriedOut {
    let ceremony = Ceremony::run(RUNBOOK).answer("start/1", "yes").answer("start/2", "yes");
    ceremony.carry_out().exits(0)
}

pub fn rehearsed() -> CarriedOut {
    Ceremony::rehearse(RUNBOOK).carry_out().exits(0)
}

/// Keys by `ssh-keygen`, made once.
pub struct Keys(TempDir);

pub static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    for (name, words) in [
        ("ed25519", "-t ed25519"),
        ("other", "-t ed25519"),
        ("p256", "-t ecdsa -b 256"),
        ("p384", "-t ecdsa -b 384"),
        ("p521", "-t ecdsa -b 521"),
        ("rsa", "-t rsa -b 2048"),
        ("short", "-t rsa -b 1024"),
    ] {
        let mut command = Command::new("ssh-keygen");
        command.args(words.split(' ')).args(["-q", "-N", "", "-C", name, "-f"]).arg(folder.path().join(name));
        assert!(command.status().unwrap().success(), "{name}");
        // Of ECDSA keys the library refuses those whose number begins with zeros; of P-521 that is one in four.
        while name == "p521" && ssh_key::PrivateKey::read_openssh_file(&folder.path().join(name)).is_err() {
            fs::remove_file(folder.path().join(name)).unwrap();
            assert!(command.status().unwrap().success(), "{name}");
        }
    }
    Keys(folder)
});

pub fn key(name: &str) -> PathBuf {
    KEYS.0.path().join(name)
}

pub fn public(name: &str) -> String {
    fs::read_to_string(key(&format!("{name}.pub"))).unwrap()
}

/// The fingerprint as `ssh-keygen -l` prints it.
pub fn fingerprint(name: &str) -> String {
    let output = Command::new("ssh-keygen").arg("-lf").arg(key(&format!("{name}.pub"))).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').nth(1).unwrap().to_string()
}

pub fn seal(ceremony: &CarriedOut, role: &str, key: impl AsRef<OsStr>) -> Command {
    let mut command = officiant();
    command.arg("seal").arg(ceremony.folder()).args(["--role", role, "--yes", "--key"]).arg(key);
    command
}

#[track_caller]
pub fn sealed(ceremony: &CarriedOut, role: &str, name: &str) -> String {
    done(seal(ceremony, role, key(name)).output().unwrap())
}

#[track_caller]
pub fn done(output: Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
pub fn refused(command: &mut Command, code: i32, part: &str) {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(code) && said.contains(part), "{:?}: {said}", output.status);
    assert_eq!(output.stdout.len(), 0);
}

/// The command that a seal prints, by somebody who has no officiant.
#[track_caller]
pub fn ssh_keygen_accepts(printed: &str) {
    let command = printed.lines().find_map(|line| line.strip_prefix("verify  ")).unwrap();
    assert!(command.starts_with("ssh-keygen -Y verify -f "), "{command}");
    let output = Command::new("sh").args(["-c", command]).output().unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("Good \"officiant-transcript\" signature for "));
}

/// Signs as README.md says, with ssh-keygen alone.
pub fn sign(ceremony: &CarriedOut, role: &str, key: &Path, namespace: &str, more: &[&str]) {
    let transcript = File::open(ceremony.folder().join("transcript.jsonl")).unwrap();
    let seal = File::create(ceremony.folder().join(format!("seals/{role}.sig"))).unwrap();
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "sign", "-n", namespace, "-f"]).arg(key).args(more).stdin(transcript).stdout(seal);
    let output = command.stderr(Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A folder of an auditor's, with one file.
pub fn trusting(signers: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("mine.allowed_signers"), signers).unwrap();
    folder
}

pub fn replayed_with(ceremony: &CarriedOut, signers: &str) -> Replayed {
    let trust = trusting(signers);
    replay(&ceremony.folder(), &["--trust", trust.path().to_str().unwrap()])
}

pub fn codes(replayed: &Replayed) -> Vec<String> {
    let findings = replayed.report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|it| format!("{}[{}]", it["severity"].as_str().unwrap(), it["code"].as_str().unwrap()))
        .collect()
}

#[track_caller]
pub fn finds(replayed: &Replayed, expected: &[&str]) {
    assert_eq!(codes(replayed), expected, "{:#}", replayed.report["findings"]);
    let holds = !expected.iter().any(|code| code.starts_with("error"));
    assert_eq!(replayed.code, Some(i32::from(!holds)));
}
