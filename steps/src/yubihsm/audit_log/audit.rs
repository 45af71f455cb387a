//! Whether a recorded audit log is of what the recorded steps did.
//!
//! Compared are the commands that change the device or use a key: those since the previous reading of the same device, or since
//! the log begins. Where a log begins in the middle of a device's life, what is there before the first step's command is not of
//! this ceremony. Of a step that failed, the command may be there or not.

use super::{
    super::{
        command_name::only_looks,
        history::{file_of, serial_of},
    },
    entry::{LogEntry, broken},
};
use officiant_engine::conduct::{Exhibit, Objection, Performed};
use serde_json::Value;

/// A command that a step had the device carry out.
struct Caused<'a> {
    command: &'static str,
    target: u16,
    /// Whether it must be in the log.
    certain: bool,
    step: &'a Performed,
}

/// What is wrong with a log.
pub(super) fn objections(outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
    look(outputs, exhibit).unwrap_or_else(|objection| vec![objection])
}

fn look(outputs: &Value, exhibit: &Exhibit<'_>) -> Result<Vec<Objection>, Objection> {
    let serial = serial_of(outputs, exhibit)?;
    let file = file_of(outputs, "path", exhibit)?;
    let log: Vec<LogEntry> = serde_json::from_slice(&file)
        .map_err(|error| Objection::wrong("log", format!("the file is no audit log: {error}")))?;
    if let Some(why) = broken(&log) {
        return Err(Objection::wrong("log", format!("the audit log does not hold: {why}")));
    }
    if let Some(entry) = log.iter().find(|entry| !entry.is_named_rightly()) {
        let message =
            format!("entry {} is called {}, which is not the command {:#04x}", entry.item, entry.command, entry.code);
        return Err(Objection::wrong("log", message));
    }
    let last = log.last();
    let told = [
        ("entries", Value::from(log.len())),
        ("first", Value::from(log.first().map(|entry| entry.item))),
        ("last", Value::from(last.map(|entry| entry.item))),
        ("digest", Value::from(last.map(|entry| entry.digest.clone()))),
    ];
    let mut objections: Vec<Objection> = told
        .into_iter()
        .filter(|(name, found)| outputs[*name] != *found)
        .map(|(name, _)| Objection::wrong("log", format!("the log has another `{name}` than the record says")))
        .collect();
    let written = serde_json::to_vec_pretty(&log).map(|mut bytes| {
        bytes.push(b'\n');
        bytes
    });
    if !written.is_ok_and(|written| written == file) {
        let message = "the file says more than an audit log, or says it in another form";
        objections.push(Objection::wrong("log", message));
    }
    for name in ["unlogged_boots", "unlogged_authentications"] {
        if outputs[name] != 0 {
            let message = format!("the log had no room: {name} is {}", outputs[name]);
            objections.push(Objection::unproven("unlogged", message));
        }
    }
    let (window, steps, begins) = since(&log, serial, exhibit, &mut objections);
    let audited = outputs["audited"].as_array();
    objections.extend(compare(window, &caused(steps, serial), begins, audited.map(Vec::as_slice)));
    Ok(objections)
}

/// The entries to compare, the steps to compare them with, and whether the entries begin where the steps do.
fn since<'a>(
    log: &'a [LogEntry],
    serial: u32,
    exhibit: &'a Exhibit<'_>,
    objections: &mut Vec<Objection>,
) -> (&'a [LogEntry], &'a [Performed], bool) {
    let earlier = exhibit.earlier();
    let of_it = |step: &Performed| step.serial == Some(serial);
    let previous = earlier.iter().rposition(|step| {
        of_it(step)
            && step.uses == exhibit.this().uses
            && step.outputs.as_ref().is_some_and(|it| it["serial"] == serial)
    });
    let reset = earlier.iter().rposition(|step| of_it(step) && is_reset(step) && step.finished);
    let starts = log.iter().position(LogEntry::is_reset);
    if let Some(place) = reset.filter(|place| previous.is_none_or(|previous| previous < *place)) {
        if starts.is_none() {
            gap("the log does not begin with the reset", objections);
        }
        return (&log[starts.map_or(0, |start| start + 1)..], &earlier[place + 1..], starts.is_some());
    }
    let Some(previous) = previous else {
        return (&log[starts.map_or(0, |start| start + 1)..], earlier, starts.is_some());
    };
    let steps = &earlier[previous + 1..];
    let before = earlier[previous].outputs.as_ref();
    let (item, digest) = (before.and_then(|it| it["last"].as_u64()), before.and_then(|it| it["digest"].as_str()));
    let (Some(item), Some(digest)) = (item, digest) else { return (log, steps, false) };
    if let Some(place) = log.iter().position(|entry| u64::from(entry.item) == item && entry.digest == digest) {
        return (&log[place + 1..], steps, true);
    }
    let next = log.first().filter(|first| u64::from(first.item.wrapping_sub(1)) == item);
    if next.is_some_and(|first| first.follows_digest(digest)) {
        return (log, steps, true);
    }
    if starts.is_some() || next.is_some() || log.iter().any(|entry| u64::from(entry.item) == item) {
        let line = earlier[previous].line;
        let message =
            format!("the log does not go on from the one in line {line}: the device was reset, or is another");
        objections.push(Objection::wrong("log-unaccounted", message));
    } else {
        gap("entries between the previous reading and this one are lost", objections);
    }
    (log, steps, false)
}

