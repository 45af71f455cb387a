//! A ceremony that broke off, as its folder has it.

use super::continued::Continued;
use crate::{
    audit::{
        Depth, Finding, Looked, Performance, Recorded, Replayed, Scrutiny, Verdict, Weight, left_over, look, re_execute,
    },
    conduct::{Bindings, Ceremony, Console, Effect, Failure, Halt, Live, Registry, Session, conduct},
    notation::{Loaded, Place, Runbook},
    record::{
        self, Began, Clock, ClockReading, End, Entry, Event, FileRecord, Folder, Line, Opened, Program, Resumed, Torn,
        Unreadable, Writer, WriterError, digest_hex, words,
    },
};
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

/// What a replay finds in a ceremony that broke off, and that does not keep it from going on.
const OF_A_BREAK: [&str; 3] = ["incomplete", "torn", "file-unknown"];

/// That nobody has sealed yet is as it must be.
const MISSING_SEAL: &str = "seal-missing";

/// The evidence file of what is left of a torn line.
const TORN: &str = "torn-line";

/// How a record is looked at that is gone on from.
const SCRUTINY: Scrutiny = Scrutiny { depth: Depth::LastSignatures, trust: None };

/// A ceremony that broke off.
pub struct Broken {
    root: PathBuf,
    end: End,
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
    /// The last checkpoint that was shown: its line, from 1, and the head that it is of, SHA-256.
    pub checkpoint: Option<(usize, [u8; 32])>,
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
    /// Another process writes the record.
    InUse(WriterError),
}

/// Why a ceremony could not go on after all.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The transcript could not be taken up.
    #[error(transparent)]
    Writer(#[from] WriterError),
    /// The runbook could not be read again.
    #[error("the runbook in the ceremony folder cannot be read")]
    Runbook,
    /// The ceremony would not go on from where it stopped.
    #[error("the ceremony would not go on with these bindings on this machine: {0}")]
    Disagrees(String),
    /// The folder cannot be looked through.
    #[error("the ceremony folder cannot be looked through: {0}")]
    Folder(io::Error),
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
    /// This machine's clock beside another one; nothing in a rehearsal.
    pub clock: Option<ClockReading>,
    /// The serial numbers of the virtual devices, in a rehearsal.
    pub virtual_serials: Option<BTreeMap<String, u32>>,
}

/// How a ceremony that went on came to its end.
#[derive(Debug)]
pub struct Conducted {
    /// Why it stopped before its END, and where.
    pub ended: Result<(), (Halt, Place)>,
    /// How many steps were deviated from.
    pub deviations: usize,
}

/// Replays a ceremony to where it stops.
///
/// # Errors
/// The record does not hold, or the ceremony is over.
pub fn examine(root: &Path, registry: &Registry) -> Result<Broken, Refusal> {
    if let Err(error @ WriterError::InUse(_)) = Writer::is_free(root) {
        return Err(Refusal::InUse(error));
    }
    let Looked { replayed, lines, torn, performance } = look(root, registry, &SCRUTINY).map_err(Refusal::Unreadable)?;
    let errors = || replayed.findings.iter().filter(|finding| finding.severity == Weight::Error);
    let stops = errors().any(|finding| finding.code == "incomplete");
    if !stops || !errors().all(is_of_a_break) {
        return Err(Refusal::Replayed(Box::new(replayed)));
    }
    let left_over = left_over(&Folder::open(root), &lines).map_err(Refusal::Folder)?;
    let is_left_over =
        |finding: &Finding| finding.file.as_ref().is_some_and(|file| left_over.binary_search(file).is_ok());
    let is_strange = |finding: &&Finding| finding.code.starts_with("seal") || finding.file.is_some();
    let strange =
        errors().filter(is_strange).filter(|it| !is_left_over(it) && it.code != MISSING_SEAL).cloned().collect();
    let opened = lines.first().and_then(entry_of).and_then(|entry| match &entry.event {
        Event::Opened(opened) => Some(opened.as_ref().clone()),
        _ => None,
    });
    let end = end(&lines, &torn, root);
    let (
        Some(opened),
        Some(end),
        Some(Performance { loaded: Some(loaded), ceremony: Some(ceremony), stopped: Some(place), .. }),
    ) = (opened, end, performance)
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
    Ok(Broken {
        root: root.to_path_buf(),
        end,
        ceremony,
        opened,
        loaded,
        bindings,
        program,
        place,
        last_step: last_step(&lines, registry),
        left_over,
        strange,
        checkpoint: checkpoint(&lines),
    })
}

