//! The verdict in words, and how the page says how far it can be believed.

use super::{
    sentence::{Span, capitalized, message},
    shown::{LONGEST, clip},
};
use crate::audit::{Finding, Replayed, Verdict, Weight};
use serde::Serialize;
use std::path::Path;

/// What stands on top of the page.
#[derive(Debug, Serialize)]
pub(super) struct Top {
    /// A name for the style sheet: `holds`, `stops` or `fails`.
    sort: &'static str,
    /// The verdict, in the largest letters.
    words: String,
    /// What that means, and what to do.
    meaning: &'static str,
    /// Whether what follows was verified.
    verified: bool,
    /// What stands at the head of every printed page and at the top of the window.
    marks: Vec<&'static str>,
    errors: Vec<Found>,
    warnings: Vec<Found>,
}

/// A finding.
#[derive(Debug, Serialize)]
struct Found {
    code: &'static str,
    message: Vec<Span>,
    line: Option<usize>,
    place: Option<String>,
}

impl Top {
    pub(super) fn of(replayed: &Replayed, root: &Path) -> Self {
        let (sort, meaning) = match replayed.verdict {
            Verdict::Holds => (
                "holds",
                "The chain of its lines, the signatures of its sessions and the digest of every file were verified, and the \
                 runbook was performed once more from it: it says the same at every step, to its END.",
            ),
            Verdict::Aborted => (
                "stops",
                "The chain of its lines, the signatures of its sessions and the digest of every file were verified, and the \
                 runbook was performed once more from it, up to where the people broke the ceremony off. What they meant \
                 to do after that was not done.",
            ),
            Verdict::Incomplete => (
                "stops",
                "The chain of its lines, the signatures of its sessions and the digest of every file were verified, and the \
                 runbook was performed once more from it, up to where it stops. What the runbook says after that was \
                 not done.",
            ),
            Verdict::Unsealed => (
                "stops",
                "The chain of its lines, the signatures of its sessions and the digest of every file were verified, and the \
                 runbook was performed once more from it: it says the same at every step, to its END. Not all who must have \
                 sealed it.",
            ),
            Verdict::DoesNotHold => (
                "fails",
                "What follows is what the record claims. None of it is verified: rely on nothing on this page, keep the \
                 ceremony folder as it is, and find out what happened to it.",
            ),
        };
        let of = |weight| {
            let all = replayed.findings.iter().filter(move |finding| finding.severity == weight);
            all.map(|finding| Found::of(finding, root)).collect::<Vec<_>>()
        };
        let verified = replayed.verdict != Verdict::DoesNotHold;
        let mut marks = Vec::new();
        if !verified {
            marks.push("DOES NOT HOLD");
        }
        if replayed.rehearsal {
            marks.push("REHEARSAL");
        }
        let words = capitalized(replayed.verdict.words());
        Self { sort, words, meaning, verified, marks, errors: of(Weight::Error), warnings: of(Weight::Warning) }
    }

    /// Whether what follows was verified.
    pub(super) fn verified(&self) -> bool {
        self.verified
    }

    /// What stands at the head of every printed page.
    pub(super) fn mark(&self) -> String {
        self.marks.join(" · ")
    }
}

impl Found {
    /// Without the path of the folder, which is of the machine that the page was made on and of no use elsewhere.
    fn of(finding: &Finding, root: &Path) -> Self {
        let root = format!("{}/", root.display());
        let place = |place: &String| place.strip_prefix(&root).unwrap_or(place).to_string();
        Self {
            code: finding.code,
            message: message(&finding.message),
            line: finding.line,
            place: finding.runbook.as_ref().map(|it| clip(&place(it), LONGEST)),
        }
    }
}
