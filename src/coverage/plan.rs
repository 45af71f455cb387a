//! What the next rehearsal is to walk, and how.

use super::{Branch, Chart, Side};
use crate::bench::{Kind, fault::Fault};
use std::collections::BTreeSet;

/// How a step can be made to fail, so that its remedy is walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failing {
    /// The person says that it was not done.
    Unconfirmed,
    /// The device answers an error to one of these commands.
    Device(Vec<Fault>),
    /// It cannot be made to fail here.
    No,
}

impl Failing {
    /// How the step with this handler can be made to fail; `made_up` when its outputs are the runbook's.
    pub fn of(uses: Option<&str>, made_up: bool) -> Self {
        let Some(handler) = uses else { return Self::Unconfirmed };
        let Some((device, action)) = handler.split_once('.').filter(|_| !made_up) else { return Self::No };
        let (kind, commands) = match (device, action) {
            ("yubihsm", "attest") => (Kind::YubiHsm, vec!["sign-attestation-certificate"]),
            ("yubihsm", "reset") => (Kind::YubiHsm, vec!["reset-device"]),
            ("yubihsm", "sign") => (Kind::YubiHsm, vec!["sign-ecdsa", "sign-eddsa"]),
            // The others are called as their command is.
            ("yubihsm", command) => (Kind::YubiHsm, vec![command]),
            ("piv", "device-info") => (Kind::YubiKey, vec!["get-metadata"]),
            ("piv", "change-pin" | "change-puk") => (Kind::YubiKey, vec!["change-reference-data"]),
            ("piv", "set-management-key") => (Kind::YubiKey, vec!["set-management-key"]),
            ("piv", "generate-key") => (Kind::YubiKey, vec!["generate-asymmetric-key-pair"]),
            ("piv", "self-sign-certificate" | "sign") => (Kind::YubiKey, vec!["general-authenticate"]),
            ("piv", "read-certificate") => (Kind::YubiKey, vec!["get-data"]),
            ("piv", "attest" | "reset") => (Kind::YubiKey, vec![action]),
            _ => return Self::No,
        };
        match commands.into_iter().map(|command| Fault::refusal(kind, command)).collect::<Option<Vec<Fault>>>() {
            Some(faults) => Self::Device(faults),
            None => Self::No,
        }
    }
}

/// A rehearsal that is to be held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Which of the faults that were asked for happens.
    pub fault: Option<usize>,
    /// What is done otherwise than the runbook and the answers say, in the order in which it comes up.
    pub moves: Vec<Move>,
    pub goal: Goal,
}

/// What a rehearsal is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Goal {
    /// To see how it goes when all is as the runbook and the answers say.
    #[default]
    Plain,
    Branch(Branch),
    /// One of the faults that were asked for.
    Fault(usize),
}

/// Something that is done otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// The IF, or whether the step is done, is decided so at the step's `visit`, from 1.
    Decide { step: String, visit: usize, yes: bool },
    /// The step fails when it is first performed.
    Fail { step: String, how: Failing },
}

/// What came up in a rehearsal that could have gone otherwise, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A decision by a person.
    Decided { step: String, visit: usize },
    /// A step was reached for the first time.
    Reached { step: String },
}

/// A rehearsal that was held, as far as it leads to others.
#[derive(Debug)]
pub struct Journey {
    pub plan: Plan,
    pub steps: Vec<Step>,
}

/// The next rehearsal that may walk something new; none when there is none. A goal is tried once, so there are never more
/// rehearsals than branches and faults, and one.
pub fn next(
    chart: &Chart<'_>,
    walked: &BTreeSet<Branch>,
    journeys: &[Journey],
    tried: &BTreeSet<Branch>,
    faults: usize,
) -> Option<Plan> {
    if journeys.is_empty() {
        return Some(Plan::default());
    }
    let charted = chart.by_key();
    let mut open = chart.branches().filter(|branch| !walked.contains(branch) && !tried.contains(branch));
    let branch = open.find_map(|branch| {
        let failing = charted.get(branch.0.as_str()).and_then(|step| step.failing.clone());
        journeys.iter().find_map(|journey| lead(journey, &branch, failing.as_ref()))
    });
    branch.or_else(|| {
        let held: BTreeSet<usize> = journeys.iter().filter_map(|journey| journey.plan.fault).collect();
        let fault = (0..faults).find(|fault| !held.contains(fault))?;
        Some(Plan { fault: Some(fault), moves: Vec::new(), goal: Goal::Fault(fault) })
    })
}

/// The rehearsal that goes as one before did until it can take the branch, and takes it.
fn lead(journey: &Journey, branch: &Branch, failing: Option<&Failing>) -> Option<Plan> {
    let (step, side) = branch;
    let (place, last) = journey.steps.iter().enumerate().find_map(|(place, passed)| match (side, passed) {
        (Side::Remedy, Step::Reached { step: reached }) if reached == step => {
            let how = failing.filter(|how| **how != Failing::No)?.clone();
            Some((place, Move::Fail { step: step.clone(), how }))
        }
        (Side::Yes | Side::No | Side::Done | Side::Skipped, Step::Decided { step: decided, visit })
            if decided == step =>
        {
            let yes = matches!(side, Side::Yes | Side::Done);
            Some((place, Move::Decide { step: step.clone(), visit: *visit, yes }))
        }
        _ => None,
    })?;
    let before = &journey.steps[..place];
    let came_before = |done: &&Move| {
        before.iter().any(|passed| match (done, passed) {
            (Move::Decide { step, visit, .. }, Step::Decided { step: decided, visit: at }) => {
                step == decided && visit == at
            }
            (Move::Fail { step, .. }, Step::Reached { step: reached }) => step == reached,
            _ => false,
        })
    };
    let mut moves: Vec<Move> = journey.plan.moves.iter().filter(came_before).cloned().collect();
    moves.push(last);
    Some(Plan { fault: journey.plan.fault, moves, goal: Goal::Branch(branch.clone()) })
}
