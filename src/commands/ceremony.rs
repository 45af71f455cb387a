//! What `run` and `rehearse` have in common: open, conduct, say how it ended.

use crate::{
    bench::SEED,
    complaints,
    console::{Answers, GoingOn, Scripted, Terminal, safe},
    outcome::Outcome,
    program,
};
use officiant_engine::{
    conduct::{Bindings, Ceremony, Console, Halt, Live, Opening, Registry, conduct},
    notation::{Loaded, Place, Runbook, Sealing},
    record::{SystemClock, TRANSCRIPT, Writer},
    seal::Digests,
};
use officiant_steps::{host, words};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// A ceremony that is about to be opened.
pub struct Prepared<'a> {
    pub loaded: &'a Loaded,
    pub runbook: &'a Runbook,
    pub registry: &'a Registry,
    pub bindings: Bindings,
    pub folder: &'a Path,
    pub rehearsal: bool,
    /// Whether people answer.
    pub attended: bool,
}

impl Prepared<'_> {
    /// Makes the folder and the first entry.
    pub fn open(&self) -> Result<Writer, Outcome> {
        check_bindings(&self.bindings, self.runbook)?;
        let opening = Opening {
            runbook: self.runbook,
            files: &self.loaded.files,
            bindings: &self.bindings,
            program: program::this(),
            host: host::facts(),
            rehearsal: self.rehearsal,
        };
        opening
            .open(self.folder, Box::new(SystemClock))
            .map_err(|error| Outcome::not_tried(format!("the ceremony folder `{}`: {error}", self.folder.display())))
    }

    /// Conducts from the first section on; `serials` are those of the virtual devices of a rehearsal.
    pub fn conduct(self, writer: Writer, serials: Option<BTreeMap<String, u32>>, console: &mut dyn Console) -> Outcome {
        let mut ceremony = Ceremony::of(self.runbook, self.folder.to_path_buf(), self.bindings, self.rehearsal);
        if let Some(serials) = serials {
            ceremony = ceremony.with_virtual_devices(serials);
        }
        let mut live = Live::new(writer, console, self.rehearsal);
        let ended = conduct(self.runbook, self.registry, &mut ceremony, &mut live);
        drop(live);
        let by = who_answers(self.rehearsal, self.attended);
        let told = Told { folder: self.folder, loaded: self.loaded, runbook: self.runbook, by };
        close(&told, ended, ceremony.deviations())
    }
}

/// Whether bindings are such as a ceremony can begin or go on with.
pub fn check_bindings(bindings: &Bindings, runbook: &Runbook) -> Result<(), Outcome> {
    let wrong = bindings.wrong_for(runbook);
    if !wrong.is_empty() {
        return Err(Outcome::not_tried(format!(
            "the bindings do not fit the runbook:\n  {}\nnext: correct them; what this runbook does not have is taken out, or left out of a \
             copy of them for this runbook",
            wrong.join("\n  ")
        )));
    }
    match bindings.products.as_ref().filter(|products| !Path::new(products).is_dir()) {
        None => Ok(()),
        Some(products) => {
            let message = format!(
                "the bindings want every product copied to `{products}`, and there is no such folder\nnext: insert the medium, or \
                 make the folder"
            );
            Err(Outcome::not_tried(message))
        }
    }
}

/// The ceremony that [`close`] speaks of.
pub struct Told<'a> {
    pub folder: &'a Path,
    pub loaded: &'a Loaded,
    pub runbook: &'a Runbook,
    /// What `resume` is told of [who answers](who_answers).
    pub by: &'static str,
}

/// The argument by which `resume` is told who answers, after a space; a ceremony has none, a rehearsal needs one at a terminal.
pub fn who_answers(rehearsal: bool, attended: bool) -> &'static str {
    match (rehearsal, attended) {
        (false, _) => "",
        (true, true) => " --attended",
        (true, false) => " --unattended",
    }
}

