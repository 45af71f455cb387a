//! What a rehearsal walked, from its record.

use super::{Branch, Chart, Side, chart::StepChart};
use officiant_engine::{
    notation::Level,
    record::{Event, Line},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

/// What was walked.
#[derive(Debug, Default)]
pub struct Walked {
    pub sections: BTreeSet<String>,
    /// Steps that were carried through, by key.
    pub steps: BTreeSet<String>,
    pub branches: BTreeSet<Branch>,
    /// What the machine read where it decided, by the step's key; the last time.
    pub read: BTreeMap<String, BTreeMap<String, Value>>,
    /// What went wrong at a step; the last time.
    pub failed: BTreeMap<String, String>,
    /// What went wrong last.
    pub last_failure: Option<String>,
}

/// A performance of a section.
struct Frame {
    section: String,
    /// The number of the last step that is known to have been reached.
    last: usize,
    /// The number of the last GO TO that was followed.
    followed: usize,
    /// Steps that a decision passed over.
    passed: Vec<RangeInclusive<usize>>,
    /// Whether the section that is entered next is a remedy.
    remedy: bool,
}

impl Walked {
    /// Reads a record. A GO TO has no entry of its own, so it is found as the next one that leads to the section entered.
    pub fn of(lines: &[Line], chart: &Chart<'_>) -> Self {
        let charted = chart.by_key();
        let mut walked = Self::default();
        let mut frames: Vec<Frame> = Vec::new();
        for entry in lines.iter().filter_map(|line| line.entry.as_ref().ok()) {
            match &entry.event {
                Event::Entered(entered) => {
                    if let Some(frame) = frames.last_mut()
                        && !std::mem::take(&mut frame.remedy)
                        && let Some(step) = frame.leads_to(&entered.section, chart)
                    {
                        (frame.last, frame.followed) = (step.number, step.number);
                        walked.steps.insert(step.key.clone());
                    }
                    walked.sections.insert(entered.section.clone());
                    let section = entered.section.clone();
                    frames.push(Frame { section, last: 0, followed: 0, passed: Vec::new(), remedy: false });
                    continue;
                }
                Event::Left(_) => {
                    frames.pop();
                    continue;
                }
                _ => {}
            }
            let step = entry.step.as_deref().and_then(|key| charted.get(key));
            let (Some(step), Some(frame)) = (step, frames.last_mut()) else { continue };
            frame.last = step.number;
            walked.note(&entry.event, step, frame);
        }
        walked
    }

    fn note(&mut self, event: &Event, step: &StepChart<'_>, frame: &mut Frame) {
        let key = || step.key.clone();
        match event {
            Event::Began(_) => frame.remedy = false,
            Event::Answered(answered) if answered.slot.as_deref() == Some("what-now") => {
                frame.remedy = answered.refused.is_none() && answered.answer == Some(Value::from("remedy"));
            }
            Event::Finished(_) => {
                if step.level != Level::Must {
                    self.branches.insert((key(), Side::Done));
                }
                // A GO TO is walked when its section is entered.
                if step.target.is_none() {
                    self.steps.insert(key());
                }
            }
            Event::Skipped(_) => {
                self.branches.insert((key(), Side::Skipped));
            }
            Event::Failed(failed) => {
                self.failed.insert(key(), failed.failure.message.clone());
                self.last_failure = Some(failed.failure.message.clone());
            }
            Event::Retried(retried) => {
                frame.remedy = false;
                if retried.remedy.is_some() {
                    self.branches.insert((key(), Side::Remedy));
                }
            }
            Event::Decided(decided) => {
                let [then, otherwise] = &step.arms;
                let (side, passed) = if decided.holds { (Side::Yes, otherwise) } else { (Side::No, then) };
                frame.passed.push(passed.clone());
                self.branches.insert((key(), side));
                self.steps.insert(key());
                if decided.when.is_some() {
                    self.read.insert(key(), decided.values.clone());
                }
            }
            Event::Ended(_) => {
                self.steps.insert(key());
            }
            _ => {}
        }
    }
}

impl Frame {
    fn leads_to<'c>(&self, target: &str, chart: &'c Chart<'_>) -> Option<&'c StepChart<'c>> {
        let section = chart.sections.iter().find(|section| section.name == self.section)?;
        section.steps.iter().find(|step| {
            step.target == Some(target)
                && step.number > self.followed
                && (step.number > self.last || step.is_act && step.number == self.last)
                && !self.passed.iter().any(|passed| passed.contains(&step.number))
        })
    }
}
