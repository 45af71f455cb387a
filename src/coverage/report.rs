//! What was walked and what was not, for people and for programs.

use super::{
    Branch, Chart, Side, Walked,
    chart::{SectionChart, StepChart},
    plan::{Failing, Goal, Plan},
};
use officiant_engine::{audit::Verdict, notation::Sources};
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

/// Most characters of a sentence that are shown.
const LONGEST: usize = 90;

/// How a rehearsal ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "how")]
pub enum Ending {
    /// At an END of the runbook.
    End,
    /// It was aborted: a step failed, and neither trying again nor a remedy was left.
    Aborted { place: String, why: String },
    /// It could not go on: an answer is missing, or the record could not be kept.
    Stopped { place: String, why: String },
}

/// A rehearsal that was held.
pub struct Rehearsed {
    /// The name of its folder.
    pub folder: String,
    pub plan: Plan,
    pub walked: Walked,
    pub ending: Ending,
    /// What a replay says of its record.
    pub verdict: Verdict,
    /// What the replay found wrong.
    pub findings: Vec<String>,
    /// Whether the fault that it was held for happened.
    pub fault_happened: bool,
}

impl Rehearsed {
    /// Whether it came to an END, and its record holds.
    pub fn is_sound(&self) -> bool {
        self.ending == Ending::End && self.verdict == Verdict::Holds
    }

    fn holds(&self) -> bool {
        match self.ending {
            Ending::End => self.verdict == Verdict::Holds,
            Ending::Aborted { .. } => self.verdict == Verdict::Aborted,
            Ending::Stopped { .. } => self.verdict == Verdict::Incomplete,
        }
    }
}

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether all that can be walked was walked, every rehearsal came to an END, and every record holds.
    pub holds: bool,
    pub runbook: String,
    pub rehearsals: Vec<RehearsalRow>,
    pub sections: Vec<SectionRow>,
    pub faults: Vec<FaultRow>,
    pub tally: Tally,
}

/// How many there are, and how many were walked.
#[derive(Debug, Serialize)]
pub struct Tally {
    pub sections: Count,
    pub steps: Count,
    pub branches: Count,
    pub faults: Count,
    pub rehearsals: usize,
}

#[derive(Debug, Default, Serialize)]
pub struct Count {
    pub walked: usize,
    pub of: usize,
}

#[derive(Debug, Serialize)]
pub struct RehearsalRow {
    pub folder: String,
    /// What it was held for.
    pub goal: String,
    pub ending: Ending,
    /// Whether its record holds.
    pub record_holds: bool,
    pub findings: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct SectionRow {
    pub name: String,
    pub title: String,
    pub at: String,
    /// The folder of the first rehearsal that entered it.
    pub walked_in: Option<String>,
    pub steps: Vec<StepRow>,
}

#[derive(Debug, Serialize)]
pub struct StepRow {
    pub step: String,
    pub word: &'static str,
    pub text: String,
    pub at: String,
    pub walked_in: Option<String>,
    /// Why it was not walked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<BranchRow>,
}

#[derive(Debug, Serialize)]
pub struct BranchRow {
    pub branch: Side,
    pub walked_in: Option<String>,
    /// Why it was not walked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct FaultRow {
    pub fault: String,
    pub walked_in: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// What a rehearsal is held for, in a few words.
pub fn describe(goal: &Goal, chart: &Chart<'_>, sources: &Sources, faults: &[String]) -> String {
    match goal {
        Goal::Plain => "as the runbook answers".to_string(),
        Goal::Branch((key, side)) => {
            let steps = chart.by_key();
            let Some(step) = steps.get(key.as_str()) else { return key.clone() };
            let what = match side {
                Side::Remedy => "fails, then its remedy".to_string(),
                other => other.word().to_string(),
            };
            format!("{} {}: {what} ({})", step.word, brief(step.text), sources.describe(step.at))
        }
        Goal::Fault(fault) => format!("fault {}", faults.get(*fault).map_or("", String::as_str)),
    }
}

impl Report {
    /// Puts together what rehearsals walked.
    pub fn new(
        runbook: &str,
        chart: &Chart<'_>,
        sources: &Sources,
        faults: &[String],
        held: &[Rehearsed],
        tried: &BTreeSet<Branch>,
    ) -> Self {
        let teller = Teller { chart, sources, held, charted: chart.by_key() };
        let sections: Vec<SectionRow> = chart.sections.iter().map(|section| teller.section(section)).collect();
        let fault_rows: Vec<FaultRow> =
            faults.iter().enumerate().map(|(index, fault)| teller.fault(index, fault)).collect();
        let steps = || sections.iter().flat_map(|section| &section.steps);
        let branches = || steps().flat_map(|step| &step.branches);
        let count = |walked: usize, of: usize| Count { walked, of };
        let tally = Tally {
            sections: count(sections.iter().filter(|it| it.walked_in.is_some()).count(), sections.len()),
            steps: count(steps().filter(|it| it.walked_in.is_some()).count(), steps().count()),
            branches: count(branches().filter(|it| it.walked_in.is_some()).count(), branches().count()),
            faults: count(fault_rows.iter().filter(|it| it.walked_in.is_some()).count(), fault_rows.len()),
            rehearsals: held.len(),
        };
        let rehearsals = held.iter().map(|it| RehearsalRow {
            folder: it.folder.clone(),
            goal: describe(&it.plan.goal, chart, sources, faults),
            ending: it.ending.clone(),
            record_holds: it.holds(),
            findings: it.findings.clone(),
        });
        let all_walked = tried.iter().all(|branch| held.iter().any(|it| it.walked.branches.contains(branch)));
        let holds =
            all_walked && held.iter().all(Rehearsed::is_sound) && fault_rows.iter().all(|it| it.walked_in.is_some());
        Self { holds, runbook: runbook.into(), rehearsals: rehearsals.collect(), sections, faults: fault_rows, tally }
    }

