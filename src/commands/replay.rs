//! `officiant replay`.

use super::{Format, print_json, print_line};
use crate::{console::safe, outcome::Outcome};
use clap::Args;
use officiant_engine::audit::{Depth, Finding, Replayed, Weight, replay};
use std::{fmt::Write, path::PathBuf};

/// Arguments of `replay`.
#[derive(Args)]
pub struct Replay {
    /// The ceremony folder
    folder: PathBuf,
    /// Verify every entry's signature, not the last of each session alone
    #[arg(long)]
    every_signature: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Replay {
    /// Replays the ceremony.
    pub fn carry_out(self) -> Outcome {
        let registry = super::system_registry();
        let depth = if self.every_signature { Depth::EverySignature } else { Depth::LastSignatures };
        let replayed = match replay(&self.folder, &registry, depth) {
            Ok(replayed) => replayed,
            Err(error) => return Outcome::not_tried(error),
        };
        let printed = match self.format {
            Format::Json => print_json(&replayed),
            Format::Text => print_line(describe(&replayed).trim_end()),
        };
        match printed {
            Err(failed) => failed,
            Ok(()) if replayed.holds => Outcome::Holds,
            Ok(()) => Outcome::DoesNotHold,
        }
    }
}

fn describe(replayed: &Replayed) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<10} {}", safe(value));
    };
    let kind = if replayed.rehearsal { "REHEARSAL of " } else { "" };
    row("ceremony", &format!("{kind}{}", replayed.title));
    row("opened", &replayed.opened_at);
    row("closed", &replayed.closed_at);
    row("entries", &replayed.entries.to_string());
    row("head", &replayed.head);
    for (name, serial) in &replayed.devices {
        row("device", &format!("{name}  serial number {serial}"));
    }
    for (path, sha256) in &replayed.products {
        row("product", &format!("{sha256}  {path}"));
    }
    for (kind, count) in &replayed.exceptions {
        row(kind, &count.to_string());
    }
    for finding in &replayed.findings {
        text.push_str(&describe_finding(finding));
    }
    let verdict = if replayed.holds { "the record holds" } else { "the record does NOT hold" };
    let _ = writeln!(text, "\n{verdict}");
    text
}

fn describe_finding(finding: &Finding) -> String {
    let severity = match finding.severity {
        Weight::Error => "error",
        Weight::Warning => "warning",
    };
    let mut text = format!("\n{severity}[{}]: {}\n", finding.code, safe(&finding.message));
    if let Some(line) = finding.line {
        let _ = writeln!(text, "   transcript.jsonl:{line}");
    }
    if let Some(place) = &finding.runbook {
        let _ = writeln!(text, "   {}", safe(place));
    }
    text
}
