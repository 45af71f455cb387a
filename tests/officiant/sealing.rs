//! Seals: made here and checked by `ssh-keygen`, made by `ssh-keygen` and checked here; and what is no seal.

use crate::{
    canary::Watch,
    devices::{PATIENCE, VirtualDevice, client},
    forging::forge,
    support::{CarriedOut, Ceremony, Replayed, officiant, replay},
};
use expectrl::{Expect, session::OsSession};
use serde_json::json;
use std::{
    ffi::OsStr,
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::LazyLock,
    thread,
};
use tempfile::TempDir;
use yubihsm::{Capability, Domain, asymmetric, authentication};

const RUNBOOK: &str = "
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
fn conducted() -> CarriedOut {
    let ceremony = Ceremony::run(RUNBOOK).answer("start/1", "yes").answer("start/2", "yes");
    ceremony.carry_out().exits(0)
}

fn rehearsed() -> CarriedOut {
    Ceremony::rehearse(RUNBOOK).carry_out().exits(0)
}

/// Keys by `ssh-keygen`, made once.
struct Keys(TempDir);

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
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

fn key(name: &str) -> PathBuf {
    KEYS.0.path().join(name)
}

fn public(name: &str) -> String {
    fs::read_to_string(key(&format!("{name}.pub"))).unwrap()
}

/// The fingerprint as `ssh-keygen -l` prints it.
fn fingerprint(name: &str) -> String {
    let output = Command::new("ssh-keygen").arg("-lf").arg(key(&format!("{name}.pub"))).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').nth(1).unwrap().to_string()
}

fn seal(ceremony: &CarriedOut, role: &str, key: impl AsRef<OsStr>) -> Command {
    let mut command = officiant();
    command.arg("seal").arg(ceremony.folder()).args(["--role", role, "--yes", "--key"]).arg(key);
    command
}

#[track_caller]
fn sealed(ceremony: &CarriedOut, role: &str, name: &str) -> String {
    done(seal(ceremony, role, key(name)).output().unwrap())
}

#[track_caller]
fn done(output: Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(command: &mut Command, code: i32, part: &str) {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(code) && said.contains(part), "{:?}: {said}", output.status);
    assert_eq!(output.stdout.len(), 0);
}

/// The command that a seal prints, by somebody who has no officiant.
#[track_caller]
fn ssh_keygen_accepts(printed: &str) {
    let command = printed.lines().find_map(|line| line.strip_prefix("verify  ")).unwrap();
    assert!(command.starts_with("ssh-keygen -Y verify -f "), "{command}");
    let output = Command::new("sh").args(["-c", command]).output().unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("Good \"officiant-transcript\" signature for "));
}

/// Signs as README.md says, with ssh-keygen alone.
fn sign(ceremony: &CarriedOut, role: &str, key: &Path, namespace: &str, more: &[&str]) {
    let transcript = File::open(ceremony.folder().join("transcript.jsonl")).unwrap();
    let seal = File::create(ceremony.folder().join(format!("seals/{role}.sig"))).unwrap();
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "sign", "-n", namespace, "-f"]).arg(key).args(more).stdin(transcript).stdout(seal);
    let output = command.stderr(Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A folder of an auditor's, with one file.
fn trusting(signers: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("mine.allowed_signers"), signers).unwrap();
    folder
}

fn replayed_with(ceremony: &CarriedOut, signers: &str) -> Replayed {
    let trust = trusting(signers);
    replay(&ceremony.folder(), &["--trust", trust.path().to_str().unwrap()])
}

fn codes(replayed: &Replayed) -> Vec<String> {
    let findings = replayed.report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|it| format!("{}[{}]", it["severity"].as_str().unwrap(), it["code"].as_str().unwrap()))
        .collect()
}

#[track_caller]
fn finds(replayed: &Replayed, expected: &[&str]) {
    assert_eq!(codes(replayed), expected, "{:#}", replayed.report["findings"]);
    let holds = !expected.iter().any(|code| code.starts_with("error"));
    assert_eq!(replayed.code, Some(i32::from(!holds)));
}

