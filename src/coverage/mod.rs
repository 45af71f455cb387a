//! Rehearsal of everything: which steps and branches a runbook has, which were walked, and how to walk another.

mod chart;
mod director;
mod plan;
mod report;
mod walked;

pub use chart::Chart;
pub use director::Director;
pub use plan::{Goal, Journey, Plan, next};
pub use report::{Ending, Rehearsed, Report, describe};
pub use walked::Walked;

use serde::Serialize;

/// One way to go on from a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// An IF that holds.
    Yes,
    /// An IF that does not.
    No,
    /// A step that need not be done, and is.
    Done,
    /// A step that need not be done, and is not.
    Skipped,
    /// A step that failed, and whose remedy was performed.
    Remedy,
}

impl Side {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Remedy => "remedy",
        }
    }
}

/// A branch: the step, as `section/number`, and the way to go on from it.
pub type Branch = (String, Side);
