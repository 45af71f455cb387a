//! Going on after a break: the record is replayed to where it stops, a person confirms its head, and a new session goes on.

mod broken;
mod continued;

pub use broken::{Broken, Conducted, GoingOn, LastStep, Refusal, ResumeError, StepState, examine};
