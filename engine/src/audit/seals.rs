//! The seals on a record: what they are over, whose they are, and which are missing.

use super::{Finding, Trust, findings::Findings};
use crate::{
    notation::{Runbook, Sealing, nearest},
    record::{Event, Folder, Line, Opened},
    seal::{self, AllowedSigner, Digests, Key, Seal, allowed_signers},
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// Largest file in `seals/` that is read, in bytes: a seal by an RSA key of 4096 bits has 2,000.
const LARGEST: u64 = 64 * 1024;

/// Most entries of `seals/` that are looked at.
const MOST_FILES: usize = 1_000;

/// Most beginnings of the record that seals are tried on, in all, the newest first: each is a signature to verify.
const MOST_TRIED: usize = 4_000;

/// A seal that was found on a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SealFound {
    /// The role that it is of.
    pub role: String,
    /// The key's type as OpenSSH names it in files, for example `ssh-ed25519`.
    pub key_type: String,
    /// The key's fingerprint as `ssh-keygen -l` prints it.
    pub fingerprint: String,
    /// Whom the key belongs to, as the auditor's `allowed_signers` say: their patterns as they stand there.
    pub principals: Vec<String>,
    /// Whether the auditor's `allowed_signers` let this key seal what the seal is over, and it is over something.
    pub vouched: bool,
    /// What it is over.
    pub covers: Covers,
}

/// What a seal is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Covers {
    /// The record as it is.
    Whole,
    /// The record up to and with that line, from 1.
    Line(usize),
    /// No beginning of this record.
    Nothing,
}

impl fmt::Display for Covers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => formatter.write_str("the whole record"),
            Self::Line(line) => write!(formatter, "the record up to line {line}"),
            Self::Nothing => formatter.write_str("nothing of this record"),
        }
    }
}

/// What a replay knows when it comes to the seals.
pub(super) struct Sealed<'a> {
    pub(super) folder: &'a Folder,
    pub(super) lines: &'a [Line],
    pub(super) opened: Option<&'a Opened>,
    /// The runbook; there is none when it cannot be read.
    pub(super) runbook: Option<&'a Runbook>,
    pub(super) trust: Option<&'a Trust>,
}

/// Finds everything that is wrong with the seals.
pub(super) fn check(sealed: &Sealed<'_>, findings: &mut Findings) -> Vec<SealFound> {
    let read = sealed.read(findings);
    let covered = sealed.covered(&read, findings);
    let trusted = sealed.trusted(findings);
    let mut found = Vec::new();
    for ((role, seal), covers) in read.iter().zip(covered) {
        let owners = sealed.owners(role, seal.key(), covers, trusted.as_deref(), findings);
        found.push(SealFound {
            role: role.clone(),
            key_type: seal.key().key_type(),
            fingerprint: seal.key().fingerprint(),
            vouched: !owners.is_empty() && covers != Covers::Nothing,
            principals: owners,
            covers,
        });
    }
    shared(&found, &|role| sealed.requires(role) && !sealed.is_rehearsal(), findings);
    sealed.listed(&read, findings);
    sealed.missing(findings);
    conclude(&found, trusted.is_some(), sealed.is_rehearsal(), findings);
    found
}