    /// The report as a person reads it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "{}\n", self.runbook);
        for row in &self.rehearsals {
            let _ = writeln!(text, "{}  {}", row.folder, row.goal);
            match &row.ending {
                Ending::End => {}
                Ending::Aborted { place, why } => {
                    let _ = writeln!(text, "     ABORTED at {place}: {why}");
                }
                Ending::Stopped { place, why } => {
                    let _ = writeln!(text, "     STOPPED at {place}: {why}");
                }
            }
            if !row.record_holds {
                let _ = writeln!(text, "     its record does NOT hold: {}", row.findings.join("; "));
            }
        }
        for section in &self.sections {
            section.text(&mut text);
        }
        if !self.faults.is_empty() {
            text.push_str("\nFaults\n");
        }
        for row in &self.faults {
            let _ = match (&row.walked_in, &row.because) {
                (Some(folder), _) => writeln!(text, "  {}  {folder}", row.fault),
                (None, because) => {
                    writeln!(text, "  {}  NOT WALKED: {}", row.fault, because.as_deref().unwrap_or_default())
                }
            };
        }
        let Tally { sections, steps, branches, faults, rehearsals } = &self.tally;
        let of =
            |count: &Count, noun: &str| format!("{} of {}", count.walked, crate::complaints::counted(count.of, noun));
        let faults = if faults.of > 0 { format!(", {}", of(faults, "fault")) } else { String::new() };
        let rehearsals = crate::complaints::counted(*rehearsals, "rehearsal");
        let _ = writeln!(
            text,
            "\n{}, {}, {}{faults} walked in {rehearsals}",
            of(sections, "section"),
            of(steps, "step"),
            format_args!(
                "{} of {} {}",
                branches.walked,
                branches.of,
                if branches.of == 1 { "branch" } else { "branches" }
            ),
        );
        text
    }
}

impl SectionRow {
    fn text(&self, text: &mut String) {
        let walked = self.steps.iter().filter(|step| step.walked_in.is_some()).count();
        let folder = self.walked_in.as_ref().map_or("NOT ENTERED".into(), |folder| format!("entered in {folder}"));
        let steps = crate::complaints::counted(self.steps.len(), "step");
        let _ = writeln!(text, "\n{} ({}, {}): {walked} of {steps}, {folder}", self.title, self.name, self.at);
        if self.walked_in.is_none() {
            return;
        }
        // A branch that was not walked says so itself, and its steps need not say it again.
        for step in self.steps.iter().filter(|step| !step.branches.is_empty() || step.because.is_some()) {
            let _ = writeln!(text, "  {} {}  ({})", step.word, step.text, step.at);
            for branch in &step.branches {
                let walked = branch.walked_in.clone();
                let walked =
                    walked.unwrap_or_else(|| format!("NOT WALKED: {}", branch.because.as_deref().unwrap_or_default()));
                let _ = writeln!(text, "      {:<8} {walked}", branch.branch.word());
            }
            if let Some(because) = &step.because {
                let _ = writeln!(text, "      NOT WALKED: {because}");
            }
        }
    }
}

/// Tells what became of each part.
struct Teller<'a> {
    chart: &'a Chart<'a>,
    sources: &'a Sources,
    held: &'a [Rehearsed],
    charted: BTreeMap<&'a str, &'a StepChart<'a>>,
}

