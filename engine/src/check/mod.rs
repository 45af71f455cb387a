//! Everything that can be known about a runbook without conducting it.
//!
//! The rules are those of the notation (DESIGN section 3) and of the interpreter: what would stop a ceremony is an error,
//! what only deserves a second look is a warning. Every check finds all that it can in one run; none recurses deeper than
//! the nesting of a file, which the loader bounds, and none takes more than about the time to read the file once.

mod arguments;
mod book;
mod devices;
mod expressions;
mod flow;
mod inputs;
mod names;
mod reading;
mod references;
mod rehearsals;
mod schema;
mod scope;

mod secrets;
mod steps;
mod takes;
mod types;
mod values;

use crate::{
    conduct::Registry,
    notation::{Complaints, Loaded, Runbook, Sources},
};
use book::Book;
use schema::Schemas;

/// What is wrong with a runbook that its loader could not know, sorted by place.
#[must_use]
pub fn check(runbook: &Runbook, sources: &Sources, registry: &Registry) -> Complaints {
    let schemas = Schemas::of(registry);
    let book = Book::new(runbook, sources, registry, &schemas);
    let mut complaints = Complaints::default();
    names::check(&book, &mut complaints);
    references::check(&book, &mut complaints);
    inputs::check(&book, &mut complaints);
    rehearsals::check(&book, &mut complaints);
    takes::check(&book, &mut complaints);
    let demands = values::check(&book, &mut complaints);
    devices::check(&book, demands, &mut complaints);
    steps::check(&book, &mut complaints);
    flow::check(&book, &mut complaints);
    complaints.settle();
    complaints
}

/// Everything that is wrong with what was loaded: what the loader found and what [`check`] finds, sorted by place, and
/// no more of it than a person can use.
#[must_use]
pub fn everything(loaded: &Loaded, registry: &Registry) -> Complaints {
    let mut complaints = loaded.complaints.clone();
    if let Some(runbook) = &loaded.runbook {
        for complaint in check(runbook, &loaded.sources, registry).0 {
            complaints.push(complaint);
        }
    }
    complaints.cut();
    complaints
}
