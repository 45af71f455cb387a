//! What there is to walk in a runbook.

use super::{Branch, Side, plan::Failing};
use officiant_engine::{
    conduct::count,
    notation::{Level, Place, Runbook, Step, StepKind, Text},
};
use std::{collections::BTreeMap, ops::RangeInclusive};

/// Every section, step and branch of a runbook.
pub struct Chart<'a> {
    pub sections: Vec<SectionChart<'a>>,
}

/// A section, with its steps in the order of the file.
pub struct SectionChart<'a> {
    pub name: &'a str,
    pub title: &'a str,
    pub at: Place,
    pub steps: Vec<StepChart<'a>>,
}

/// A step of a section.
pub struct StepChart<'a> {
    /// `section/number`, as in the record.
    pub key: String,
    pub number: usize,
    pub at: Place,
    /// DO, GO TO, IF or END.
    pub word: &'static str,
    /// What it says, as it is written.
    pub text: &'a str,
    /// The expression that decides an IF; a person does otherwise.
    pub when: Option<&'a str>,
    /// Where a GO TO leads.
    pub target: Option<&'a str>,
    /// Whether it is announced and carried out, and not a bare GO TO.
    pub is_act: bool,
    /// The numbers of the steps below THEN and below ELSE.
    pub arms: [RangeInclusive<usize>; 2],
    /// The branch that it is in.
    pub inside: Option<Branch>,
    /// The ways to go on from it, when there is more than one.
    pub sides: Vec<Side>,
    /// How it can be made to fail, when it has a remedy.
    pub failing: Option<Failing>,
    /// The section that its remedy is.
    pub remedy: Option<&'a str>,
    pub level: Level,
}

impl<'a> Chart<'a> {
    /// Charts a runbook.
    pub fn of(runbook: &'a Runbook) -> Self {
        let sections = runbook.sections.iter().map(|(name, section)| {
            let mut steps = Vec::new();
            chart(name.as_str(), &section.steps, None, &mut steps);
            SectionChart { name: name.as_str(), title: section.title.as_str(), at: name.at, steps }
        });
        Self { sections: sections.collect() }
    }

    /// Every step.
    pub fn steps(&self) -> impl Iterator<Item = &StepChart<'a>> {
        self.sections.iter().flat_map(|section| &section.steps)
    }

    /// Every step by its key.
    pub fn by_key(&self) -> BTreeMap<&str, &StepChart<'a>> {
        self.steps().map(|step| (step.key.as_str(), step)).collect()
    }

    /// Every branch.
    pub fn branches(&self) -> impl Iterator<Item = Branch> {
        self.steps().flat_map(|step| step.sides.iter().map(|side| (step.key.clone(), *side)))
    }
}

fn chart<'a>(section: &'a str, list: &'a [Step], inside: Option<&Branch>, steps: &mut Vec<StepChart<'a>>) {
    for step in list {
        let number = steps.len() + 1;
        let key = format!("{section}/{number}");
        #[expect(clippy::reversed_empty_ranges, reason = "most steps have no steps below them")]
        let mut charted = StepChart {
            key: key.clone(),
            number,
            at: step.at,
            word: "DO",
            text: "",
            when: None,
            target: None,
            is_act: true,
            arms: [1..=0, 1..=0],
            inside: inside.cloned(),
            sides: Vec::new(),
            failing: None,
            remedy: None,
            level: Level::Must,
        };
        match &step.kind {
            StepKind::Do(act) => {
                charted.text = &act.text;
                charted.level = act.level;
                charted.sides.extend(levels(act.level));
                charted.remedy = act.on_failure.as_ref().and_then(|it| it.section.as_ref()).map(Text::as_str);
                if charted.remedy.is_some() {
                    charted.sides.push(Side::Remedy);
                    let outputs = act.rehearse.as_ref().and_then(|it| it.outputs.as_ref());
                    charted.failing = Some(Failing::of(act.uses.as_ref().map(Text::as_str), outputs.is_some()));
                }
                steps.push(charted);
            }
            StepKind::GoTo(go_to) => {
                charted.word = "GO TO";
                charted.target = Some(&go_to.section);
                charted.text = go_to.text.as_ref().unwrap_or(&go_to.section);
                charted.is_act = go_to.text.is_some();
                if charted.is_act {
                    charted.level = go_to.level;
                    charted.sides.extend(levels(go_to.level));
                }
                steps.push(charted);
            }
            StepKind::If(condition) => {
                let (then, otherwise) = (count(&condition.then), count(&condition.otherwise));
                charted.word = "IF";
                charted.text = &condition.text;
                charted.when = condition.when.as_ref().map(Text::as_str);
                charted.arms = [number + 1..=number + then, number + then + 1..=number + then + otherwise];
                charted.sides = vec![Side::Yes, Side::No];
                charted.is_act = false;
                steps.push(charted);
                chart(section, &condition.then, Some(&(key.clone(), Side::Yes)), steps);
                chart(section, &condition.otherwise, Some(&(key, Side::No)), steps);
            }
            StepKind::End(end) => {
                charted.word = "END";
                charted.text = &end.text;
                charted.is_act = false;
                steps.push(charted);
            }
        }
    }
}

fn levels(level: Level) -> &'static [Side] {
    if level == Level::Must { &[] } else { &[Side::Done, Side::Skipped] }
}
