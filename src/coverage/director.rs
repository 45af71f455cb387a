//! A console that lets a rehearsal go otherwise than its answers say, where a plan wants it.

use super::{
    Chart,
    plan::{Failing, Move, Plan, Step},
};
use crate::bench::Bench;
use officiant_engine::conduct::{Console, Notice, Position, Question, QuestionKind, Reply, Unanswered};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The console of a planned rehearsal. Nothing is shown: the record holds it.
pub struct Director<'a> {
    console: &'a mut dyn Console,
    bench: &'a Bench,
    plan: &'a Plan,
    /// The IFs of the runbook, by key.
    conditions: BTreeSet<String>,
    /// The step that is performed, by key.
    step: String,
    /// How often each step was decided.
    decided: BTreeMap<String, usize>,
    reached: BTreeSet<String>,
    /// The step whose device answers an error.
    armed: Option<String>,
    /// The step whose person says that it was not done.
    unconfirmed: Option<String>,
    steps: Vec<Step>,
}

impl<'a> Director<'a> {
    /// Directs a rehearsal that is otherwise answered by a console.
    pub fn new(console: &'a mut dyn Console, bench: &'a Bench, plan: &'a Plan, chart: &Chart<'_>) -> Self {
        let conditions = chart.steps().filter(|step| step.word == "IF").map(|step| step.key.clone()).collect();
        Self {
            console,
            bench,
            plan,
            conditions,
            step: String::new(),
            decided: BTreeMap::new(),
            reached: BTreeSet::new(),
            armed: None,
            unconfirmed: None,
            steps: Vec::new(),
        }
    }

    /// What came up that could have gone otherwise.
    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// Lets the step that begins fail, when the plan says so.
    fn begin(&mut self) {
        let failing = self.plan.moves.iter().find_map(|wanted| match wanted {
            Move::Fail { step, how } if *step == self.step => Some(how),
            _ => None,
        });
        match failing {
            Some(Failing::Device(faults)) => {
                for fault in faults {
                    self.bench.arm(*fault);
                }
                self.armed = Some(self.step.clone());
            }
            Some(Failing::Unconfirmed) => self.unconfirmed = Some(self.step.clone()),
            Some(Failing::No) | None => {}
        }
    }

    fn decide(&mut self, question: &Question) -> Option<Reply> {
        let slot = question.slot.as_deref();
        if question.kind == QuestionKind::Confirm && slot.is_none() && self.unconfirmed.as_ref() == Some(&self.step) {
            self.unconfirmed = None;
            return Some(Reply::Value(Value::Bool(false)));
        }
        let decides = match slot {
            None => self.conditions.contains(&self.step),
            Some(slot) => slot == "skip",
        };
        if question.kind != QuestionKind::Decision || !decides {
            return None;
        }
        let visit = self.decided.entry(self.step.clone()).or_default();
        *visit += 1;
        let visit = *visit;
        self.steps.push(Step::Decided { step: self.step.clone(), visit });
        self.plan.moves.iter().find_map(|wanted| match wanted {
            Move::Decide { step, visit: at, yes } if *step == self.step && *at == visit => {
                Some(Reply::Value(Value::Bool(*yes)))
            }
            _ => None,
        })
    }
}

impl Console for Director<'_> {
    fn at(&mut self, position: &Position) {
        self.console.at(position);
        self.step = position.step();
        if self.armed.as_ref().is_some_and(|armed| *armed != self.step) {
            self.armed = None;
            self.bench.disarm();
        }
        if self.reached.insert(self.step.clone()) {
            self.steps.push(Step::Reached { step: self.step.clone() });
            self.begin();
        }
    }

    fn show(&mut self, _: &Notice) {}

    fn ask(&mut self, question: &Question, complaint: Option<&str>) -> Result<Reply, Unanswered> {
        if complaint.is_none()
            && let Some(reply) = self.decide(question)
        {
            return Ok(reply);
        }
        self.console.ask(question, complaint)
    }

    fn wait(&mut self, duration: Duration, what: &str) {
        self.console.wait(duration, what);
    }
}
