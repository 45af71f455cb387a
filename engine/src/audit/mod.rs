//! Replaying a ceremony from its folder alone: the chain, the signatures, the files, and every step once more.

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

pub use finding::{Finding, Weight};
pub use replay::{Depth, Replayed, Scrutiny, Trust, Verdict, replay};
pub use seals::{Covers, SealFound};
