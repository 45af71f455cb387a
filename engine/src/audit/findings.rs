//! Findings as they are collected: a hostile record must not make a report that nobody reads to its end.

use super::{Finding, Weight};
use std::collections::BTreeMap;

/// Most findings of one sort, and most findings of all sorts.
const LIMITS: [usize; 2] = [100, 300];

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    kept: Vec<Finding>,
    counts: BTreeMap<(&'static str, Weight), usize>,
}

impl Findings {
    /// Takes a finding; what is beyond the limit of its sort is counted and no more.
    pub(super) fn push(&mut self, finding: Finding) {
        let count = self.counts.entry((finding.code, finding.severity)).or_insert(0);
        *count += 1;
        if *count <= LIMITS[0] {
            self.kept.push(finding);
        }
    }

    /// The findings in order: errors first, then by line; how many more there are comes last.
    pub(super) fn into_report(self) -> Vec<Finding> {
        let Self { mut kept, mut counts } = self;
        kept.sort_by_key(|finding| (finding.severity, finding.line));
        kept.truncate(LIMITS[1]);
        for finding in &kept {
            counts.entry((finding.code, finding.severity)).and_modify(|count| *count -= 1);
        }
        counts.retain(|_, count| *count > 0);
        let Some(severity) = counts.keys().map(|(_, severity)| *severity).min() else { return kept };
        let sorts: Vec<String> = counts.iter().map(|((code, _), count)| format!("{count} `{code}`")).collect();
        let message = format!("{} more findings are left out: {}", counts.values().sum::<usize>(), sorts.join(", "));
        kept.push(Finding { severity, ..Finding::error("more", message) });
        kept
    }
}

impl Extend<Finding> for Findings {
    fn extend<I: IntoIterator<Item = Finding>>(&mut self, findings: I) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted_and_weighs_as_much() {
        let mut findings = Findings::default();
        findings.push(Finding::warning("unsealed", "it is"));
        for code in ["chain", "signature", "sequence", "time"] {
            findings.extend((0..1_000).map(|line| Finding::error(code, "it is wrong").at_line(line)));
        }
        let report = findings.into_report();
        assert_eq!(report.len(), LIMITS[1] + 1);
        let last = report.last().unwrap();
        assert_eq!((last.code, last.severity), ("more", Weight::Error));
        assert!(last.message.starts_with("3701 more findings"), "{}", last.message);
    }
}
