//! Replaying a ceremony from its folder alone: the chain, the signatures, the files, and every step once more.

mod breaks;
mod chain;
mod difference;
mod files;
mod finding;
mod findings;
mod outputs;
mod recorded;
mod rehearsal;
mod replay;
mod seals;
mod steps;

pub(crate) use files::left_over;
pub use finding::{Finding, Weight};
pub(crate) use recorded::{Recorded, perform_again};
pub use replay::{Depth, Replayed, Scrutiny, Trust, Verdict, replay};
pub(crate) use replay::{Looked, Performance, look, re_execute};
pub use seals::{Covers, SealFound};