impl Sealed<'_> {
    fn is_rehearsal(&self) -> bool {
        self.opened.is_some_and(|opened| opened.rehearsal)
    }

    /// The roles of the ceremony, and which of them must seal.
    fn roles(&self) -> BTreeMap<&str, bool> {
        match (self.runbook, self.opened) {
            (Some(runbook), _) => {
                let required = |sealing: Sealing| sealing == Sealing::Required;
                runbook.participants.iter().map(|(role, it)| (role.as_str(), required(it.seal))).collect()
            }
            (None, Some(opened)) => opened.participants.keys().map(|role| (role.as_str(), false)).collect(),
            (None, None) => BTreeMap::new(),
        }
    }

    fn requires(&self, role: &str) -> bool {
        self.roles().get(role).copied().unwrap_or_default()
    }

    /// The seals that can be read, by role; everything else in `seals/` is a finding.
    fn read(&self, findings: &mut Findings) -> Vec<(String, Seal)> {
        let roles = self.roles();
        let mut seals = Vec::new();
        for (path, name, is_folder) in self.list(findings) {
            let mut complain = |code, message: String| findings.push(Finding::error(code, message));
            let role = name.strip_suffix(".sig").filter(|_| !is_folder);
            match role {
                None if name == seal::ALLOWED_SIGNERS && !is_folder => {}
                None if path == seal::NEXT && !is_folder => findings.push(Finding::warning(
                    "seal-signers",
                    format!("`{path}` is of somebody who is sealing now, or broke off; the next seal takes it away"),
                )),
                None => complain("file-unknown", format!("`{path}` is no seal, and nothing else belongs there")),
                Some(role) if !roles.contains_key(role) => {
                    let near = nearest(role, roles.keys().copied());
                    let near = near.map(|near| format!("; did they mean `{near}`?")).unwrap_or_default();
                    complain("seal-role", format!("`{path}` is a seal of `{role}`, who takes no part{near}"));
                }
                Some(_) if self.folder.size(&path).is_ok_and(|size| size == 0) => complain(
                    "seal-wrong",
                    format!("`{path}` is empty: `ssh-keygen` made no signature; remove it, and seal again"),
                ),
                Some(role) => match self.bytes(&path).and_then(|it| Seal::parse(&it).map_err(|why| why.to_string())) {
                    Ok(seal) => seals.push((role.to_string(), seal)),
                    Err(why) => complain("seal-wrong", format!("`{path}` is no seal: {why}")),
                },
            }
        }
        seals
    }

    /// The regular files and the folders in `seals/`, in order: path, name, whether it is a folder. What else is there was
    /// complained of when all files were looked at.
    fn list(&self, findings: &mut Findings) -> Vec<(String, String, bool)> {
        let Ok(entries) = self.folder.root().join(seal::FOLDER).read_dir() else { return Vec::new() };
        let mut listed: Vec<_> = entries
            .flatten()
            .take(MOST_FILES + 1)
            .filter_map(|entry| {
                let kind = entry.file_type().ok().filter(|kind| kind.is_file() || kind.is_dir())?;
                let name = entry.file_name().into_string().ok()?;
                Some((format!("{}/{name}", seal::FOLDER), name, kind.is_dir()))
            })
            .collect();
        if listed.len() > MOST_FILES {
            listed.truncate(MOST_FILES);
            findings.push(Finding::error("file-unknown", format!("`seals/` has more than {MOST_FILES} entries")));
        }
        listed.sort();
        listed
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        let size = self.folder.size(path).map_err(|error| error.to_string())?;
        if size > LARGEST {
            return Err(format!("it has {size} bytes, and no seal has more than {LARGEST}"));
        }
        self.folder.read(path).map_err(|error| error.to_string())
    }

    /// What each seal is over.
    fn covered(&self, seals: &[(String, Seal)], findings: &mut Findings) -> Vec<Covers> {
        if seals.is_empty() {
            return Vec::new();
        }
        let digests = match Digests::read(self.folder.root(), MOST_TRIED) {
            Ok(digests) => digests,
            Err(error) => {
                findings.push(Finding::error("seal-wrong", format!("the transcript cannot be read again: {error}")));
                return vec![Covers::Nothing; seals.len()];
            }
        };
        // It is read a second time: what is sealed must be what was looked at.
        if digests.lines != self.lines.len() || self.lines.last().is_none_or(|line| line.digest != digests.head) {
            let message = "the transcript was changed while it was looked at: replay it again".to_string();
            findings.push(Finding::error("seal-wrong", message));
            return vec![Covers::Nothing; seals.len()];
        }
        let mut tries = MOST_TRIED;
        let mut covered = Vec::new();
        for (role, seal) in seals {
            let covers = if seal.fits(&digests.whole) {
                Covers::Whole
            } else {
                let mut newest = digests.beginnings.iter().rev().take(tries);
                let fitting = newest.by_ref().inspect(|_| tries -= 1).find(|(_, digest)| seal.fits(digest));
                fitting.map_or(Covers::Nothing, |(line, _)| Covers::Line(*line))
            };
            if let Some(finding) = self.misfit(role, seal.key(), covers) {
                findings.push(finding);
            }
            covered.push(covers);
        }
        covered
    }

    /// What is wrong with a seal that is not over the whole record.
    fn misfit(&self, role: &str, key: &Key, covers: Covers) -> Option<Finding> {
        match covers {
            Covers::Whole => None,
            Covers::Line(line) => {
                let message = format!(
                    "the seal of {role} ({key}) is over the record as it was up to line {line}: what follows was added afterwards, \
                     and {role} does not vouch for it"
                );
                let finding = if self.requires(role) {
                    Finding::error("seal-older", message)
                } else {
                    Finding::warning("seal-older", message)
                };
                Some(finding.at_line(line))
            }
            Covers::Nothing => {
                let message = format!(
                    "the seal of {role} ({key}) is over no state of this record that was looked at, up to {MOST_TRIED} lines back: \
                     the record was changed after it was sealed, or the seal is of another one"
                );
                Some(Finding::error("seal-wrong", message))
            }
        }
    }

    /// The keys that the auditor trusts; `None` when there are no `allowed_signers`.
    fn trusted(&self, findings: &mut Findings) -> Option<Vec<AllowedSigner>> {
        let files = self.trust.map(|trust| trust.allowed_signers.as_slice()).filter(|files| !files.is_empty())?;
        let mut trusted = Vec::new();
        for (name, text) in files {
            let (signers, wrong) = allowed_signers(text);
            trusted.extend(signers);
            for (line, why) in wrong {
                let message = format!("{name}, line {line}, was not taken: {why}");
                findings.push(Finding::warning("trust", message));
            }
        }
        Some(trusted)
    }

    /// The principals that a role's key belongs to, when it may have sealed what the seal is over.
    fn owners(
        &self,
        role: &str,
        key: &Key,
        covers: Covers,
        trusted: Option<&[AllowedSigner]>,
        findings: &mut Findings,
    ) -> Vec<String> {
        let session = |key: &Key| {
            let key = key.ed25519().map(hex::encode)?;
            self.lines.iter().find(|line| {
                let entry = line.entry.as_ref();
                entry.is_ok_and(|entry| entry.event.session_key() == Some(&key))
            })
        };
        if let Some(line) = session(key) {
            let message =
                format!("the seal of {role} was made with the session key of the record itself, which is nobody's");
            findings.push(Finding::error("seal-session-key", message).at_line(line.number));
            return Vec::new();
        }
        let Some(trusted) = trusted else { return Vec::new() };
        let at = self.instant(covers);
        let (mut owners, mut why) = (Vec::new(), Vec::new());
        for signer in trusted.iter().filter(|signer| signer.key == *key) {
            let name = self.opened.and_then(|opened| opened.participants.get(role)?.name.as_deref());
            if signer.refuses(role) || name.is_some_and(|name| signer.refuses(name)) {
                why.push(format!("{} has it, which is not for {role}", signer.principals));
                continue;
            }
            match signer.allows(&at) {
                Ok(()) => owners.push(signer),
                Err(reason) => why.push(format!("{} has it, and {reason}", signer.principals)),
            }
        }
        if let Some(other) = self.somebody_else(role, &owners) {
            let message = format!("the seal of {role} was made with the key of {other} ({key})");
            findings.push(Finding::error("seal-role", message));
            return Vec::new();
        }
        if owners.is_empty() {
            let why = if why.is_empty() { "no allowed_signers of yours has it".to_string() } else { why.join("; ") };
            let message = format!("the seal of {role} was made with a key that you do not trust, {key}: {why}");
            findings.push(if self.requires(role) {
                Finding::error("seal-untrusted", message)
            } else {
                Finding::warning("seal-untrusted", message)
            });
        }
        owners.into_iter().map(|signer| signer.principals.clone()).collect()
    }

    /// Another participant whose key it is, where the auditor's files name participants by their roles or names.
    fn somebody_else(&self, role: &str, owners: &[&AllowedSigner]) -> Option<String> {
        let opened = self.opened?;
        let has = |role: &str| {
            let name = opened.participants.get(role).and_then(|it| it.name.as_deref());
            owners.iter().any(|signer| signer.is(role) || name.is_some_and(|name| signer.is(name)))
        };
        if has(role) {
            return None;
        }
        opened.participants.keys().find(|other| has(other)).cloned()
    }

    /// When what a seal is over was recorded: nothing says when the seal itself was made.
    fn instant(&self, covers: Covers) -> String {
        let line = match covers {
            Covers::Line(line) => self.lines.get(line - 1),
            Covers::Whole | Covers::Nothing => self.lines.last(),
        };
        line.and_then(|line| line.entry.as_ref().ok()).map(|entry| entry.at.clone()).unwrap_or_default()
    }

    /// The list of keys in `seals/` must not name another key than the seal's: `ssh-keygen` would go by it.
    fn listed(&self, seals: &[(String, Seal)], findings: &mut Findings) {
        let path = format!("{}/{}", seal::FOLDER, seal::ALLOWED_SIGNERS);
        if self.folder.size(&path).is_err() {
            return;
        }
        let text = match self.bytes(&path).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => return findings.push(Finding::warning("seal-signers", format!("`{path}` is not UTF-8"))),
            Err(why) => return findings.push(Finding::warning("seal-signers", why)),
        };
        let (signers, wrong) = allowed_signers(&text);
        for (line, why) in wrong {
            findings.push(Finding::warning("seal-signers", format!("`{path}`, line {line}: {why}")));
        }
        for (role, seal) in seals {
            if signers.iter().any(|signer| signer.is(role) && signer.key != *seal.key()) {
                let message = format!("`{path}` has another key for {role} than the one that sealed");
                findings.push(Finding::warning("seal-signers", message));
            }
        }
    }

    /// Seals that the runbook requires and that nobody made. While the ceremony is not over there is nothing to seal.
    fn missing(&self, findings: &mut Findings) {
        let last = self.lines.last().and_then(|line| line.entry.as_ref().ok()).map(|entry| &entry.event);
        if !matches!(last, Some(Event::Ended(_) | Event::Aborted(_))) {
            return;
        }
        let roles = self.roles();
        let missing: Vec<&str> = roles
            .iter()
            .filter(|(role, required)| **required && self.folder.size(&seal::path(role)).is_err())
            .map(|(role, _)| *role)
            .collect();
        let Some(first) = missing.first() else { return };
        let seals = if missing.len() == 1 { "the seal of" } else { "the seals of" };
        let are = if missing.len() == 1 { "is" } else { "are" };
        let next = seal::sign_command("DIR", first);
        let message = format!(
            "{seals} {} {are} missing, which the runbook requires: `officiant seal DIR --role {first} --key KEY`, or without \
             officiant `{next}`",
            missing.join(", ")
        );
        // Nobody relies on a rehearsal, and it need not be sealed to be practised.
        findings.push(if self.is_rehearsal() {
            Finding::warning("seal-missing", message)
        } else {
            Finding::error("seal-missing", message)
        });
    }
}