/// Says how a ceremony ended, where its record is, and what comes next.
pub fn close(told: &Told<'_>, ended: Result<(), (Halt, Place)>, deviations: usize) -> Outcome {
    let Told { folder, loaded, runbook, by } = *told;
    let mut goes_on = false;
    let (outcome, verdict) = match ended {
        Ok(()) if deviations == 0 => (Outcome::Holds, "the ceremony ended as its runbook says".to_string()),
        Ok(()) => {
            let counted = complaints::counted(deviations, "deviation");
            (Outcome::Holds, format!("the ceremony ended, with {counted} from its runbook"))
        }
        Err((halt, place)) => {
            let outcome = match &halt {
                Halt::Unanswered(_) | Halt::Impossible(_) | Halt::Record(_) | Halt::RecordEnds | Halt::BrokeOff => {
                    Outcome::NotTried
                }
                Halt::Aborted(_) | Halt::Paused(_) | Halt::Diverged(_) => Outcome::DoesNotHold,
            };
            goes_on = !matches!(halt, Halt::Aborted(_));
            let place = loaded.sources.describe(place);
            eprintln!("\nerror: {}", safe(&halt.to_string()));
            if !place.is_empty() {
                eprintln!("   --> {}", safe(&place));
            }
            let verdict = match halt {
                Halt::Aborted(_) => "the ceremony was aborted",
                Halt::Paused(_) => "the ceremony is paused",
                _ => "the ceremony stopped before its END; nothing that was recorded is lost",
            };
            (outcome, verdict.to_string())
        }
    };
    if outcome == Outcome::Holds
        && let Ok(digests) = Digests::read(folder, 0)
    {
        eprintln!("\nThe words of the whole record; write them down:\n{}", words(&digests.head));
    }
    eprintln!();
    let word = shell_word(&folder.display().to_string());
    let resume = if goes_on { format!("\ngo on   officiant resume {word}{by}") } else { String::new() };
    let record = safe(&folder.join(TRANSCRIPT).display().to_string());
    let seals = runbook
        .participants
        .iter()
        .filter(|(_, participant)| !goes_on && participant.seal == Sealing::Required)
        .map(|(role, _)| format!("seal    officiant seal {word} --role {} --key KEY\n", shell_word(role)));
    let seals: Vec<String> = seals.collect();
    let seals = seals.concat();
    let next = format!("{verdict}\nrecord  {record}{resume}\n{seals}verify  officiant replay {word}");
    match super::print_line(&next) {
        Ok(()) => outcome,
        Err(failed) => failed,
    }
}

pub(super) fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '~');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The console for a ceremony: the terminal when it is attended, answers otherwise.
pub fn console(
    attended: bool,
    rehearsal: bool,
    outside: bool,
    answers: Option<&PathBuf>,
    folder: &Path,
) -> Result<Box<dyn Console>, Outcome> {
    if attended {
        let word = shell_word(&folder.display().to_string());
        let command = format!("officiant resume {word}{}", who_answers(rehearsal, true));
        return Ok(Box::new(Terminal::new(rehearsal, Some(GoingOn { record: folder.join(TRANSCRIPT), command }))));
    }
    let answers = match answers {
        Some(path) => Answers::read(path).map_err(Outcome::not_tried)?,
        None => Answers::default(),
    };
    let seed = folder.join(SEED);
    Ok(Box::new(Scripted::new(answers, rehearsal).reaching_out(outside).making_up_from(seed)))
}

/// Reads bindings, and overrides what `--bind name=value` says.
pub fn bindings(file: Option<&PathBuf>, overrides: &[String]) -> Result<Bindings, Outcome> {
    let mut table = toml::Table::new();
    if let Some(path) = file {
        let shown = path.display();
        let text = fs::read_to_string(path)
            .map_err(|error| Outcome::not_tried(format!("`{shown}` cannot be read: {error}")))?;
        // Read once as what it must be, so that a complaint names the line.
        toml::from_str::<Bindings>(&text).map_err(|error| Outcome::not_tried(format!("`{shown}`: {error}")))?;
        table = text.parse().map_err(|error| Outcome::not_tried(format!("`{shown}`: {error}")))?;
    }
    overridden(table, overrides)
}

/// Bindings that were recorded, with what `--bind name=value` says.
pub fn rebound(bindings: &Bindings, overrides: &[String]) -> Result<Bindings, Outcome> {
    let table =
        toml::Table::try_from(bindings).map_err(|error| Outcome::not_tried(format!("the bindings: {error}")))?;
    overridden(table, overrides)
}

fn overridden(mut table: toml::Table, overrides: &[String]) -> Result<Bindings, Outcome> {
    for binding in overrides {
        let (name, value) = binding
            .split_once('=')
            .ok_or_else(|| Outcome::not_tried(format!("--bind {binding}: write it as name=value")))?;
        let value = value.parse::<u32>().map_or_else(|_| value.into(), |number| toml::Value::Integer(number.into()));
        let value = if name.starts_with("inputs.") || name.starts_with("participants.") {
            binding.split_once('=').map_or(value, |(_, text)| text.into())
        } else if name == "yubihsm.connectors" {
            let connectors = binding.split_once('=').map_or("", |(_, text)| text).split(',');
            connectors.map(str::trim).filter(|connector| !connector.is_empty()).collect::<Vec<_>>().into()
        } else {
            value
        };
        set(&mut table, name, value).map_err(|why| Outcome::not_tried(format!("--bind {binding}: {why}")))?;
    }
    table.try_into().map_err(|error| Outcome::not_tried(format!("the bindings: {error}")))
}

fn set(table: &mut toml::Table, name: &str, value: toml::Value) -> Result<(), String> {
    let mut table = table;
    let (folder, last) = name.rsplit_once('.').map_or((None, name), |(folder, last)| (Some(folder), last));
    for part in folder.into_iter().flat_map(|folder| folder.split('.')) {
        let entry = table.entry(part).or_insert_with(|| toml::Table::new().into());
        table = entry.as_table_mut().ok_or_else(|| format!("`{part}` is no group of bindings"))?;
    }
    table.insert(last.to_string(), value);
    Ok(())
}
