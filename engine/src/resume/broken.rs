//! A ceremony that broke off, as its folder has it.

use super::continued::Continued;
use crate::{
    audit::{
        Depth, Finding, Performance, Recorded, Replayed, Scrutiny, Verdict, Weight, left_over, re_execute, replay,
    },
    conduct::{Bindings, Ceremony, Console, Effect, Failure, Halt, Live, Registry, Session, conduct},
    notation::{Loaded, Place, Runbook},
    record::{
        self, Began, Clock, End, Entry, Event, FileRecord, Folder, Line, Opened, Program, Resumed, Torn, Unreadable,
        Writer, WriterError, digest_hex, words,
    },
};
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

/// What a replay finds in a ceremony that broke off, and that does not keep it from going on.
const OF_A_BREAK: [&str; 4] = ["incomplete", "torn", "file-unknown", "seal-missing"];

/// A ceremony that broke off.
pub struct Broken {
    root: PathBuf,
    end: End,
    torn: Option<Torn>,
    ceremony: Ceremony,
    opened: Opened,
    loaded: Loaded,
    /// The bindings of the session that broke off.
    pub bindings: Bindings,
    /// The program that conducted it.
    pub program: Program,
    /// Where in the runbook it stops.
    pub place: Place,
    /// The last step that began.
    pub last_step: Option<LastStep>,
    /// Files that were made and are in no entry, by path.
    pub left_over: Vec<String>,
    /// Files that are in the folder and that no ceremony makes, as findings.
    pub strange: Vec<Finding>,
    /// The last checkpoint that was shown: its line, from 1, and its words.
    pub checkpoint: Option<(usize, String)>,
}

/// The last step that began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastStep {
    /// Its key, `section/number`.
    pub step: String,
    /// Its sentence, as it was shown.
    pub text: String,
    /// How far it came.
    pub state: StepState,
}

/// How far a step came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// It is over, or the people are past it.
    Over,
    /// It is not over, and changed nothing.
    Open,
    /// It changes something, and the go-ahead had been given.
    Changing,
}

/// Why a ceremony does not go on.
#[derive(Debug)]
pub enum Refusal {
    /// There is no transcript to read.
    Unreadable(Unreadable),
    /// The record does not hold, or the ceremony is over.
    Replayed(Box<Replayed>),
    /// The folder cannot be looked through.
    Folder(io::Error),
}

