//! `yubihsm.audit-log`.

mod audit;
mod entry;

use super::{
    argument::{FACTORY_DEFAULT, ObjectId, YubiHsm, password},
    command_name::command_name,
    device::Device,
    session::{Command, Moment, Session},
};
use crate::ports::Ports;
use crate::product::Target;
use entry::{LogEntry, broken};
use officiant_engine::conduct::{Effect, Exhibit, Failure, Objection, SecretName, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use yubihsm::{Capability, audit::AuditOption};

/// Reads the device's audit log and checks its chain of digests
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html#get-log-entries-command>). Nothing is
/// taken out of the log: SET LOG INDEX changes the device, and is left to the vendor's tools.
///
/// The `yubihsm` crate 0.42.1 reads a log up to the first command in it that it does not know, of symmetric keys or public wrap
/// keys, and says nothing of the rest; such a log fails the step.
pub(super) struct AuditLog(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiHsm,
    /// The authentication key to open the session with; it needs the capability `get-log-entries`.
    #[serde(default = "ObjectId::factory")]
    authentication_key: ObjectId,
    /// Its password.
    password: SecretName,
    /// The file for the entries, among the products: JSON, an array with an object for each.
    out: String,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// How many entries the log has; the device keeps the last 62.
    entries: usize,
    /// The number of the first entry.
    first: Option<u16>,
    /// The number of the last entry.
    last: Option<u16>,
    /// The digest of the last entry: 16 bytes, hex.
    digest: Option<String>,
    /// How many restarts found no room in the log.
    unlogged_boots: u16,
    /// How many authentications found no room in the log.
    unlogged_authentications: u16,
    /// Whether commands fail that cannot be logged; nothing when the session may not ask, or the answer cannot be read.
    force_audit: Option<bool>,
    /// The commands that are logged, by the vendor's names, as far as the program knows them; nothing when the session may not
    /// ask, or the answer cannot be read.
    audited: Option<Vec<String>>,
    /// The file's path in the ceremony folder.
    path: String,
    /// The file's SHA-256, hex.
    sha256: String,
}

impl StepHandler for AuditLog {
    const NAME: &'static str = "yubihsm.audit-log";
    const SUMMARY: &'static str = "Reads the device's audit log, checks its chain of digests and writes it down.";
    const EFFECT: Effect = Effect::Observes;
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let out = Target::of(stage, &arguments.out)?;
        let password = password(stage, &arguments.password)?;
        let device = Device::find(&*self.0, stage, &arguments.device)?;
        let session = device.open(stage, arguments.authentication_key.0, &password)?;
        let command = Command::looks("get-log-entries").needs(Capability::GET_LOG_ENTRIES);
        let log = session.run(command, yubihsm::Client::get_log_entries)?;
        let (force_audit, audited) = options(&session);
        session.finish(Moment::Before)?;

        if log.entries.len() != usize::from(log.num_entries) {
            return Err(Failure::new(
                "unreadable-log",
                format!(
                    "of the {} entries in the log of {} the program can read {}; after these is a command that it does not know",
                    log.num_entries,
                    device.name(),
                    log.entries.len()
                ),
            )
            .next("read the log with yubihsm-shell, `audit get`, and deviate with what it shows"));
        }
        let read = log.entries.iter().map(|entry| LogEntry {
            item: entry.item,
            command: command_name(entry.cmd.to_u8()),
            code: entry.cmd.to_u8(),
            length: entry.length,
            session_key: entry.session_key,
            target_key: entry.target_key,
            second_key: entry.second_key,
            result: entry.result.to_u8(),
            systick: entry.tick,
            digest: hex::encode(entry.digest.as_ref()),
        });
        let mut entries: Vec<LogEntry> = read.collect();
        LogEntry::settle(&mut entries);
        if let Some(why) = broken(&entries) {
            return Err(Failure::new("broken-log", format!("the audit log of {} does not hold: {why}", device.name()))
                .next("do not use this device; keep it as it is, and find out what it is"));
        }
        let mut bytes = serde_json::to_vec_pretty(&entries)
            .map_err(|error| Failure::new("encoding", format!("the log cannot be written: {error}")))?;
        bytes.push(b'\n');
        let file = out.write(stage, &bytes)?;
        Ok(Outputs {
            serial: device.serial(),
            entries: entries.len(),
            first: entries.first().map(|entry| entry.item),
            last: entries.last().map(|entry| entry.item),
            digest: entries.last().map(|entry| entry.digest.clone()),
            unlogged_boots: log.unlogged_boot_events,
            unlogged_authentications: log.unlogged_auth_events,
            force_audit,
            audited,
            path: file.path,
            sha256: file.sha256,
        })
    }

    /// The log in the folder is whole, goes on where the one before stopped, and has what the steps in between did on the
    /// device, and nothing else that changes it or uses a key: see [`audit`].
    fn audit(&self, _: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        audit::objections(outputs, exhibit)
    }
}

/// Whether auditing is forced, and which commands are logged.
fn options(session: &Session<'_>) -> (Option<bool>, Option<Vec<String>>) {
    let on = |option: AuditOption| option != AuditOption::Off;
    let force = session.attempt(yubihsm::Client::get_force_audit_option).ok().map(on);
    let commands = session.attempt(yubihsm::Client::get_commands_audit_options).ok();
    // It is read up to the first command that the crate does not know.
    let whole = commands.filter(|commands| {
        let known: Vec<String> = commands.iter().map(|it| command_name(it.command_type().to_u8())).collect();
        audit::TELLING.iter().all(|name| known.iter().any(|known| known == name))
    });
    let audited = whole.map(|commands| {
        let logged = commands.iter().filter(|command| on(command.audit_option()));
        logged.map(|command| command_name(command.command_type().to_u8())).collect()
    });
    (force, audited)
}
