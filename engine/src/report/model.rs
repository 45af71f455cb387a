//! What is on the page, as plain data.

use super::{
    devices::{Device, Key},
    files::{self, File},
    ledger::{Count, Exception, Signature},
    names::{Names, Participant},
    pictures::{Picture, pictures},
    seals::Seals,
    shown::{BRIEF, LONGEST, clip},
    timeline::{Group, Performance, Timeline},
    times::{between, day_and_time},
    verdict::Top,
};
use crate::{
    audit::Replayed,
    conduct::Bindings,
    record::{Event, Folder, HostFacts, Line, Opened, Program, words},
};
use serde::Serialize;

/// Most rows of a table.
const MOST: usize = 1_000;

/// Most sessions, and most bindings of one.
const SESSIONS: usize = 200;
const BINDINGS: usize = 100;

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
    sessions: Vec<Session>,
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

/// A machine that the ceremony was opened or resumed on.
#[derive(Debug, Serialize)]
struct Session {
    line: usize,
    at: String,
    what: &'static str,
    system: String,
    interfaces: String,
    program: String,
    program_sha256: String,
    key: String,
    bindings: Vec<String>,
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
        let all_sessions = || lines.iter().filter_map(Session::of);
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
            sessions: all_sessions().take(SESSIONS).collect(),
            shortened: shortened || timeline.ledger.left_out > 0 || all_sessions().nth(SESSIONS).is_some(),
            counts: timeline.ledger.counts(),
            exceptions: timeline.ledger.exceptions,
            signatures: timeline.ledger.signatures,
            seals: Seals::of(replayed),
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

impl Session {
    fn of(line: &Line) -> Option<Self> {
        let entry = line.entry.as_ref().ok()?;
        let (what, host, program, bindings, key) = match &entry.event {
            Event::Opened(it) => ("Opened", &it.host, &it.program, &it.bindings, &it.session_key),
            Event::Resumed(it) => ("Resumed", &it.host, &it.program, &it.bindings, &it.session_key),
            _ => return None,
        };
        let HostFacts { system, kernel, machine, interfaces } = host;
        let interfaces = interfaces.as_ref().map_or("not known".into(), |interfaces| {
            let all: Vec<String> = interfaces.iter().map(|(name, state)| format!("{name} {state}")).collect();
            if all.is_empty() { "none".into() } else { all.join(", ") }
        });
        let Program { name, version, sha256 } = program;
        let kernel = kernel.as_ref().map(|kernel| format!(", kernel {kernel}")).unwrap_or_default();
        let machine = machine.as_ref().map(|machine| format!(", {machine}")).unwrap_or_default();
        Some(Self {
            line: line.number,
            at: day_and_time(&entry.at),
            what,
            system: clip(&format!("{system}{kernel}{machine}"), BRIEF),
            interfaces: clip(&interfaces, LONGEST),
            program: clip(&format!("{name} {version}"), BRIEF),
            program_sha256: sha256.as_ref().map_or("not known".into(), |sha256| clip(sha256, 64)),
            key: clip(key, 64),
            bindings: bound(bindings),
        })
    }
}

/// The bindings, without the participants, who have their own table.
fn bound(bindings: &Bindings) -> Vec<String> {
    let mut bound: Vec<String> =
        bindings.inputs.iter().take(BINDINGS).map(|(name, input)| format!("input {name} is {input}")).collect();
    for (name, device) in bindings.devices.iter().take(BINDINGS) {
        let serial = device.serial.map(|serial| format!("serial number {serial}"));
        let connector = device.connector.as_ref().map(|connector| format!("at {connector}"));
        let said: Vec<String> = serial.into_iter().chain(connector).collect();
        bound.push(format!("device {name}: {}", said.join(", ")));
    }
    if !bindings.yubihsm.connectors.is_empty() {
        bound.push(format!("YubiHSMs are looked for at {}", bindings.yubihsm.connectors.join(", ")));
    }
    if let Some(products) = &bindings.products {
        bound.push(format!("products are also copied to {products}"));
    }
    bound.iter().map(|text| clip(text, BRIEF)).collect()
}