fn gap(what: &str, objections: &mut Vec<Objection>) {
    objections.push(Objection::unproven("log-gap", format!("{what}: the device keeps 62 entries")));
}

fn is_reset(step: &Performed) -> bool {
    matches!(step.uses.as_str(), "yubihsm.reset" | "devices.touch-reset")
}

/// What the steps had the device do, in their order.
fn caused(steps: &[Performed], serial: u32) -> Vec<Caused<'_>> {
    let mut caused = Vec::new();
    for step in steps.iter().filter(|step| step.serial == Some(serial)) {
        let id = step.with.get("object_id").and_then(Value::as_u64).and_then(|id| u16::try_from(id).ok());
        let Some(target) = id else { continue };
        let commands: &[&str] = match step.uses.as_str() {
            "yubihsm.put-authentication-key" => &["put-authentication-key"],
            "yubihsm.generate-asymmetric-key" => &["generate-asymmetric-key"],
            "yubihsm.delete-object" => &["delete-object"],
            "yubihsm.sign" => match step.outputs.as_ref().and_then(|outputs| outputs["algorithm"].as_str()) {
                Some("ed25519") => &["sign-eddsa"],
                Some(_) => &["sign-ecdsa"],
                None => &["sign-eddsa", "sign-ecdsa"],
            },
            _ => continue,
        };
        let certain = step.outputs.is_some();
        let tried = caused.len();
        // A step that was taken up commanded nothing itself: the try did that which failed before it, or the ceremony broke off in.
        let (broke_off, own) = (step.breaks, usize::from(!step.taken_up));
        for _ in 0..own + broke_off {
            caused.extend(commands.iter().map(|command| Caused { command, target, certain: false, step }));
        }
        // Each try may have got as far as the device; the one that counts comes first, so that one entry is its.
        let first = if step.taken_up { failed_before(&caused, step, tried) } else { tried };
        if certain && first == caused.len() {
            caused.extend(commands.iter().map(|command| Caused { command, target, certain, step }));
        } else if certain {
            caused[first].certain = true;
        }
    }
    caused
}

/// Where the tries of a step begin of which none is known to have been carried out; `tried` when there are none.
fn failed_before(caused: &[Caused<'_>], step: &Performed, tried: usize) -> usize {
    let of_it = |it: &Caused<'_>| it.step.uses == step.uses && it.step.with == step.with && !it.certain;
    caused[..tried].iter().rposition(|it| !of_it(it)).map_or(0, |before| before + 1)
}

/// The commands of a log and those that the steps caused, in the order of both.
fn compare(window: &[LogEntry], caused: &[Caused<'_>], begins: bool, audited: Option<&[Value]>) -> Vec<Objection> {
    let mut objections: Vec<Objection> = not_audited(audited).into_iter().collect();
    let (mut next, mut missing, mut begun) = (0, Vec::new(), begins);
    for entry in window.iter().filter(|entry| !only_looks(&entry.command) && entry.succeeded()) {
        let fits = |it: &Caused<'_>| it.command == entry.command && it.target == entry.target_key;
        match caused[next..].iter().position(fits) {
            Some(passed) => {
                missing.extend(&caused[next..next + passed]);
                next += passed + 1;
                begun = true;
            }
            None if !begun => {}
            None => objections.push(Objection::wrong(
                "log-unaccounted",
                format!(
                    "entry {} of the log is {} of object {}, by authentication key {}, which no step caused",
                    entry.item, entry.command, entry.target_key, entry.session_key
                ),
            )),
        }
    }
    missing.extend(&caused[next..]);
    // What was written over may have been there.
    let whole = begins || window.len() < CAPACITY;
    for it in missing.into_iter().filter(|it| it.certain) {
        let message = format!("{} of object {}, line {}, is not in the log", it.command, it.target, it.step.line);
        match audited {
            Some(audited) if audited.iter().any(|name| name == it.command) && whole => {
                objections.push(Objection::wrong("log-missing", message));
            }
            // That it is not logged is said already.
            Some(audited) if !audited.iter().any(|name| name == it.command) => {}
            _ => objections.push(Objection::unproven("log-missing", message)),
        }
    }
    objections
}

/// Entries that a device keeps.
const CAPACITY: usize = 62;

/// What makes keys, takes them out or uses them, as far as steps and the best known other ways go.
pub(super) const TELLING: [&str; 8] = [
    "put-authentication-key",
    "generate-asymmetric-key",
    "put-asymmetric-key",
    "import-wrapped",
    "export-wrapped",
    "delete-object",
    "sign-ecdsa",
    "sign-eddsa",
];

fn not_audited(audited: Option<&[Value]>) -> Option<Objection> {
    let Some(audited) = audited else {
        let message = "which commands the device logs is not known: what is not in the log may have been done";
        return Some(Objection::unproven("not-audited", message));
    };
    let silent: Vec<&str> = TELLING.into_iter().filter(|name| !audited.iter().any(|logged| logged == name)).collect();
    let message =
        || format!("the device does not log these commands, which may have been carried out: {}", silent.join(", "));
    (!silent.is_empty()).then(|| Objection::unproven("not-audited", message()))
}