#[test]
fn a_seal_by_a_key_file_is_accepted_by_ssh_keygen_and_by_replay() {
    for (name, key_type) in [
        ("ed25519", "ssh-ed25519"),
        ("p256", "ecdsa-sha2-nistp256"),
        ("p384", "ecdsa-sha2-nistp384"),
        ("p521", "ecdsa-sha2-nistp521"),
        ("rsa", "ssh-rsa"),
    ] {
        let ceremony = conducted();
        ssh_keygen_accepts(&sealed(&ceremony, "witness", name));
        let replayed = replayed_with(&ceremony, &format!("ada@example.org {}", public(name)));
        finds(&replayed, &[]);
        let seal = json!({
            "role": "witness",
            "key_type": key_type,
            "fingerprint": fingerprint(name),
            "principals": ["ada@example.org"],
            "vouched": true,
            "covers": "whole",
        });
        assert_eq!(replayed.report["seals"], json!([seal]));
    }
}

#[test]
fn a_seal_by_ssh_keygen_alone_is_accepted() {
    for name in ["ed25519", "p256", "p384", "p521", "rsa"] {
        for hash in ["sha512", "sha256"] {
            let ceremony = conducted();
            sign(&ceremony, "witness", &key(name), "officiant-transcript", &["-O", &format!("hashalg={hash}")]);
            finds(&replayed_with(&ceremony, &format!("ada {}", public(name))), &[]);
        }
    }
}

#[test]
fn the_command_in_the_readme_makes_a_seal() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let line = readme.lines().find(|line| line.contains("ssh-keygen -Y sign")).unwrap().trim();
    let ceremony = conducted();
    let command = line.replace("DIR/", &format!("{}/", ceremony.folder().display()));
    let command = command.replace("KEY", key("ed25519").to_str().unwrap()).replace("ROLE", "witness");
    assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success(), "{command}");
    finds(&replayed_with(&ceremony, &format!("ada {}", public("ed25519"))), &[]);
}

#[test]
fn a_record_whose_required_seal_is_missing_is_intact_and_says_who_is_to_seal() {
    let ceremony = conducted();
    let replayed = ceremony.replay();
    finds(&replayed, &["error[seal-missing]", "warning[unsealed]"]);
    assert_eq!(replayed.report["verdict"], "unsealed");
    assert_eq!(replayed.report["seals"], json!([]));
    let output = officiant().arg("replay").arg(ceremony.folder()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("the record is intact; it is not sealed as its runbook requires\n"), "{said}");
    let next = "error[seal-missing]: the seal of witness is missing, which the runbook requires: `officiant seal DIR --role ROLE \
                --key KEY`, or without officiant `ssh-keygen -Y sign -f KEY -n officiant-transcript < DIR/transcript.jsonl > \
                DIR/seals/witness.sig`\n";
    assert!(said.contains(next), "{said}");
    sealed(&ceremony, "administrator", "ed25519");
    finds(&ceremony.replay(), &["error[seal-missing]", "warning[seals-not-vouched]"]);
}

#[test]
fn a_seal_of_a_rehearsal_vouches_for_no_ceremony() {
    let ceremony = rehearsed();
    finds(&ceremony.replay(), &["warning[rehearsal]", "warning[seal-missing]", "warning[unsealed]"]);
    sealed(&ceremony, "witness", "ed25519");
    let signers = format!("ada {}", public("ed25519"));
    finds(&replayed_with(&ceremony, &signers), &["warning[rehearsal]", "warning[seal-rehearsal]"]);
    let mut entries = ceremony.entries();
    entries[0]["body"]["rehearsal"] = json!(false);
    ceremony.rewrite(&forge(&mut entries));
    let replayed = replayed_with(&ceremony, &signers);
    replayed.refuses("seal-wrong", "is over no state of this record");
}

#[test]
fn without_trust_nobody_vouches_and_the_keys_are_named() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "p256");
    let replayed = ceremony.replay();
    finds(&replayed, &["warning[seals-not-vouched]"]);
    let message = replayed.report["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains(&format!("witness (ecdsa-sha2-nistp256 {})", fingerprint("p256"))), "{message}");
    let seal = &replayed.report["seals"][0];
    assert_eq!((&seal["vouched"], &seal["principals"]), (&json!(false), &json!([])));
}