impl Teller<'_> {
    fn first(&self, walked: impl Fn(&Rehearsed) -> bool) -> Option<String> {
        self.held.iter().find(|it| walked(it)).map(|it| it.folder.clone())
    }

    fn walked(&self, branch: &Branch) -> Option<String> {
        self.first(|it| it.walked.branches.contains(branch))
    }

    fn section(&self, section: &SectionChart<'_>) -> SectionRow {
        SectionRow {
            name: section.name.into(),
            title: section.title.into(),
            at: self.sources.describe(section.at),
            walked_in: self.first(|it| it.walked.sections.contains(section.name)),
            steps: section.steps.iter().map(|step| self.step(section, step)).collect(),
        }
    }

    fn step(&self, section: &SectionChart<'_>, step: &StepChart<'_>) -> StepRow {
        let walked_in = self.first(|it| it.walked.steps.contains(&step.key));
        let entered = self.held.iter().any(|it| it.walked.sections.contains(section.name));
        let in_walked = step.inside.as_ref().is_none_or(|inside| self.walked(inside).is_some());
        let said_already = step.sides.iter().any(|side| matches!(side, Side::Yes | Side::Done));
        let because =
            (walked_in.is_none() && entered && in_walked && !said_already).then(|| self.why_not(step, section.name));
        let branches = step.sides.iter().map(|side| {
            let branch = (step.key.clone(), *side);
            let walked_in = self.walked(&branch);
            let because = walked_in.is_none().then(|| self.why_not_branch(step, &branch, section.name));
            BranchRow { branch: *side, walked_in, because }
        });
        StepRow {
            step: step.key.clone(),
            word: step.word,
            text: brief(step.text),
            at: self.sources.describe(step.at),
            walked_in,
            because,
            branches: branches.collect(),
        }
    }

    fn fault(&self, index: usize, fault: &str) -> FaultRow {
        let happened = |it: &Rehearsed| it.plan.goal == Goal::Fault(index) && it.fault_happened;
        let walked_in = self.first(happened);
        let because = walked_in.is_none().then(|| {
            let folder = self.first(|it| it.plan.goal == Goal::Fault(index)).unwrap_or_default();
            format!("the device was sent no such command in {folder}, or not so many")
        });
        FaultRow { fault: fault.into(), walked_in, because }
    }

    /// Why a step of a section that was entered was not carried through.
    fn why_not(&self, step: &StepChart<'_>, section: &str) -> String {
        let failed = self.held.iter().find_map(|it| Some((&it.folder, it.walked.failed.get(&step.key)?)));
        if let Some((folder, message)) = failed {
            return format!("it failed in {folder}: {message}");
        }
        let ended = self.held.iter().find(|it| it.walked.sections.contains(section) && !it.is_sound());
        match ended {
            Some(it) => format!("{} ended before it", it.folder),
            None => "every rehearsal went past it or ended before it".into(),
        }
    }

    fn why_not_branch(&self, step: &StepChart<'_>, branch: &Branch, section: &str) -> String {
        if let Some(it) = self.held.iter().find(|it| it.plan.goal == Goal::Branch(branch.clone())) {
            return match (&it.ending, branch.1) {
                (Ending::Aborted { why, .. } | Ending::Stopped { why, .. }, _) => {
                    format!("{} was held for it, and ended before: {why}", it.folder)
                }
                (Ending::End, Side::Remedy) => {
                    format!(
                        "the error that the device answered in {} did not make the step fail; give one with --fault",
                        it.folder
                    )
                }
                (Ending::End, _) => format!("{} was held for it, and went elsewhere", it.folder),
            };
        }
        if !self.held.iter().any(|it| it.walked.sections.contains(section)) {
            return "its section was not entered".into();
        }
        if let Some(inside) = step.inside.as_ref().filter(|inside| self.walked(inside).is_none()) {
            let outer = self.charted.get(inside.0.as_str()).map(|step| self.sources.describe(step.at));
            return format!("the IF around it, at {}, was never {}", outer.unwrap_or_default(), inside.1.word());
        }
        if let Some(when) = step.when {
            let decided = self.held.iter().find_map(|it| Some((&it.folder, it.walked.read.get(&step.key)?)));
            let Some((folder, values)) = decided else { return self.why_not(step, section) };
            let other = if branch.1 == Side::Yes { "no" } else { "yes" };
            let read: Vec<String> = values.iter().map(|(name, value)| format!("{name} = {}", shown(value))).collect();
            return format!(
                "the machine decides it, and `{when}` was always {other}; in {folder}, {}",
                read.join(", ")
            );
        }
        if branch.1 == Side::Remedy
            && self.chart.steps().any(|it| it.key == step.key && it.failing == Some(Failing::No))
        {
            return "the step did not fail; let it fail, with an answer in the file of --answers or a fault of --fault"
                .into();
        }
        self.why_not(step, section)
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    brief(&text)
}

/// The first line of a sentence, shortened.
fn brief(text: &str) -> String {
    let text = text.trim();
    let line = text.lines().next().unwrap_or_default();
    let cut: String = line.chars().take(LONGEST).collect();
    if cut.len() < text.len() { format!("{}…", cut.trim_end()) } else { cut }
}
