//! The replay of a ceremony folder.

use super::{
    Finding, Weight, breaks, chain, files,
    findings::Findings,
    recorded::Recorded,
    rehearsal,
    seals::{self, SealFound, Sealed},
    steps,
};
use crate::{
    check::everything,
    conduct::{Ceremony, Halt, Registry, conduct},
    notation::{self, Loaded, Place, Runbook, Severity},
    record::{self, Event, FORMAT, Folder, Line, Opened, Unreadable},
};
use serde::Serialize;
use std::{collections::BTreeMap, path::Path};

/// Which signatures are verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The last one of each session, which vouches for all before it through the chain.
    LastSignatures,
    /// Every one.
    EverySignature,
}

/// How a record is looked at.
#[derive(Debug, Clone)]
pub struct Scrutiny {
    /// Which signatures are verified.
    pub depth: Depth,
    /// What the auditor trusts and brings along.
    pub trust: Option<Trust>,
}

/// What an auditor trusts.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// `allowed_signers` files as `ssh-keygen` reads them, by name, with their text.
    pub allowed_signers: Vec<(String, String)>,
    /// Certificates of the devices' vendors, DER.
    pub anchors: Vec<Vec<u8>>,
}

/// What is to be said of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is the record of a ceremony that ended as its runbook says.
    Holds,
    /// It is intact, and of a ceremony that was aborted.
    Aborted,
    /// It is intact, and stops before the runbook's END.
    Incomplete,
    /// It is intact, and seals are missing that its runbook requires.
    Unsealed,
    /// Something about it is wrong.
    DoesNotHold,
}

impl Verdict {
    fn of(findings: &[Finding]) -> Self {
        let errors = findings.iter().filter(|finding| finding.severity == Weight::Error);
        errors.fold(Self::Holds, |verdict, finding| match (verdict, finding.code) {
            (Self::Holds | Self::Unsealed | Self::Aborted, "aborted") | (Self::Aborted, "seal-missing") => {
                Self::Aborted
            }
            (Self::Holds | Self::Unsealed, "seal-missing") => Self::Unsealed,
            (Self::Holds | Self::Unsealed | Self::Incomplete, "incomplete") | (Self::Incomplete, "seal-missing") => {
                Self::Incomplete
            }
            _ => Self::DoesNotHold,
        })
    }

    /// The verdict in words, without a capital or a full stop.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Holds => "the record holds",
            Self::Aborted => "the record is intact; the ceremony was aborted",
            Self::Incomplete => "the record is intact; the ceremony stops before its END",
            Self::Unsealed => "the record is intact; it is not sealed as its runbook requires",
            Self::DoesNotHold => "the record does NOT hold",
        }
    }
}

