//! What was found in a repository, for the record and for people.

use super::super::metadata::Count;
use crate::text::plain;
use schemars::JsonSchema;
use serde::Serialize;

/// The most findings of one kind.
const MOST_OF_A_KIND: usize = 20;

/// Something odd that does not keep the metadata from holding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Finding {
    /// A stable kebab-case name for this sort of finding.
    pub(crate) code: String,
    /// The file that it is in.
    pub(crate) place: String,
    /// What is odd, as a clause.
    pub(crate) message: String,
}

impl Finding {
    pub(super) fn new(code: &str, place: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_string(), place: plain(place), message: plain(&message.into()) }
    }
}

/// A role, or all the roles that one delegates to by the same keys and by hash prefixes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Verified {
    /// Its name; the first and the last of many.
    pub(crate) role: String,
    /// The file; that of the first of many.
    pub(crate) file: String,
    /// How many roles they are.
    pub(crate) count: u64,
    /// Its version; the lowest of many.
    pub(crate) version: u64,
    /// When it expires, as it says itself; the first of many to expire.
    pub(crate) expires: String,
    /// How many keys must have signed.
    pub(crate) threshold: u64,
    /// How many public keys may sign.
    pub(crate) keys: u64,
    /// Who has signed, each public key once; all of many.
    pub(crate) signed_by: Vec<String>,
    /// Who may sign and has not.
    pub(crate) missing: Vec<String>,
    /// How many targets it has.
    pub(crate) targets: u64,
}

impl Verified {
    /// As people read it: `root 1 · 5 of 3 · @a @b · expires 2025-06-04`.
    fn line(&self) -> String {
        let name = if self.count > 1 { format!("{} ({} roles)", self.role, self.count) } else { self.role.clone() };
        let day = self.expires.split('T').next().unwrap_or_default();
        let targets = match self.targets {
            0 => String::new(),
            1 => " · 1 target".to_string(),
            many => format!(" · {many} targets"),
        };
        let (signed, by) = (self.signed_by.len(), self.signed_by.join(" "));
        let by = if signed == 0 { "nobody" } else { &by };
        format!("{name} {} · {signed} of {} · {by}{targets} · expires {day}", self.version, self.threshold)
    }
}

/// Names of those who have signed, or not.
pub(super) fn called(count: &Count) -> (Vec<String>, Vec<String>) {
    let names = |signers: &[super::super::metadata::Signer]| signers.iter().map(|it| plain(&it.called)).collect();
    (names(&count.signed), names(&count.missing))
}

/// What was found in a repository.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// The versions of the specification that files name.
    pub(crate) spec: Vec<String>,
    /// How files are called.
    pub(crate) layout: Vec<String>,
    /// From the root down.
    pub(crate) roles: Vec<Verified>,
    /// The versions of root that were verified, each by the one before.
    pub(crate) root_versions: Vec<u64>,
    /// What is odd.
    pub(crate) findings: Vec<Finding>,
    /// What is wrong: the metadata does not hold when there is anything here.
    pub(crate) faults: Vec<String>,
    /// How many files were read.
    pub(crate) files: u64,
    /// How many targets there are.
    pub(crate) targets: u64,
}

impl Report {
    /// Notes what is odd, of one kind only so much.
    pub(super) fn found(&mut self, finding: Finding) {
        match self.findings.iter().filter(|it| it.code == finding.code).count() {
            MOST_OF_A_KIND => {
                self.findings.push(Finding::new(&finding.code, "…", "there is more of the kind"));
            }
            more if more > MOST_OF_A_KIND => {}
            _ if self.findings.contains(&finding) => {}
            _ => self.findings.push(finding),
        }
    }

    /// Notes all that is odd.
    pub(super) fn found_all(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.found(finding);
        }
    }

    /// Notes what is wrong in a file.
    pub(super) fn fault(&mut self, fault: &str) {
        self.faults.push(plain(fault));
    }

    /// As those who watch read it.
    pub(crate) fn lines(&self) -> String {
        let mut lines: Vec<String> = self.roles.iter().map(Verified::line).collect();
        lines.extend(self.findings.iter().map(|it| format!("odd: {}: {}", it.place, it.message)));
        lines.join("\n")
    }
}
