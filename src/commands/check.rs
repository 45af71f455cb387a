//! `officiant check`.

use super::{Format, print_json, print_line};
use crate::{complaints, console::safe, outcome::Outcome};
use clap::Args;
use officiant_engine::notation::{Loaded, Severity};
use serde::Serialize;
use std::path::PathBuf;

/// Arguments of `check`.
#[derive(Args)]
pub struct Check {
    /// Runbooks, YAML or TOML
    #[arg(required = true)]
    runbooks: Vec<PathBuf>,
    /// How complaints are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Complaint<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    severity: Severity,
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

impl Check {
    /// Checks every runbook; complaints in JSON go to standard output, those for people to standard error.
    pub fn carry_out(self) -> Outcome {
        let registry = super::system_registry();
        let mut outcome = Outcome::Holds;
        let mut reports = Vec::new();
        for path in &self.runbooks {
            let loaded = match complaints::load_and_check(path, &registry) {
                Ok(loaded) => loaded,
                Err(failed) => return failed,
            };
            if loaded.complaints.any_error() && outcome == Outcome::Holds {
                outcome = Outcome::DoesNotHold;
            }
            match self.format {
                Format::Json => reports.push(loaded),
                Format::Text => {
                    complaints::show(&loaded);
                    if let Err(failed) = print_line(&safe(&verdict(path, &loaded))) {
                        return failed;
                    }
                }
            }
        }
        if self.format == Format::Json {
            let all: Vec<Complaint<'_>> = reports.iter().flat_map(rows).collect();
            if let Err(failed) = print_json(&all) {
                return failed;
            }
        }
        outcome
    }
}

fn verdict(path: &std::path::Path, loaded: &Loaded) -> String {
    let tally = complaints::tally(loaded).unwrap_or_else(|| "nothing to complain of".into());
    let size = loaded.runbook.as_ref().map(|runbook| {
        let steps: usize =
            runbook.sections.values().map(|section| officiant_engine::conduct::count(&section.steps)).sum();
        format!(" ({}, {})", complaints::counted(runbook.sections.len(), "section"), complaints::counted(steps, "step"))
    });
    format!("{}: {tally}{}", path.display(), size.unwrap_or_default())
}

fn rows(loaded: &Loaded) -> impl Iterator<Item = Complaint<'_>> {
    loaded.complaints.0.iter().filter_map(|complaint| {
        let source = loaded.sources.get(complaint.place.file)?;
        let (line, column) = source.line_column(complaint.place.start as usize);
        Some(Complaint {
            file: &source.path,
            line,
            column,
            severity: complaint.severity,
            code: complaint.code,
            message: &complaint.message,
            help: complaint.help.as_deref(),
        })
    })
}