#[test]
fn what_is_said_of_a_seal_is_a_row_of_the_report() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let trust = trusting(&format!("ada@example.org {}", public("ed25519")));
    let output = officiant().arg("replay").arg(ceremony.folder()).arg("--trust").arg(trust.path()).output().unwrap();
    let row = format!(
        "  seal        witness  ssh-ed25519 {}, of ada@example.org, over the whole record\n",
        fingerprint("ed25519")
    );
    let said = done(output);
    assert!(said.contains(&row), "{said}");
}

#[test]
fn a_record_that_was_signed_anew_does_not_fit_its_seal() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    ceremony.rewrite(&forge(&mut ceremony.entries()));
    let replayed = ceremony.replay();
    finds(&replayed, &["error[seal-wrong]", "warning[unsealed]"]);
    assert_eq!(replayed.report["seals"][0]["covers"], "nothing");
}

#[test]
fn a_seal_over_an_older_head_names_the_line() {
    for (role, finding) in [("witness", "error[seal-older]"), ("administrator", "warning[seal-older]")] {
        let ceremony = conducted();
        if role == "administrator" {
            sealed(&ceremony, "witness", "other");
        }
        let lines = ceremony.lines();
        ceremony.rewrite(&lines[..4]);
        sign(&ceremony, role, &key("rsa"), "officiant-transcript", &[]);
        ceremony.rewrite(&lines);
        let replayed = ceremony.replay();
        assert!(codes(&replayed).contains(&finding.to_string()), "{:?}", codes(&replayed));
        let found = replayed.report["findings"].as_array().unwrap();
        let found = found.iter().find(|it| it["code"] == "seal-older").unwrap();
        assert_eq!(found["line"], 4);
        let seals = replayed.report["seals"].as_array().unwrap();
        assert_eq!(seals.iter().find(|seal| seal["role"] == role).unwrap()["covers"], json!({ "line": 4 }));
    }
}

#[test]
fn a_line_that_was_added_or_torn_after_the_seal_is_found() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let count = ceremony.lines().len();
    let path = ceremony.folder().join("transcript.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}{{\"at\"")).unwrap();
    ceremony.replay().refuses("seal-older", &format!("up to line {count}")).refuses("torn", "never finished");
}

#[test]
fn a_key_that_is_not_trusted_does_not_vouch() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let key = public("ed25519");
    let why = |signers: &str, part: &str| replayed_with(&ceremony, signers).refuses("seal-untrusted", part);
    finds(
        &why(&format!("ada {}", public("other")), "no allowed_signers of yours has it"),
        &["error[seal-untrusted]", "warning[unsealed]"],
    );
    why(&format!("ada namespaces=\"git\" {key}"), "ada has it, and it may be used for `git`");
    why(&format!("ada valid-before=\"20200101Z\" {key}"), "it was valid until 2020-01-01T00:00:00.000Z");
    let replayed = why(&format!("ada cert-authority {key}"), "no allowed_signers of yours has it");
    assert!(codes(&replayed).contains(&"warning[trust]".to_string()));
    finds(&replayed_with(&ceremony, &format!("ada namespaces=\"officiant-*\",valid-after=\"20200101Z\" {key}")), &[]);
}

#[test]
fn a_key_that_is_not_trusted_is_a_warning_where_no_seal_is_required() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    sealed(&ceremony, "administrator", "other");
    let replayed = replayed_with(&ceremony, &format!("ada {}", public("ed25519")));
    finds(&replayed, &["warning[seal-untrusted]"]);
}

#[test]
fn the_key_of_another_participant_does_not_seal_for_a_role() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let signers = format!("administrator {}witness {}", public("ed25519"), public("other"));
    replayed_with(&ceremony, &signers).refuses("seal-role", "was made with the key of administrator");
    finds(&replayed_with(&ceremony, &format!("witness {}", public("ed25519"))), &[]);
}

#[test]
fn two_roles_that_sealed_with_one_key_are_found() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let already = "this key has sealed already, as witness";
    refused(&mut seal(&ceremony, "administrator", key("ed25519")), 1, already);
    sign(&ceremony, "administrator", &key("ed25519"), "officiant-transcript", &[]);
    let replayed = replayed_with(&ceremony, &format!("ada {}", public("ed25519")));
    finds(&replayed, &["warning[seal-shared]"]);
}

