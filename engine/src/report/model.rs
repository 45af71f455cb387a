//! What is on the page, as plain data.

use super::{
    devices::{Device, Key},
    files::{self, File},
    ledger::{Count, Exception, Signature},
    machines::Machine,
    names::{Names, Participant},
    pictures::{Picture, pictures},
    seals::Seals,
    shown::{BRIEF, clip},
    timeline::{Group, Performance, Timeline},
    times::{between, day_and_time},
    verdict::Top,
};
use crate::{
    audit::Replayed,
    notation::{Sealing, load},
    record::{Event, Folder, Line, Opened, words},
};
use serde::Serialize;

/// Most rows of a table.
const MOST: usize = 1_000;

/// Most sessions.
const SESSIONS: usize = 200;

/// All that is on the page.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) title: String,
    pub(super) top: Top,
    pub(super) rehearsal: bool,
    /// What stands behind every heading of a record that does not hold.
    claim: &'static str,
    pub(super) head: String,
    head_words: String,
    entries: usize,
    /// The program that made the page.
    version: &'static str,
    opened: String,
    closed: String,
    duration: String,
    steps: usize,
    participants: Vec<Participant>,
    machines: Vec<Machine>,
    devices: Vec<Device>,
    keys: Vec<Key>,
    counts: Vec<Count>,
    exceptions: Vec<Exception>,
    signatures: Vec<Signature>,
    seals: Seals,
    performances: Vec<Performance>,
    groups: Vec<Group>,
    pictures: Vec<Picture>,
    files: Vec<File>,
    files_left_out: usize,
    /// The line from which on the timeline holds nothing.
    left_out: Option<usize>,
    /// Whether rows of the other tables were left out.
    shortened: bool,
}

impl Report {
    pub(super) fn of(folder: &Folder, lines: &[Line], replayed: &Replayed) -> Self {
        let opened = lines.first().and_then(|line| match &line.entry {
            Ok(entry) => match &entry.event {
                Event::Opened(opened) => Some(opened.as_ref()),
                _ => None,
            },
            Err(_) => None,
        });
        let names = Names::of(opened);
        let mut timeline = Timeline::of(lines, &names);
        let top = Top::of(replayed, folder.root());
        let (devices, mut keys, shortened) = std::mem::take(&mut timeline.collected).into_tables(replayed);
        let mut pictures = pictures(folder, lines, top.verified());
        for (line, anchor) in keys
            .iter_mut()
            .map(|key| (key.line, &mut key.anchor))
            .chain(pictures.iter_mut().map(|picture| (picture.line, &mut picture.anchor)))
        {
            *anchor = timeline.anchor(line);
        }
        let (files, files_left_out) = files::table(lines);
        Self {
            title: title(opened, replayed),
            rehearsal: replayed.rehearsal,
            claim: if top.verified() { "" } else { " (claimed, not verified)" },
            head: replayed.head.clone(),
            head_words: hex::decode(&replayed.head).map(|head| words(&head)).unwrap_or_default(),
            entries: replayed.entries,
            version: env!("CARGO_PKG_VERSION"),
            opened: day_and_time(&replayed.opened_at),
            closed: day_and_time(&replayed.closed_at),
            duration: between(&replayed.opened_at, &replayed.closed_at).unwrap_or_default(),
            steps: timeline.steps,
            participants: names.list(MOST),
            machines: Machine::all(lines, SESSIONS),
            shortened: shortened
                || timeline.ledger.left_out > 0
                || Machine::all_sessions(lines).nth(SESSIONS).is_some(),
            counts: timeline.ledger.counts(),
            exceptions: timeline.ledger.exceptions,
            signatures: timeline.ledger.signatures,
            seals: Seals::of(replayed, required(folder, opened, top.verified()).as_deref()),
            performances: timeline.performances,
            groups: timeline.groups,
            pictures,
            devices,
            keys,
            files,
            files_left_out,
            left_out: timeline.left_out,
            top,
        }
    }
}

fn title(opened: Option<&Opened>, replayed: &Replayed) -> String {
    match opened {
        Some(_) => clip(&replayed.title, BRIEF),
        None => "A record without a first entry".into(),
    }
}

/// The roles whose seals the runbook of a record requires; nothing when it is not known.
fn required(folder: &Folder, opened: Option<&Opened>, verified: bool) -> Option<Vec<String>> {
    let named = opened.filter(|_| verified)?.runbook.first()?;
    let runbook = load(&folder.resolve(&named.path).ok()?).ok()?.runbook?;
    let all = runbook.participants.iter().filter(|(_, it)| it.seal == Sealing::Required);
    Some(all.map(|(role, _)| role.to_string()).collect())
}