/// Whether a finding is of what a break leaves, or of seals that were put on too early, which keep nobody from going on.
fn is_of_a_break(finding: &Finding) -> bool {
    OF_A_BREAK.contains(&finding.code) || finding.code.starts_with("seal")
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
    /// it stops.
    ///
    /// # Errors
    /// The ceremony could not go on; what was recorded is as it was.
    pub fn go_on(
        self,
        going_on: GoingOn,
        registry: &Registry,
        console: &mut dyn Console,
        clock: Box<dyn Clock>,
    ) -> Result<Conducted, ResumeError> {
        let GoingOn { session, program, clock: reading, virtual_serials } = going_on;
        let rehearsal = self.opened.rehearsal;
        let Some(runbook) = self.loaded.runbook.as_ref() else { return Err(ResumeError::Runbook) };
        let mut writer = Writer::open(&self.root, &self.end, clock)?;
        // From here on nobody else writes; what was read before may have changed meanwhile.
        let (mut lines, torn) = record::read(&self.root)?;
        if lines.last().map(|line| line.digest) != Some(self.end.head) || torn.len() as u64 != self.end.torn {
            return Err(WriterError::Changed.into());
        }
        let mut resumed = Resumed {
            head: hex::encode(self.end.head),
            words: words(&self.end.head),
            torn: (!torn.is_empty()).then(|| Torn { sha256: digest_hex(&torn), size: torn.len() as u64 }),
            set_aside: Vec::new(),
            program,
            bindings: session.bindings,
            host: session.host,
            clock: reading,
            session_key: writer.session_key(),
        };
        self.foresee(&lines, &resumed, registry)?;
        resumed.set_aside = self.set_aside(runbook, &resumed.bindings, &lines, &torn)?;
        writer.append(Event::Resumed(Box::new(resumed)).into())?;
        writer.sync()?;
        lines = record::read(&self.root)?.0;
        let mut ceremony = Ceremony::of(runbook, self.root, self.opened.bindings.clone(), rehearsal);
        if let Some(serials) = virtual_serials {
            ceremony = ceremony.with_virtual_devices(serials);
        }
        let recorded = Recorded::new(&lines, &self.opened, runbook);
        let mut continued = Continued::new(recorded, Live::new(writer, console, rehearsal), rehearsal);
        let ended = conduct(runbook, registry, &mut ceremony, &mut continued);
        Ok(Conducted { ended, deviations: ceremony.deviations() })
    }

    /// Makes sure that the ceremony goes on from here with that entry, before it is written: it could not be taken back.
    fn foresee(&self, lines: &[Line], resumed: &Resumed, registry: &Registry) -> Result<(), ResumeError> {
        let entry = Entry {
            at: record::instant(self.end.latest),
            by: None,
            event: Event::Resumed(Box::new(resumed.clone())),
            prev: resumed.head.clone(),
            seq: self.end.seq,
            sig: None,
            step: None,
        };
        let line = Line { number: lines.len() + 1, digest: [0; 32], entry: Ok(entry) };
        let lines: Vec<Line> = lines.iter().cloned().chain([line]).collect();
        let folder = Folder::open(&self.root);
        let foreseen = re_execute(&folder, &self.opened, &lines, registry, &SCRUTINY);
        let mut errors = foreseen.findings.into_iter().filter(|finding| finding.severity == Weight::Error);
        match errors.find(|finding| !is_of_a_break(finding)) {
            Some(finding) => Err(ResumeError::Disagrees(finding.message)),
            None if foreseen.stopped == Some(self.place) => Ok(()),
            None => Err(ResumeError::Disagrees("it would go on somewhere else than where it stopped".to_string())),
        }
    }

    /// Moves files that no entry names to `evidence/`, and keeps what is left of a torn line there.
    fn set_aside(
        &self,
        runbook: &Runbook,
        bindings: &Bindings,
        lines: &[Line],
        torn: &[u8],
    ) -> Result<Vec<FileRecord>, ResumeError> {
        let folder = Folder::open(&self.root);
        let failed = |path: &str, failure| ResumeError::LeftOver { path: path.to_string(), failure };
        let ceremony = Ceremony::of(runbook, self.root.clone(), bindings.clone(), self.opened.rehearsal);
        let mut aside = Vec::new();
        let measured =
            |path: &String| folder.measure(path).map_err(|error| failed(path, Failure::new("file", error.to_string())));
        let found = left_over(&folder, lines).map_err(ResumeError::Folder)?;
        let found = found.iter().map(measured).collect::<Result<_, _>>()?;
        let (moved, left) = ceremony.set_all_aside(found);
        if let Some((file, failure)) = left.into_iter().next() {
            return Err(failed(&file.path, failure));
        }
        aside.extend(moved);
        if !torn.is_empty() {
            aside.push(ceremony.keep_evidence(TORN, torn).map_err(|failure| failed(TORN, failure))?);
        }
        Ok(aside)
    }
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
fn checkpoint(lines: &[Line]) -> Option<(usize, [u8; 32])> {
    lines.iter().rev().find_map(|line| match &entry_of(line)?.event {
        Event::Checkpoint(checkpoint) => {
            let mut head = [0; 32];
            hex::decode_to_slice(&checkpoint.head, &mut head).ok()?;
            Some((line.number, head))
        }
        _ => None,
    })
}