#[test]
fn a_seal_by_the_session_key_is_refused() {
    let ceremony = conducted();
    let mut entries = ceremony.entries();
    ceremony.rewrite(&forge(&mut entries));
    // The key that `forge` signs with, as OpenSSH has it.
    let pair = ssh_key::private::Ed25519Keypair::from_seed(&[7; 32]);
    let private = ssh_key::PrivateKey::from(pair).to_openssh(ssh_key::LineEnding::LF).unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("session");
    fs::write(&path, private.as_bytes()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    sign(&ceremony, "witness", &path, "officiant-transcript", &[]);
    let replayed = ceremony.replay().refuses("seal-session-key", "the session key of the record itself");
    assert_eq!(replayed.report["seals"][0]["vouched"], false);
}

#[test]
fn what_was_made_for_something_else_is_no_seal() {
    let ceremony = conducted();
    sign(&ceremony, "witness", &key("ed25519"), "git", &[]);
    ceremony.replay().refuses("seal-wrong", "it was made for `git`");
    sign(&ceremony, "witness", &key("short"), "officiant-transcript", &[]);
    ceremony.replay().refuses("seal-wrong", "an RSA key has 2048 to 4096 bits here, this one has 1024");
    let seal = ceremony.folder().join("seals/witness.sig");
    fs::write(&seal, "-----BEGIN SSH SIGNATURE-----").unwrap();
    ceremony.replay().refuses("seal-wrong", "it is no SSH signature as `ssh-keygen -Y sign` makes it");
    fs::write(&seal, "x".repeat(70_000)).unwrap();
    ceremony.replay().refuses("seal-wrong", "no seal has more than 65536");
}

#[test]
fn every_byte_of_a_seal_counts() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let path = ceremony.folder().join("seals/witness.sig");
    let armored = fs::read_to_string(&path).unwrap();
    let body: Vec<&str> = armored.lines().filter(|line| !line.starts_with('-')).collect();
    let mut changed = 0;
    for at in (0..body.concat().len()).step_by(7) {
        let mut digits: Vec<char> = body.concat().chars().collect();
        digits[at] = if digits[at] == 'A' { 'B' } else { 'A' };
        let digits: String = digits.into_iter().collect();
        fs::write(&path, format!("-----BEGIN SSH SIGNATURE-----\n{digits}\n-----END SSH SIGNATURE-----\n")).unwrap();
        let replayed = ceremony.replay();
        assert!(codes(&replayed).contains(&"error[seal-wrong]".to_string()), "{at}: {:?}", codes(&replayed));
        changed += 1;
    }
    assert!(changed > 30);
}

#[test]
fn what_else_lies_among_the_seals_is_named() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let seals = ceremony.folder().join("seals");
    fs::copy(seals.join("witness.sig"), seals.join("withness.sig")).unwrap();
    fs::write(seals.join("notes.txt"), "").unwrap();
    fs::create_dir(seals.join("administrator.sig")).unwrap();
    ceremony
        .replay()
        .refuses(
            "seal-role",
            "`seals/withness.sig` is a seal of `withness`, who takes no part; did they mean `witness`?",
        )
        .refuses("file-unknown", "`seals/notes.txt` is no seal")
        .refuses("file-unknown", "`seals/administrator.sig` is no seal");
}

#[test]
fn a_list_of_keys_that_names_another_is_found() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let line = format!("witness {}", public("other"));
    fs::write(ceremony.folder().join("seals/allowed_signers"), line).unwrap();
    let replayed = replayed_with(&ceremony, &format!("ada {}", public("ed25519")));
    finds(&replayed, &["warning[seal-signers]"]);
}

