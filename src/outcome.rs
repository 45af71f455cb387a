//! How a command ends: the exit codes that scripts rely on.

use crate::console::safe;
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It holds, or it was done.
    Holds,
    /// It does not hold: a check failed, a ceremony was aborted, a replay diverged.
    DoesNotHold,
    /// It could not be tried: usage, unreadable input.
    NotTried,
}

impl Outcome {
    /// Says why something could not be tried.
    pub fn not_tried(message: impl std::fmt::Display) -> Self {
        eprintln!("error: {}", safe(&message.to_string()));
        Self::NotTried
    }

    /// Says why something does not hold.
    pub fn does_not_hold(message: impl std::fmt::Display) -> Self {
        eprintln!("error: {}", safe(&message.to_string()));
        Self::DoesNotHold
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Holds => Self::SUCCESS,
            Outcome::DoesNotHold => Self::from(1),
            Outcome::NotTried => Self::from(2),
        }
    }
}
