//! A file of a role, held against what delegates to it and what names its version.

use super::{
    super::metadata::{Count, Document, Entry, Key, Opened, Role, count_over},
    fields,
    files::{Files, quoted},
    names::LONGEST,
    reach::Reach,
    report::{Finding, Verified, called},
    targets::Targets,
};
use jiff::Timestamp;
use officiant_engine::record::digest_hex;
use serde_json::Value;
use sha2::{Digest, Sha512};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};
use unicode_normalization::is_nfc;

/// The most targets out of reach that are kept.
pub(super) const MOST_OUTSIDE: usize = 10_000;

/// The most bytes of a file that python-tuf's client takes, by the kind of role (`tuf.ngclient.config`).
const CLIENT_LIMITS: [(&str, usize); 4] =
    [("root", 512_000), ("timestamp", 16_384), ("snapshot", 2_000_000), ("targets", 5_000_000)];

/// How a file is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) files: &'a Files,
    /// When it must not have expired.
    pub(super) at: Timestamp,
    pub(super) ignore_expiry: bool,
    /// Whether signatures may still be missing.
    pub(super) event: bool,
}

/// What a file is to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) file: &'a str,
    pub(super) kind: &'a str,
    /// What names its version: its entry in snapshot or timestamp, and which of them.
    pub(super) named: Option<(&'a Value, &'a str)>,
}

/// A file that holds, but for its faults.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) verified: Verified,
    pub(super) document: Document,
    pub(super) spec: String,
    pub(super) findings: Vec<Finding>,
    /// What is wrong and keeps nothing else from being looked at.
    pub(super) faults: Vec<String>,
    /// Targets that the role may not speak of.
    pub(super) outside: BTreeSet<String>,
}

/// What is gathered from target to target.
#[derive(Default)]
struct Gathered {
    targets: Targets,
    outside: BTreeSet<String>,
}

impl Judge<'_> {
    /// Reads and verifies a file of `role`, whose keys are among `keys`.
    ///
    /// # Errors
    /// Why it does not hold, with the file's name.
    pub(super) fn judge(
        &self,
        expected: &Expected<'_>,
        role: &Role,
        keys: &BTreeMap<String, Key>,
        reach: Option<&Reach>,
    ) -> Result<Judged, String> {
        self.judged(expected, role, keys, reach).map_err(|fault| format!("{}: {fault}", quoted(expected.file)))
    }

    fn judged(
        &self,
        expected: &Expected<'_>,
        role: &Role,
        keys: &BTreeMap<String, Key>,
        reach: Option<&Reach>,
    ) -> Result<Judged, String> {
        let bytes = self.files.read(expected.file)?;
        if let Some((meta, by)) = expected.named {
            is_as_named(&bytes, meta, by)?;
        }
        let visit = |gathered: &mut Gathered, name: &str, entry: Entry<'_>| {
            gathered.targets.look_at(name, entry);
            if gathered.outside.len() < MOST_OUTSIDE
                && name.len() <= LONGEST
                && reach.is_some_and(|reach| !reach.has(name))
            {
                gathered.outside.insert(name.to_string());
            }
        };
        let (opened, Gathered { targets, outside }) = Opened::read::<Gathered>(&bytes, visit)?;
        let document = opened.document;
        is_signed_once(&document)?;
        let count = count_over(&opened.message, &document.signatures, role, keys);
        let mut findings = signatures(expected.file, &count, |_| false);
        if !count.is_reached() {
            let lacking = lacking(&count, &format!("the role {}", quoted(&role.name)));
            if !self.event {
                return Err(lacking);
            }
            findings.push(Finding::new("missing-signatures", expected.file, lacking));
        }
        if document.kind() != expected.kind {
            return Err(format!("it is of the type {}, not `{}`", quoted(document.kind()), expected.kind));
        }
        let version = document.version()?;
        if let Some((meta, by)) = expected.named
            && meta["version"] != version
        {
            return Err(format!("it is version {version}, and {by} names version {}", meta["version"]));
        }
        if expected.kind == "targets" && !opened.had_targets {
            return Err("its `targets` are no object".to_string());
        }
        let mut faults: Vec<String> = Vec::new();
        self.look_at_expiry(expected.file, &document, &mut faults, &mut findings)?;
        let named = |fault: &String| format!("{}: {fault}", quoted(expected.file));
        faults.extend(targets.faults.iter().map(named));
        findings.extend(targets.findings(expected.file));
        findings.extend(of_file(expected.file, expected.kind, &bytes, &opened.message, &document));
        Ok(Judged {
            verified: verified(&role.name, expected.file, &document, &count, targets.count)?,
            spec: document.text("spec_version")?.to_string(),
            document,
            findings,
            faults,
            outside,
        })
    }

    /// Looks whether a file has expired.
    pub(super) fn look_at_expiry(
        &self,
        file: &str,
        document: &Document,
        faults: &mut Vec<String>,
        findings: &mut Vec<Finding>,
    ) -> Result<(), String> {
        if document.expires()? <= self.at {
            let expired = format!("it expired at {}, before {}", document.text("expires")?, self.at);
            if self.ignore_expiry {
                findings.push(Finding::new("expired", file, expired));
            } else {
                faults.push(format!("{}: {expired}", quoted(file)));
            }
        }
        Ok(())
    }
}