#[test]
fn seals_are_made_new_and_nothing_of_another_role_is_lost() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let printed = sealed(&ceremony, "administrator", "p384");
    let seals = ceremony.folder().join("seals");
    let signers = fs::read_to_string(seals.join("allowed_signers")).unwrap();
    let words = |line: &str| line.split(' ').take(3).map(str::to_string).collect::<Vec<_>>();
    let lines: Vec<_> = signers.lines().map(words).collect();
    let namespace = "namespaces=\"officiant-transcript\"";
    assert_eq!(lines, [["witness", namespace, "ssh-ed25519"], ["administrator", namespace, "ecdsa-sha2-nistp384"]]);
    for name in ["witness.sig", "administrator.sig", "allowed_signers"] {
        assert_eq!(fs::metadata(seals.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    ssh_keygen_accepts(&printed);
    let before = fs::read(seals.join("witness.sig")).unwrap();
    let again = "error: `seals/witness.sig` is there already, over the whole record, and nothing is ever replaced";
    refused(&mut seal(&ceremony, "witness", key("other")), 1, again);
    assert_eq!(fs::read(seals.join("witness.sig")).unwrap(), before);
}

#[test]
fn a_record_that_does_not_hold_or_is_not_over_is_not_sealed() {
    let ceremony = conducted();
    let lines = ceremony.lines();
    ceremony.rewrite(&lines[..lines.len() - 1]);
    refused(&mut seal(&ceremony, "witness", key("ed25519")), 1, "the ceremony is not over");
    let mut changed = lines.clone();
    let sentence = changed.iter_mut().find(|line| line.contains("Light")).unwrap();
    *sentence = sentence.replace("Light", "Fight");
    ceremony.rewrite(&changed);
    refused(&mut seal(&ceremony, "witness", key("ed25519")), 1, "the record does not hold, and was not sealed");
    assert_eq!(fs::read_dir(ceremony.folder().join("seals")).unwrap().count(), 0);
    ceremony.rewrite(&lines);
    sealed(&ceremony, "witness", "ed25519");
}

#[test]
fn an_aborted_ceremony_may_be_sealed() {
    let ceremony = Ceremony::run(RUNBOOK)
        .answer("start/1", "no")
        .answer("start/1#what-now", "abort")
        .answer("start/1#reason", "There is no candle.")
        .carry_out()
        .exits(1);
    let output = seal(&ceremony, "witness", key("ed25519")).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("ABORTED"), "{output:?}");
    ssh_keygen_accepts(&done(output));
    let replayed = replayed_with(&ceremony, &format!("ada {}", public("ed25519")));
    finds(&replayed, &["error[aborted]"]);
    assert_eq!(replayed.report["verdict"], "aborted");
}

#[test]
fn what_cannot_seal_is_said_with_what_to_do() {
    let ceremony = conducted();
    for (role, key, part) in [
        (
            "withness",
            "x",
            "the runbook has no participant `withness`, it has administrator, witness; did you mean `witness`?",
        ),
        ("witness", "/nowhere/key", "`/nowhere/key` cannot be read"),
        ("witness", "piv:9b", "`9b` is no slot for a key: those are 9a, 9c, 9d, 9e, and 82 to 95"),
        ("witness", "yubihsm:0", "`0` is no object ID"),
        ("witness", "yubihsm:7", "it is asked for at a terminal and taken from nowhere else"),
        ("witness", key("short").to_str().unwrap(), "an RSA key has 2048 to 4096 bits here, this one has 1024"),
        ("witness", key("ed25519.pub").to_str().unwrap(), "there is no ssh-agent"),
    ] {
        refused(seal(&ceremony, role, key).env_remove("SSH_AUTH_SOCK"), 2, part);
    }
    let mut unasked = officiant();
    unasked.arg("seal").arg(ceremony.folder()).args(["--role", "witness", "--key"]).arg(key("ed25519"));
    refused(&mut unasked, 2, "say --yes where there is no terminal");
    assert_eq!(fs::read_dir(ceremony.folder().join("seals")).unwrap().count(), 0);
}

/// An ssh-agent of this test's own.
struct Agent {
    folder: TempDir,
    process: std::process::Child,
}

impl Agent {
    fn with(keys: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let socket = folder.path().join("agent");
        let process = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
        crate::devices::until("ssh-agent to listen", || socket.exists());
        let agent = Self { folder, process };
        for name in keys {
            let added = Command::new("ssh-add").arg("-q").arg(key(name)).env("SSH_AUTH_SOCK", agent.socket()).status();
            assert!(added.unwrap().success(), "{name}");
        }
        agent
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("agent")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_key_that_ssh_agent_has_seals() {
    let agent = Agent::with(&["ed25519", "p256", "p384", "rsa"]);
    for name in ["ed25519", "p256", "p384", "rsa"] {
        let fingerprint = format!("agent:{}", fingerprint(name));
        let file = key(&format!("{name}.pub")).display().to_string();
        for named in [fingerprint, format!("agent:{name}"), file] {
            let ceremony = conducted();
            let output = seal(&ceremony, "witness", &named).env("SSH_AUTH_SOCK", agent.socket()).output().unwrap();
            ssh_keygen_accepts(&done(output));
            finds(&replayed_with(&ceremony, &format!("ada {}", public(name))), &[]);
        }
    }
    let ceremony = conducted();
    let mut command = seal(&ceremony, "witness", "agent:other");
    refused(command.env("SSH_AUTH_SOCK", agent.socket()), 2, "ssh-agent does not have `other`, it has SHA256:");
}

/// Somebody at a terminal who seals, with all that happens logged.
struct AtTerminal<'a> {
    session: OsSession,
    ceremony: &'a CarriedOut,
    watch: Option<Watch>,
    shown: Vec<u8>,
}

impl<'a> AtTerminal<'a> {
    fn seals(ceremony: &'a CarriedOut, key: &OsStr, more: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        let command = officiant();
        shell.args(["-c", "stty echo && exec \"$0\" \"$@\""]).arg(command.get_program()).args(["-vv", "seal"]);
        shell.arg(ceremony.folder()).args(["--role", "witness", "--key"]).arg(key).args(more);
        shell.env("TERM", "xterm-256color").env_remove("NO_COLOR").env_remove("RUST_LOG");
        let mut session = OsSession::spawn(shell).unwrap();
        session.set_expect_timeout(Some(PATIENCE));
        Self { session, ceremony, watch: None, shown: Vec::new() }
    }

    #[track_caller]
    fn answers(&mut self, question: &str, answer: &str) -> &mut Self {
        let seen = self.session.expect(question);
        let seen = seen.unwrap_or_else(|error| panic!("“{question}” was not asked: {error}"));
        self.shown.extend(seen.as_bytes());
        // What is typed before echo is off would be shown.
        thread::sleep(std::time::Duration::from_millis(100));
        self.session.send(format!("{answer}\r")).unwrap();
        self
    }

    /// Answers a question for a secret.
    #[track_caller]
    fn confides(&mut self, question: &str, secret: &str) -> &mut Self {
        self.ceremony.canary().confide(secret);
        let process = u32::try_from(self.session.get_process().pid().as_raw()).unwrap();
        self.watch.get_or_insert_with(|| Watch::on(process));
        self.answers(question, secret)
    }

    /// All that was shown to the end, since the last answer.
    fn rest(mut self) -> String {
        let found = self.session.expect(expectrl::Eof).unwrap();
        self.shown.extend(found.as_bytes());
        self.ceremony.canary().wrote("the terminal at which it was sealed", &self.shown);
        if let Some(watch) = self.watch {
            self.ceremony.canary().saw(watch);
        }
        String::from_utf8_lossy(found.as_bytes()).into_owned()
    }
}

/// Nothing else looks like these.
const PASSPHRASE: &str = "Sperber? tell \"nobody\"";
const WRONG: &str = "Habicht & Sperling";

fn encrypted(passphrase: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("encrypted");
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-a", "2", "-C", "encrypted", "-N", passphrase, "-f"]).arg(&path);
    assert!(command.status().unwrap().success());
    (folder, path)
}

#[test]
fn an_encrypted_key_file_asks_for_its_passphrase_and_a_person_for_the_go_ahead() {
    let (_folder, path) = encrypted(PASSPHRASE);
    let ceremony = conducted();
    let mut person = AtTerminal::seals(&ceremony, path.as_os_str(), &[]);
    person.confides("Passphrase of", WRONG).confides("This is not its passphrase", PASSPHRASE);
    person.answers("Seal this record now?", "no");
    assert!(person.rest().contains("nothing was sealed"));
    assert!(!ceremony.folder().join("seals/witness.sig").exists());

    let mut person = AtTerminal::seals(&ceremony, path.as_os_str(), &[]);
    person.confides("Passphrase of", PASSPHRASE).answers("Seal this record now?", "yes");
    let said = person.rest();
    assert!(said.contains("sealed by witness with ssh-ed25519 SHA256:"), "{said}");
    let public = fs::read_to_string(path.with_extension("pub")).unwrap();
    finds(&replayed_with(&ceremony, &format!("ada {public}")), &[]);
}

#[test]
fn a_passphrase_is_not_asked_for_without_a_terminal() {
    let (_folder, path) = encrypted(PASSPHRASE);
    let ceremony = conducted();
    refused(&mut seal(&ceremony, "witness", &path), 2, "it is asked for at a terminal and taken from nowhere else");
}

#[test]
fn a_key_in_a_yubihsm_seals() {
    let device = VirtualDevice::new(7_550_054);
    let session = client(&device.url(), 1, "password").unwrap();
    let capabilities = Capability::SIGN_EDDSA | Capability::SIGN_ECDSA;
    let key = authentication::Key::derive_from_password(PASSPHRASE.as_bytes());
    let algorithm = authentication::Algorithm::YubicoAes;
    session
        .put_authentication_key(2, "seal".into(), Domain::all(), capabilities, capabilities, algorithm, key)
        .unwrap();
    for (id, algorithm) in
        [(7, asymmetric::Algorithm::Ed25519), (8, asymmetric::Algorithm::EcP256), (9, asymmetric::Algorithm::EcP384)]
    {
        session.generate_asymmetric_key(id, "seal".into(), Domain::DOM1, capabilities, algorithm).unwrap();
        let ceremony = conducted();
        let (folder, name) = (ceremony.folder(), format!("yubihsm:{id}"));
        let bound = format!("yubihsm.connectors={}", device.url());
        let mut person = AtTerminal::seals(&ceremony, name.as_ref(), &["--auth-key", "2", "--bind", &bound, "--yes"]);
        person.confides("Password of authentication key 2", PASSPHRASE);
        let said = person.rest();
        let command = said.lines().find(|line| line.starts_with("verify  ")).unwrap_or_else(|| panic!("{said}"));
        assert!(said.contains(&format!("YubiHSM 7550054, asymmetric-key {id}")), "{said}");
        ssh_keygen_accepts(command.trim_end());
        let listed = fs::read_to_string(folder.join("seals/allowed_signers")).unwrap();
        finds(&replayed_with(&ceremony, &listed), &[]);
    }
}

#[test]
fn a_trust_folder_says_what_is_wrong_with_it() {
    let ceremony = conducted();
    let folder = TempDir::new().unwrap();
    let mut command = officiant();
    command.arg("replay").arg(ceremony.folder()).arg("--trust").arg(folder.path());
    refused(&mut command, 2, "holds nothing to be trusted");
    fs::write(folder.path().join("root.pem"), "no certificate").unwrap();
    refused(&mut command, 2, "root.pem` in the trust folder: it holds no certificate");
    fs::remove_file(folder.path().join("root.pem")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("allowed_signers")).unwrap();
    refused(&mut command, 2, "allowed_signers` in the trust folder: it is no regular file");
    refused(command.arg("--trust-me"), 2, "--trust");
}

#[test]
fn a_record_does_not_vouch_for_itself() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let mut command = officiant();
    command.arg("replay").arg(ceremony.folder()).arg("--trust").arg(ceremony.folder().join("products/../seals"));
    refused(&mut command, 2, "is part of the record, which cannot vouch for itself");
}

#[test]
fn certificates_in_a_trust_folder_are_read_as_pem_and_der() {
    let folder = TempDir::new().unwrap();
    let script = "
        for name in a b; do
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -out $name.pem -subj /CN=$name
        done
        { echo about a; cat a.pem; echo about b; cat b.pem; } > both.crt
        openssl x509 -in a.pem -outform der -out a.der
        rm b.pem
        echo hello > README
    ";
    let made = Command::new("sh").args(["-ec", script]).current_dir(folder.path()).stderr(Stdio::null()).status();
    assert!(made.unwrap().success());
    let ceremony = rehearsed();
    let output = officiant().arg("replay").arg(ceremony.folder()).arg("--trust").arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "note: `README` in the trust folder was not looked at: its name is none of what is trusted\n");
    fs::write(folder.path().join("cut.pem"), fs::read(folder.path().join("a.pem")).unwrap().split_at(300).0).unwrap();
    let output = officiant().arg("replay").arg(ceremony.folder()).arg("--trust").arg(folder.path()).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("cut.pem` in the trust folder"), "{output:?}");
}

#[test]
fn the_word_after_seal_is_required_or_optional() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("runbook.yaml");
    fs::write(&path, RUNBOOK.replace("seal: required", "seal: requird")).unwrap();
    let output = officiant().arg("check").arg(&path).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("`requird` is no `seal`") && said.contains("required"), "{said}");
}
