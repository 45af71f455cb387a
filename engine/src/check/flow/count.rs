//! How many steps a ceremony can have: sections that each perform the next one twice make it endless in practice.
//!
//! Every section is counted once, after all that it goes to. A GO TO that closes a circle counts as nothing: how often the
//! ceremony goes round is decided on the way. So is how often a remedy is performed.

use super::super::book::{Book, each};
use crate::notation::{Complaint, Complaints, Step, StepKind, Text};

/// Most steps that a ceremony may have; a long one has some thousands.
const MOST: u64 = 1_000_000;

/// Complains of the first section that performs more steps than a ceremony can have.
pub(super) fn check(book: &Book<'_>, start: usize, complaints: &mut Complaints) {
    let to: Vec<Vec<usize>> = book
        .chapters
        .iter()
        .map(|chapter| {
            let mut to = Vec::new();
            each(&chapter.section.steps, &mut |step| {
                if let StepKind::GoTo(go_to) = &step.kind {
                    to.extend(book.find(&go_to.section));
                }
            });
            to
        })
        .collect();
    let mut counts = vec![0_u64; to.len()];
    for section in last_first(&to, start) {
        // A GO TO back to where the ceremony comes from is not counted yet, and so counts as nothing.
        let count = |name: &Text| book.find(name).map_or(0, |next| counts[next]);
        let steps = &book.chapters[section].section.steps;
        let total = total(steps, &count);
        if total <= MOST {
            counts[section] = total;
            continue;
        }
        let mut heaviest: Option<(u64, &Text)> = None;
        each(steps, &mut |step| {
            if let StepKind::GoTo(go_to) = &step.kind {
                let count = count(&go_to.section);
                if heaviest.is_none_or(|(most, _)| count > most) {
                    heaviest = Some((count, &go_to.section));
                }
            }
        });
        let name = book.chapters[section].name;
        let place = heaviest.map_or(name.at, |(_, section)| section.at);
        let message = format!("`{name}` performs more than {MOST} steps, with all that it goes to");
        complaints.push(
            Complaint::error("too-many-steps", place, message)
                .help("each GO TO performs all steps of its section again, and of those that it goes to"),
        );
        return;
    }
}

/// The steps of a list, with those of the sections that it goes to; of an IF the branch that has more.
fn total(steps: &[Step], count: &impl Fn(&Text) -> u64) -> u64 {
    let mut sum = 0_u64;
    for step in steps {
        sum = sum.saturating_add(1).saturating_add(match &step.kind {
            StepKind::Do(_) => 0,
            StepKind::GoTo(go_to) => count(&go_to.section),
            StepKind::If(condition) => total(&condition.then, count).max(total(&condition.otherwise, count)),
            StepKind::End(_) => return sum.saturating_add(1),
        });
    }
    sum
}

/// The sections that can be reached, each after all that it goes to; without recursion, as a chain may be long.
fn last_first(to: &[Vec<usize>], start: usize) -> Vec<usize> {
    let mut seen = vec![false; to.len()];
    let mut order = Vec::new();
    let mut path = vec![(start, 0)];
    seen[start] = true;
    while let Some((section, edge)) = path.pop() {
        let Some(next) = to[section].get(edge).copied() else {
            order.push(section);
            continue;
        };
        path.push((section, edge + 1));
        if !std::mem::replace(&mut seen[next], true) {
            path.push((next, 0));
        }
    }
    order
}