/// A file as it is reported.
pub(super) fn verified(
    role: &str,
    file: &str,
    document: &Document,
    count: &Count,
    targets: u64,
) -> Result<Verified, String> {
    let (signed_by, missing) = called(count);
    Ok(Verified {
        role: crate::text::plain(role),
        file: crate::text::plain(file),
        count: 1,
        version: document.version()?,
        expires: document.text("expires")?.to_string(),
        threshold: count.threshold,
        keys: count.keys() as u64,
        signed_by,
        missing,
        targets,
    })
}

/// What is odd in a file as a whole.
pub(super) fn of_file(place: &str, kind: &str, bytes: &[u8], message: &[u8], document: &Document) -> Vec<Finding> {
    let mut findings = fields::findings(place, document);
    if let Some((_, limit)) = CLIENT_LIMITS.iter().find(|(name, limit)| *name == kind && bytes.len() > *limit) {
        let message = format!("it has {} bytes, and python-tuf's client takes {limit} of a {kind}", bytes.len());
        findings.push(Finding::new("client-limit", place, message));
    }
    if !message.is_ascii() && str::from_utf8(message).is_ok_and(|text| !is_nfc(text)) {
        let message = "it has text that is not in Unicode's form C, so that two clients verify different bytes";
        findings.push(Finding::new("unicode-form", place, message));
    }
    findings
}

/// That it has the length and the hashes by which it is named.
fn is_as_named(bytes: &[u8], meta: &Value, by: &str) -> Result<(), String> {
    if meta["version"].as_u64().is_none_or(|version| version == 0) {
        return Err(format!("{by} names a version that is no whole number of at least 1"));
    }
    if let Some(length) = meta.get("length")
        && *length != bytes.len()
    {
        return Err(format!("it has {} bytes, and {by} names {length}", bytes.len()));
    }
    let Some(hashes) = meta.get("hashes") else { return Ok(()) };
    let hashes = hashes.as_object().filter(|hashes| !hashes.is_empty());
    let hashes = hashes.ok_or_else(|| format!("{by} names hashes of it that are no object"))?;
    let mut known = false;
    for (kind, hash) in hashes {
        let own = match kind.as_str() {
            "sha256" => digest_hex(bytes),
            "sha512" => hex::encode(Sha512::digest(bytes)),
            _ => continue,
        };
        known = true;
        if *hash != own {
            return Err(format!("its {} is {own}, and {by} names another", quoted(kind)));
        }
    }
    if known { Ok(()) } else { Err(format!("{by} names no hash of it that is known here: SHA-256, SHA-512")) }
}

/// That no key id has two signatures, which other clients refuse.
pub(super) fn is_signed_once(document: &Document) -> Result<(), String> {
    let mut ids = BTreeSet::new();
    let twice = document.signatures.iter().find(|signature| !ids.insert(&signature.keyid));
    twice.map_or(Ok(()), |it| Err(format!("it has two signatures under the key id {}", quoted(&it.keyid))))
}

/// What is odd in signatures; those that `elsewhere` knows are as they should be.
pub(super) fn signatures(place: &str, count: &Count, elsewhere: impl Fn(&str) -> bool) -> Vec<Finding> {
    let odd = |rejected: &super::super::metadata::Rejected| {
        let message = format!("the signature under {} does not count: {}", quoted(&rejected.keyid), rejected.why);
        Finding::new("signature", place, message)
    };
    let mut findings: Vec<_> = count.rejected.iter().filter(|it| !elsewhere(&it.keyid)).map(odd).collect();
    for signer in count.signed.iter().chain(&count.missing).filter(|signer| signer.ids.len() > 1) {
        let ids: Vec<_> = signer.ids.iter().map(|id| quoted(id)).collect();
        let message = format!("one public key of its role has the ids {}; it counts once", ids.join(", "));
        findings.push(Finding::new("duplicate-key", place, message));
    }
    findings
}

/// Why a threshold is not reached, as a clause. `of`: whose keys must have signed.
pub(super) fn lacking(count: &Count, of: &str) -> String {
    let (signed, missing) = called(count);
    let mut text = format!("{} of the {} keys of {of} that must have signed it have", signed.len(), count.threshold);
    if !signed.is_empty() {
        let _ = write!(text, ": {}", signed.join(", "));
    }
    if !missing.is_empty() {
        let _ = write!(text, "; not: {}", missing.iter().take(20).cloned().collect::<Vec<_>>().join(", "));
    }
    for rejected in count.rejected.iter().take(10) {
        let _ = write!(text, "; under {}: {}", quoted(&rejected.keyid), rejected.why);
    }
    text
}