/// Why a ceremony could not go on after all.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The transcript could not be taken up.
    #[error(transparent)]
    Writer(#[from] WriterError),
    /// A file that was left over could not be set aside.
    #[error("`{path}` was left over and cannot be set aside: {}", .failure.message)]
    LeftOver {
        /// Its path.
        path: String,
        /// Why.
        failure: Failure,
    },
    /// The transcript could not be read again.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// The session that goes on.
pub struct GoingOn {
    /// Its bindings and its machine.
    pub session: Session,
    /// The program.
    pub program: Program,
    /// The serial numbers of the virtual devices, in a rehearsal.
    pub virtual_serials: Option<BTreeMap<String, u32>>,
}

/// Replays a ceremony to where it stops.
///
/// # Errors
/// The record does not hold, or the ceremony is over.
pub fn examine(root: &Path, registry: &Registry) -> Result<Broken, Refusal> {
    let scrutiny = Scrutiny { depth: Depth::LastSignatures, trust: None };
    let replayed = replay(root, registry, &scrutiny).map_err(Refusal::Unreadable)?;
    let errors = || replayed.findings.iter().filter(|finding| finding.severity == Weight::Error);
    let stops = errors().any(|finding| finding.code == "incomplete");
    if !stops || errors().any(|finding| !OF_A_BREAK.contains(&finding.code)) {
        return Err(Refusal::Replayed(Box::new(replayed)));
    }
    let (lines, torn) = record::read(root).map_err(Refusal::Unreadable)?;
    let folder = Folder::open(root);
    let left_over = left_over(&folder, &lines).map_err(Refusal::Folder)?;
    let is_left_over = |finding: &Finding| left_over.iter().any(|path| finding.message.contains(&format!("`{path}`")));
    let strange =
        errors().filter(|finding| finding.code == "file-unknown" && !is_left_over(finding)).cloned().collect();
    let opened = lines.first().and_then(entry_of).and_then(|entry| match &entry.event {
        Event::Opened(opened) => Some(opened.as_ref().clone()),
        _ => None,
    });
    let (Some(opened), Some(end)) = (opened, end(&lines, &torn, root)) else {
        return Err(Refusal::Replayed(Box::new(replayed)));
    };
    let Performance { loaded: Some(loaded), ceremony: Some(ceremony), stopped: Some(place), .. } =
        re_execute(&folder, &opened, &lines, registry, &scrutiny)
    else {
        return Err(Refusal::Replayed(Box::new(Replayed { verdict: Verdict::DoesNotHold, ..replayed })));
    };
    let resumed = lines.iter().rev().filter_map(entry_of).find_map(|entry| match &entry.event {
        Event::Resumed(resumed) => Some(resumed.as_ref()),
        _ => None,
    });
    let (bindings, program) = match resumed {
        Some(resumed) => (resumed.bindings.clone(), resumed.program.clone()),
        None => (opened.bindings.clone(), opened.program.clone()),
    };
    let torn = (!torn.is_empty()).then(|| Torn { sha256: digest_hex(&torn), size: torn.len() as u64 });
    let last_step = last_step(&lines, registry);
    let checkpoint = checkpoint(&lines);
    let root = root.to_path_buf();
    Ok(Broken {
        root,
        end,
        torn,
        ceremony,
        opened,
        loaded,
        bindings,
        program,
        place,
        last_step,
        left_over,
        strange,
        checkpoint,
    })
}

impl Broken {
    /// The runbook.
    #[must_use]
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// The first entry's body.
    #[must_use]
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// The ceremony where it stops.
    #[must_use]
    pub fn ceremony(&self) -> &Ceremony {
        &self.ceremony
    }

    /// Where the transcript ends.
    #[must_use]
    pub fn end(&self) -> &End {
        &self.end
    }

    /// SHA-256 (hex) of the last entry.
    #[must_use]
    pub fn head(&self) -> String {
        hex::encode(self.end.head)
    }

    /// The head's PGP words.
    #[must_use]
    pub fn words(&self) -> String {
        words(&self.end.head)
    }

    /// Whether the ceremony can go on with these bindings on this machine at this time.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub fn may_go_on(&self, session: &Session, now: Timestamp) -> Result<(), Failure> {
        self.ceremony.may_go_on(session)?;
        if now < self.end.latest {
            let message = format!(
                "this machine's clock says {}, and the last entry was written at {}",
                record::instant(now),
                record::instant(self.end.latest)
            );
            return Err(Failure::new("clock", message).next("set the clock right, then go on"));
        }
        Ok(())
    }

    /// Takes the transcript up with a new session key, sets aside what was left over, and conducts the ceremony on from where
    /// it stops. The second result is how many steps were deviated from.
    ///
    /// # Errors
    /// The ceremony could not go on; what was recorded is as it was.
    #[expect(clippy::type_complexity, reason = "it is what `conduct` gives, and a count")]
    pub fn go_on(
        self,
        going_on: GoingOn,
        registry: &Registry,
        console: &mut dyn Console,
        clock: Box<dyn Clock>,
    ) -> Result<(Result<(), (Halt, Place)>, usize), ResumeError> {
        let Self { root, end, torn, opened, loaded, left_over, .. } = self;
        let GoingOn { session, program, virtual_serials } = going_on;
        let Some(runbook) = loaded.runbook.as_ref() else { return Err(WriterError::Changed.into()) };
        let rehearsal = opened.rehearsal;
        let mut writer = Writer::open(&root, &end, clock)?;
        let set_aside = set_aside(&root, runbook, &session.bindings, rehearsal, left_over)?;
        let resumed = Resumed {
            head: hex::encode(end.head),
            words: words(&end.head),
            torn,
            set_aside,
            program,
            bindings: session.bindings,
            host: session.host,
            session_key: writer.session_key(),
        };
        writer.append(Event::Resumed(Box::new(resumed)).into())?;
        writer.sync()?;
        let (lines, _) = record::read(&root)?;
        let mut ceremony = Ceremony::of(runbook, root, opened.bindings.clone(), rehearsal);
        if let Some(serials) = virtual_serials {
            ceremony = ceremony.with_virtual_devices(serials);
        }
        let recorded = Recorded::new(&lines, &opened, runbook);
        let mut continued = Continued::new(recorded, Live::new(writer, console, rehearsal), rehearsal);
        let ended = conduct(runbook, registry, &mut ceremony, &mut continued);
        Ok((ended, ceremony.deviations()))
    }
}

