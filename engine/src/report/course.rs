//! How a step went, across all that interrupts it.

use super::times::between;
use crate::record::{Entry, Event, Retried};

/// How a step went so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Course {
    /// The line where it began.
    pub(super) line: usize,
    /// The role that carries it out.
    pub(super) by: Option<String>,
    /// Whether it was carried out; that a sign-off is refused does not undo it.
    pub(super) finished: bool,
    /// Whether it was passed over.
    passed: bool,
    began: String,
    /// The try that it is at, from 2; 0 at the first.
    attempt: u32,
}

impl Course {
    /// The course of a step that begins with an entry.
    pub(super) fn begun(entry: &Entry, line: usize) -> Self {
        let by = entry.by.clone().filter(|_| matches!(entry.event, Event::Began(_)));
        Self { line, by, began: entry.at.clone(), ..Self::default() }
    }

    /// Takes an entry of the step in.
    pub(super) fn take(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Finished(_) => self.finished = true,
            Event::Failed(failed) => self.finished &= failed.failure.code == "sign-off-refused",
            Event::Retried(Retried { attempt, .. }) => self.attempt = *attempt,
            Event::Skipped(_) | Event::Deviated(_) => self.passed = true,
            _ => {}
        }
    }

    /// What a break found of it.
    pub(super) fn at_break(&self, step: &str) -> String {
        match (self.passed, self.finished) {
            (true, _) => format!("after step {step} was passed over"),
            (false, true) => format!("after step {step} was carried out"),
            (false, false) => format!("step {step} was under way"),
        }
    }

    /// That it is done: at which try, and how long it took from its beginning.
    pub(super) fn done(&self, at: &str, interrupted: bool) -> String {
        let attempt = match self.attempt {
            0 | 1 => String::new(),
            attempt => format!(", at the {} try", ordinal(attempt)),
        };
        let from = if interrupted { " from its beginning" } else { "" };
        let took = between(&self.began, at).map(|took| format!(", {took}{from}")).unwrap_or_default();
        format!("done{attempt}{took}")
    }
}

/// A number as a place in a row.
fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_a_row_are_written_as_people_say_them() {
        let found: Vec<String> = [2, 3, 4, 11, 12, 13, 21, 22, 101, 111].map(ordinal).to_vec();
        assert_eq!(found, ["2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th"]);
    }
}
