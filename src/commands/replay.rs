//! `officiant replay`.

use super::{Format, print_json, print_line};
use crate::{console::safe, outcome::Outcome, trust};
use clap::Args;
use officiant_engine::audit::{Depth, Finding, Replayed, Scrutiny, SealFound, Trust, Verdict, Weight, replay};
use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

/// Most characters of a value that are printed.
const LONGEST: usize = 1_000;

/// Arguments of `replay`.
#[derive(Args)]
pub struct Replay {
    /// The ceremony folder
    folder: PathBuf,
    /// Verify every entry's signature, not the last of each session alone
    #[arg(long)]
    every_signature: bool,
    /// What you trust: a folder with `allowed_signers` files, also `NAME.allowed_signers`, and certificates
    #[arg(long, value_name = "FOLDER")]
    trust: Option<PathBuf>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Replay {
    /// Replays the ceremony.
    pub fn carry_out(self) -> Outcome {
        if self.folder.is_file() {
            let folder = self.folder.parent().filter(|it| !it.as_os_str().is_empty());
            let folder = folder.map_or_else(|| ".".into(), |it| it.display().to_string());
            let (file, folder) = (one_line(&self.folder.display().to_string()), one_line(&folder));
            return Outcome::not_tried(format!(
                "`{file}` is a file, and a record is replayed from its whole folder: officiant replay {folder}"
            ));
        }
        let registry = super::system_registry();
        let depth = if self.every_signature { Depth::EverySignature } else { Depth::LastSignatures };
        let trust = match self.trust.as_deref().map(|trust| load_trust(trust, &self.folder)).transpose() {
            Ok(trust) => trust,
            Err(failed) => return failed,
        };
        let replayed = match replay(&self.folder, &registry, &Scrutiny { depth, trust }) {
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

/// What the auditor trusts, with a note on what was not looked at.
pub(super) fn load_trust(folder: &Path, record: &Path) -> Result<Trust, Outcome> {
    let (trust, left) = trust::load(folder, record).map_err(Outcome::not_tried)?;
    for name in left {
        eprintln!(
            "note: `{}` in the trust folder was not looked at: its name is none of what is trusted",
            one_line(&name)
        );
    }
    Ok(trust)
}

/// The verdict first: what follows may be the words of whoever made the record.
fn describe(replayed: &Replayed) -> String {
    let verdict = replayed.verdict.words();
    let mark = if replayed.verdict == Verdict::DoesNotHold { " (not verified)" } else { "" };
    let mut text = format!("{verdict}\n\nwhat the record says{mark}\n");
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<10}  {}", one_line(value));
    };
    let kind = if replayed.rehearsal { "REHEARSAL of " } else { "" };
    row("ceremony", &format!("{kind}{}", replayed.title));
    row("opened", &replayed.opened_at);
    row("last entry", &replayed.closed_at);
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
    for seal in &replayed.seals {
        row("seal", &describe_seal(seal));
    }
    text.push_str(&findings(replayed));
    text
}

/// What a replay found, for people.
pub(super) fn findings(replayed: &Replayed) -> String {
    replayed.findings.iter().map(describe_finding).collect()
}

fn describe_seal(seal: &SealFound) -> String {
    let of = match seal.principals.as_slice() {
        [] => "of somebody unknown".to_string(),
        principals => format!("of {}", principals.join(" and ")),
    };
    format!("{}  {} {}, {of}, over {}", seal.role, seal.key_type, seal.fingerprint, seal.covers)
}

/// A finding, with where it is.
pub(super) fn describe_finding(finding: &Finding) -> String {
    let severity = match finding.severity {
        Weight::Error => "error",
        Weight::Warning => "warning",
    };
    let mut text = format!("\n{severity}[{}]: {}\n", finding.code, one_line(&finding.message));
    if let Some(line) = finding.line {
        let _ = writeln!(text, "   transcript.jsonl:{line}");
    }
    if let Some(place) = &finding.runbook {
        let _ = writeln!(text, "   {}", one_line(place));
    }
    text
}

/// A value on one line, shortened, with nothing in it that moves what is printed or cannot be seen: no value can look
/// like a row of its own.
pub(super) fn one_line(value: &str) -> String {
    let mut line = String::new();
    for character in safe(&value.chars().take(LONGEST).collect::<String>()).chars() {
        match character {
            '\n'
            | '\t'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{feff}' => {
                line.extend(character.escape_unicode());
            }
            other => line.push(other),
        }
    }
    if value.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}