/// One key for two roles is one person, or somebody who has the key of another.
fn shared(found: &[SealFound], requires: &dyn Fn(&str) -> bool, findings: &mut Findings) {
    let mut roles: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for seal in found {
        roles.entry(&seal.fingerprint).or_default().push(&seal.role);
    }
    for (fingerprint, roles) in roles.iter().filter(|(_, roles)| roles.len() > 1) {
        let message = format!("the seals of {} were made with one key, {fingerprint}", roles.join(" and "));
        let required = roles.iter().filter(|role| requires(role)).count();
        // Two who must seal are two people.
        let finding = if required > 1 { Finding::error } else { Finding::warning };
        findings.push(finding("seal-shared", message));
    }
}

/// What the seals come to.
fn conclude(found: &[SealFound], has_trust: bool, is_rehearsal: bool, findings: &mut Findings) {
    let whole: Vec<&SealFound> = found.iter().filter(|seal| seal.covers == Covers::Whole).collect();
    let keys: Vec<String> =
        whole.iter().map(|seal| format!("{} ({} {})", seal.role, seal.key_type, seal.fingerprint)).collect();
    let unsealed = "nobody vouches for it, and whoever has the program can write another one like it";
    if whole.is_empty() {
        let is = if found.is_empty() { "the transcript is unsealed" } else { "no seal is over the whole transcript" };
        findings.push(Finding::warning("unsealed", format!("{is}: {unsealed}")));
    } else if !has_trust {
        let message = format!(
            "the seals are by the keys of {}, as they say themselves; whose keys these are is for you to know: replay with \
             --trust FOLDER, and allowed_signers in it that you did not get together with the record",
            keys.join(", ")
        );
        findings.push(Finding::warning("seals-not-vouched", message));
    } else if !whole.iter().any(|seal| seal.vouched) {
        let message = format!("no seal is by a key that you trust: as far as you know, {unsealed}");
        findings.push(Finding::warning("unsealed", message));
    }
    if is_rehearsal && !found.is_empty() {
        let message = "what was sealed is a rehearsal: the seals vouch for no ceremony";
        findings.push(Finding::warning("seal-rehearsal", message));
    }
}
