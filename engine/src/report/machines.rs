//! Where the ceremony was: each machine once, with the sessions that ran on it.

use super::{
    shown::{BRIEF, LONGEST, clip},
    times::day_and_time,
};
use crate::{
    conduct::Bindings,
    record::{ClockReading, Event, HostFacts, Line, Program},
};
use serde::Serialize;

/// Most bindings of one machine.
const BINDINGS: usize = 100;

/// A machine with a program and bindings.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    #[serde(flatten)]
    facts: Facts,
    sessions: Vec<Session>,
}

/// What is the same for all sessions on a machine.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Facts {
    system: String,
    interfaces: String,
    program: String,
    program_sha256: String,
    bindings: Vec<String>,
}

/// A session: from where the ceremony was opened or resumed, to where it broke off or ended.
#[derive(Debug, Serialize)]
pub(super) struct Session {
    line: usize,
    at: String,
    what: &'static str,
    key: String,
    /// How the machine's clock compared to another one; nothing when nobody compared them there.
    clock: Option<String>,
}

impl Machine {
    /// The machines of the first sessions, at most so many.
    pub(super) fn all(lines: &[Line], most: usize) -> Vec<Self> {
        let mut machines: Vec<Self> = Vec::new();
        for (facts, session) in Self::all_sessions(lines).take(most) {
            match machines.iter_mut().find(|machine| machine.facts == facts) {
                Some(machine) => machine.sessions.push(session),
                None => machines.push(Self { facts, sessions: vec![session] }),
            }
        }
        machines
    }

    /// The sessions, each with its machine.
    pub(super) fn all_sessions(lines: &[Line]) -> impl Iterator<Item = (Facts, Session)> {
        lines.iter().filter_map(session)
    }
}

fn session(line: &Line) -> Option<(Facts, Session)> {
    let entry = line.entry.as_ref().ok()?;
    let (what, host, program, bindings, key, clock) = match &entry.event {
        Event::Opened(it) => ("Opened", &it.host, &it.program, &it.bindings, &it.session_key, None),
        Event::Resumed(it) => ("Resumed", &it.host, &it.program, &it.bindings, &it.session_key, it.clock.as_ref()),
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
    let facts = Facts {
        system: clip(&format!("{system}{kernel}{machine}"), BRIEF),
        interfaces: clip(&interfaces, LONGEST),
        program: clip(&format!("{name} {version}"), BRIEF),
        program_sha256: sha256.as_ref().map_or("not known".into(), |sha256| clip(sha256, 64)),
        bindings: bound(bindings),
    };
    let (at, key) = (day_and_time(&entry.at), clip(key, 64));
    Some((facts, Session { line: line.number, at, what, key, clock: clock.map(compared) }))
}

/// How two clocks compared, in words.
fn compared(clock: &ClockReading) -> String {
    let seconds = clock.ahead_seconds.unsigned_abs();
    let differs = match clock.ahead_seconds {
        0 => "no difference that could be read".to_string(),
        1.. => format!("{seconds} s ahead"),
        _ => format!("{seconds} s behind"),
    };
    let (machine, read) = (day_and_time(&clock.machine), day_and_time(&clock.read));
    format!("its clock said {machine} UTC, another one that somebody read {read} UTC: {differs}")
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
    let kms = &bindings.kms;
    let said = [("profile", &kms.profile), ("endpoint", &kms.endpoint), ("region", &kms.region)];
    for (name, value) in said.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        bound.push(format!("{name} for AWS KMS is {value}"));
    }
    if let Some(products) = &bindings.products {
        bound.push(format!("products are also copied to {products}"));
    }
    bound.iter().map(|text| clip(text, BRIEF)).collect()
}