/// Moves files that no entry names to `evidence/`.
fn set_aside(
    root: &Path,
    runbook: &Runbook,
    bindings: &Bindings,
    rehearsal: bool,
    left_over: Vec<String>,
) -> Result<Vec<FileRecord>, ResumeError> {
    let folder = Folder::open(root);
    let ceremony = Ceremony::of(runbook, root.to_path_buf(), bindings.clone(), rehearsal);
    let aside = left_over.into_iter().map(|path| {
        let measured = folder.measure(&path).map_err(|error| Failure::new("file", error.to_string()));
        measured.and_then(|file| ceremony.set_aside(&file)).map_err(|failure| ResumeError::LeftOver { path, failure })
    });
    aside.collect()
}

fn entry_of(line: &Line) -> Option<&Entry> {
    line.entry.as_ref().ok()
}

/// Where a transcript ends.
fn end(lines: &[Line], torn: &[u8], root: &Path) -> Option<End> {
    let last = lines.last()?;
    let size = root.join(record::TRANSCRIPT).symlink_metadata().ok()?.len();
    let torn = torn.len() as u64;
    Some(End {
        size: size.checked_sub(torn)?,
        torn,
        seq: lines.len() as u64,
        head: last.digest,
        latest: entry_of(last)?.at.parse().ok()?,
    })
}

/// The last step that began, and how far it came.
fn last_step(lines: &[Line], registry: &Registry) -> Option<LastStep> {
    let (mut over, mut settled, mut go_ahead) = (false, false, false);
    for entry in lines.iter().rev().filter_map(entry_of) {
        match &entry.event {
            Event::Began(Began { text, uses, .. }) => {
                let handler = uses.as_ref().and_then(|uses| registry.get(uses));
                let changes = handler.is_some_and(|handler| handler.effect == Effect::Changes);
                let state = match (over, go_ahead && changes) {
                    (true, _) => StepState::Over,
                    (false, true) => StepState::Changing,
                    (false, false) => StepState::Open,
                };
                return Some(LastStep { step: entry.step.clone()?, text: text.clone(), state });
            }
            Event::Answered(answered) if !settled => {
                go_ahead |= answered.slot.as_deref() == Some("go") && answered.answer == Some(true.into());
            }
            // What came before was of a try that is over.
            Event::Failed(_) | Event::Retried(_) => settled = true,
            Event::Answered(_) | Event::Observed(_) | Event::Checkpoint(_) | Event::Resumed(_) => {}
            _ => over = true,
        }
    }
    None
}

/// The last checkpoint.
fn checkpoint(lines: &[Line]) -> Option<(usize, String)> {
    lines.iter().rev().find_map(|line| match &entry_of(line)?.event {
        Event::Checkpoint(checkpoint) => Some((line.number, checkpoint.words.clone())),
        _ => None,
    })
}