/// What a replay came to.
#[derive(Debug, Clone, Serialize)]
pub struct Replayed {
    /// What is to be said of the record.
    pub verdict: Verdict,
    /// Whether the record holds: no finding is an error.
    pub holds: bool,
    /// The runbook's title.
    pub title: String,
    /// Whether this was a rehearsal.
    pub rehearsal: bool,
    /// When the ceremony was opened, and when its last entry was written.
    pub opened_at: String,
    /// When its last entry was written.
    pub closed_at: String,
    /// How many entries there are.
    pub entries: usize,
    /// SHA-256 (hex) of the last entry.
    pub head: String,
    /// Files that the ceremony made, by path, with their SHA-256 (hex).
    pub products: BTreeMap<String, String>,
    /// The serial numbers that devices were bound to.
    pub devices: BTreeMap<String, u32>,
    /// Failures, retries, skipped steps and deviations, by kind.
    pub exceptions: BTreeMap<&'static str, usize>,
    /// The seals on the record.
    pub seals: Vec<SealFound>,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// Verifies and re-executes the ceremony in a folder; needs nothing else.
///
/// # Errors
/// There is no transcript to read.
pub fn replay(root: &Path, registry: &Registry, scrutiny: &Scrutiny) -> Result<Replayed, Unreadable> {
    look(root, registry, scrutiny).map(|looked| looked.replayed)
}

/// A record that was looked at.
pub(crate) struct Looked {
    /// What is to be said of it.
    pub(crate) replayed: Replayed,
    /// Its lines.
    pub(crate) lines: Vec<Line>,
    /// What follows the last newline.
    pub(crate) torn: Vec<u8>,
    /// The runbook as it was performed from it; nothing when it does not begin with `opened`.
    pub(crate) performance: Option<Performance>,
}

/// Replays a record, and gives back what a ceremony that goes on needs.
pub(crate) fn look(root: &Path, registry: &Registry, scrutiny: &Scrutiny) -> Result<Looked, Unreadable> {
    let (lines, torn) = record::read(root)?;
    let folder = Folder::open(root);
    let mut findings = Findings::default();
    chain::check(&lines, &torn, scrutiny.depth, &mut findings);
    breaks::check(&lines, &mut findings);
    let opened = lines.first().and_then(|line| match &line.entry {
        Ok(entry) => match &entry.event {
            Event::Opened(opened) => Some(opened.as_ref()),
            _ => None,
        },
        Err(_) => None,
    });
    let is_rehearsal = opened.is_none_or(|opened| opened.rehearsal);
    files::check(&folder, &lines, is_rehearsal, &mut findings);
    if !is_rehearsal {
        rehearsal::check(&folder, &lines, &mut findings);
    }
    let mut performance = None;
    if let Some(opened) = opened {
        let performed = performance.insert(re_execute(&folder, opened, &lines, registry, scrutiny));
        findings.extend(std::mem::take(&mut performed.findings));
        if opened.rehearsal {
            findings.push(Finding::warning("rehearsal", "this is a rehearsal on virtual devices, not a ceremony"));
        }
    }
    let loaded = performance.as_ref().and_then(|performance| performance.loaded.as_ref());
    let runbook = loaded.and_then(|loaded| loaded.runbook.as_ref());
    let sealed = Sealed { folder: &folder, lines: &lines, opened, runbook, trust: scrutiny.trust.as_ref() };
    let seals = seals::check(&sealed, &mut findings);
    let replayed = Replayed { seals, ..summary(opened, &lines, findings.into_report()) };
    Ok(Looked { replayed, lines, torn, performance })
}

/// A runbook that was performed once more, from the record.
pub(crate) struct Performance {
    /// The runbook, unless it cannot be performed.
    pub(crate) loaded: Option<Loaded>,
    /// The ceremony where the record stops.
    pub(crate) ceremony: Option<Ceremony>,
    /// Where in the runbook the record stops before its END; nothing when it does not.
    pub(crate) stopped: Option<Place>,
    /// What was found.
    pub(crate) findings: Vec<Finding>,
}

/// Performs the runbook once more, from the record.
pub(crate) fn re_execute(
    folder: &Folder,
    opened: &Opened,
    lines: &[Line],
    registry: &Registry,
    scrutiny: &Scrutiny,
) -> Performance {
    let mut performance = Performance { loaded: None, ceremony: None, stopped: None, findings: Vec::new() };
    let findings = &mut performance.findings;
    if opened.format != FORMAT {
        let message = format!("the format is `{}`, this program reads `{FORMAT}`", opened.format);
        findings.push(Finding::error("format", message).at_line(1));
        return performance;
    }
    let Some(main) = opened.runbook.first() else {
        findings.push(Finding::error("runbook", "the first entry names no runbook").at_line(1));
        return performance;
    };
    let loaded = match folder.resolve(&main.path).map(|path| notation::load(&path)) {
        Ok(Ok(loaded)) => loaded,
        Ok(Err(error)) => {
            findings.push(Finding::error("runbook", format!("`{}` cannot be read: {error}", main.path)).at_line(1));
            return performance;
        }
        Err(error) => {
            findings.push(Finding::error("runbook", error.to_string()).at_line(1));
            return performance;
        }
    };
    let complaints = everything(&loaded, registry);
    for complaint in complaints.0.iter().filter(|complaint| complaint.severity == Severity::Error) {
        let place = loaded.sources.describe(complaint.place);
        findings.push(Finding::error("runbook", complaint.message.clone()).at_place(place));
    }
    let Some(runbook) = loaded.runbook.as_ref().filter(|_| findings.is_empty()) else { return performance };
    let read: Vec<String> = loaded.files.iter().map(|file| format!("runbook/{}", file.path)).collect();
    let named: Vec<&str> = opened.runbook.iter().map(|file| file.path.as_str()).collect();
    if read != named {
        let message = format!("the runbook consists of {}, the record names {}", read.join(", "), named.join(", "));
        findings.push(Finding::error("runbook", message).at_line(1));
    }
    findings.extend(check_opened(runbook, opened));
    let mut ceremony = Ceremony::of(runbook, folder.root().to_path_buf(), opened.bindings.clone(), opened.rehearsal);
    let mut recorded = Recorded::new(lines, opened, runbook);
    let outcome = conduct(runbook, registry, &mut ceremony, &mut recorded);
    let last = lines.len() - recorded.rest().len();
    let mut diverged = false;
    match outcome {
        Ok(()) => {}
        Err((Halt::Aborted(reason), place)) => {
            let finding = Finding::error("aborted", format!("the ceremony was aborted: {reason}"));
            findings.push(finding.at_line(last).at_place(loaded.sources.describe(place)));
        }
        Err((Halt::Diverged(divergence), place)) => {
            let finding = Finding::error(divergence.code, divergence.message).at_place(loaded.sources.describe(place));
            findings.push(match divergence.line {
                Some(line) => finding.at_line(line),
                None => finding,
            });
            diverged = true;
        }
        Err((halt, place)) => {
            let finding = Finding::error("incomplete", halt.to_string()).at_line(last);
            findings.push(finding.at_place(loaded.sources.describe(place)));
            performance.stopped = Some(place).filter(|_| matches!(halt, Halt::RecordEnds | Halt::Paused(_)));
        }
    }
    if let Some(line) = recorded.rest().first().filter(|_| !diverged) {
        let message = format!("{} entries follow after the ceremony was over", recorded.rest().len());
        findings.push(Finding::error("after-end", message).at_line(line.number));
    }
    if !diverged {
        findings.extend(steps::audit(folder, opened.rehearsal, &recorded.into_performed(), registry, scrutiny));
    }
    performance.ceremony = Some(ceremony);
    performance.loaded = Some(loaded);
    performance
}

/// What the first entry says of the runbook must be so.
fn check_opened(runbook: &Runbook, opened: &Opened) -> Vec<Finding> {
    let mut findings = Vec::new();
    if opened.title != runbook.title.as_str() {
        let message = format!("the record is of “{}”, the runbook is “{}”", opened.title, runbook.title);
        findings.push(Finding::error("runbook", message).at_line(1));
    }
    let is_digest = |text: &String| text.len() == 64 && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    if !opened.program.sha256.as_ref().is_none_or(is_digest) {
        findings.push(Finding::error("program", "the program's SHA-256 is none in lowercase hex").at_line(1));
    }
    if opened.participants != opened.bindings.participants(runbook) {
        findings.push(Finding::error("participant", "the record's participants are not the runbook's").at_line(1));
    }
    findings
}

fn summary(opened: Option<&Opened>, lines: &[Line], findings: Vec<Finding>) -> Replayed {
    let entries: Vec<_> = lines.iter().filter_map(|line| line.entry.as_ref().ok()).collect();
    let mut products = BTreeMap::new();
    let mut devices = BTreeMap::new();
    let mut exceptions = BTreeMap::new();
    for entry in &entries {
        match &entry.event {
            Event::Finished(finished) => {
                devices.extend(finished.devices.clone());
                products.extend(finished.products.iter().map(|file| (file.path.clone(), file.sha256.clone())));
            }
            Event::Failed(failed) => {
                products.extend(failed.products.iter().map(|file| (file.path.clone(), file.sha256.clone())));
                *exceptions.entry("failed").or_insert(0) += 1;
            }
            event @ (Event::Retried(_) | Event::Skipped(_) | Event::Deviated(_)) => {
                *exceptions.entry(event.kind()).or_insert(0) += 1;
            }
            _ => {}
        }
    }
    Replayed {
        verdict: Verdict::of(&findings),
        holds: !findings.iter().any(|finding| finding.severity == Weight::Error),
        title: opened.map(|opened| opened.title.clone()).unwrap_or_default(),
        rehearsal: opened.is_some_and(|opened| opened.rehearsal),
        opened_at: entries.first().map(|entry| entry.at.clone()).unwrap_or_default(),
        closed_at: entries.last().map(|entry| entry.at.clone()).unwrap_or_default(),
        entries: lines.len(),
        head: lines.last().map(|line| hex::encode(line.digest)).unwrap_or_default(),
        products,
        devices,
        exceptions,
        seals: Vec::new(),
        findings,
    }
}
