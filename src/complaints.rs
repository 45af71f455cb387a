//! Loading a runbook for a command, and showing what is wrong with it.

use crate::{bench::Bench, console::safe, outcome::Outcome};
use officiant_engine::{
    check::everything,
    conduct::Registry,
    notation::{Loaded, Runbook, Severity, Source, Sources, load},
};
use std::{io::IsTerminal, path::Path};

/// Reads and checks a runbook; what is wrong with it stays in `complaints`.
pub fn load_and_check(path: &Path, registry: &Registry) -> Result<Loaded, Outcome> {
    let mut loaded =
        load(path).map_err(|error| Outcome::not_tried(format!("`{}` cannot be read: {error}", path.display())))?;
    loaded.complaints = everything(&loaded, registry);
    if let Some(runbook) = &loaded.runbook {
        Bench::check(runbook, &mut loaded.complaints);
    }
    Ok(loaded)
}

/// Reads a runbook that is about to be conducted; an error in it stops the command.
pub fn load_sound(path: &Path, registry: &Registry) -> Result<(Loaded, Runbook), Outcome> {
    let mut loaded = load_and_check(path, registry)?;
    if loaded.complaints.any_error() {
        show(&loaded);
        return Err(Outcome::does_not_hold("the runbook cannot be conducted as it is"));
    }
    match loaded.runbook.take() {
        Some(runbook) => Ok((loaded, runbook)),
        None => Err(Outcome::does_not_hold("the runbook cannot be understood")),
    }
}

/// Shows every complaint on standard error.
pub fn show(loaded: &Loaded) {
    let colour = std::io::stderr().is_terminal();
    // The path is the user's own, and may hold what a terminal obeys.
    let mut sources = Sources::default();
    for source in loaded.sources.iter() {
        sources.add(Source::new(safe(&source.path), source.text.clone()));
    }
    for complaint in &loaded.complaints.0 {
        eprintln!("{}\n", complaint.render(&sources, colour));
    }
}

/// "2 errors and 1 warning", or nothing when there is none.
pub fn tally(loaded: &Loaded) -> Option<String> {
    let count = |severity| loaded.complaints.0.iter().filter(|complaint| complaint.severity == severity).count();
    let number = |count, noun: &str| (count > 0).then(|| counted(count, noun));
    match (number(count(Severity::Error), "error"), number(count(Severity::Warning), "warning")) {
        (Some(errors), Some(warnings)) => Some(format!("{errors} and {warnings}")),
        (one, other) => one.or(other),
    }
}

/// "1 step", "2 steps".
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
