//! The audit log (*Logging and Logs*; *Command Reference*, GET LOG ENTRIES): 62 entries, each with a digest over itself and the
//! one before.

use std::collections::{BTreeMap, VecDeque};

use rand_core::{OsRng, RngCore};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::command::CommandCode;
use crate::Firmware;

/// Entries that the log has room for.
pub(super) const CAPACITY: u8 = 62;

/// No object, no session.
const NONE: u16 = 0xffff;

/// What is remembered of commands, and of which.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditLog {
    /// Those that no client has taken out yet with SET LOG INDEX.
    pub(super) entries: VecDeque<Entry>,
    /// The number of the last entry, and its digest.
    last: u16,
    #[serde(with = "hex")]
    digest: [u8; 16],
    /// Restarts that found no room.
    pub(super) unlogged_boots: u16,
    /// Authentications that found no room.
    pub(super) unlogged_authentications: u16,
    /// Whether commands fail that cannot be logged.
    pub(super) force: AuditOption,
    /// Which commands are logged, by code, where it is not as by default.
    commands: BTreeMap<u8, AuditOption>,
}

/// The value of an option.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub(super) enum AuditOption {
    #[default]
    Off = 0,
    On = 1,
    /// On until the device is reset.
    Fixed = 2,
}

impl AuditOption {
    pub(super) fn from_code(code: u8) -> Option<Self> {
        [Self::Off, Self::On, Self::Fixed].into_iter().find(|option| *option as u8 == code)
    }

    pub(super) fn is_on(self) -> bool {
        self != Self::Off
    }
}

/// An entry.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) number: u16,
    pub(super) happened: Happened,
    #[serde(with = "hex")]
    pub(super) digest: [u8; 16],
}

/// What an entry is of.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Happened {
    pub(super) command: u8,
    /// Bytes of its data.
    pub(super) length: u16,
    /// The authentication key of its session.
    pub(super) session_key: u16,
    pub(super) target_key: u16,
    pub(super) second_key: u16,
    /// First byte of the answer, or the error code. How a real device writes an error here is not documented.
    pub(super) result: u8,
    /// Milliseconds since it has power. The unit of a real device is not documented.
    pub(super) tick: u32,
}

impl Happened {
    /// The first entry of a device, after a reset.
    const RESET: Self = Self {
        command: 0xff,
        length: NONE,
        session_key: NONE,
        target_key: NONE,
        second_key: NONE,
        result: 0xff,
        tick: u32::MAX,
    };
    /// The entry of a restart.
    const BOOT: Self =
        Self { command: 0, length: 0, session_key: NONE, target_key: 0, second_key: 0, result: 0, tick: 0 };

    /// A command and the objects that it is about. `answer`: its data, or the code of an error.
    pub(super) fn command(
        code: u8,
        session_key: Option<u16>,
        data: &[u8],
        answer: Result<&[u8], u8>,
        tick: u32,
    ) -> Self {
        let (target_key, second_key) = objects(code, data, answer.unwrap_or_default());
        Self {
            command: code,
            length: u16::try_from(data.len()).unwrap_or(u16::MAX),
            session_key: session_key.unwrap_or(NONE),
            target_key,
            second_key,
            result: answer.map_or_else(|error| error, |_| code | 0x80),
            tick,
        }
    }

    /// All of an entry but its digest.
    fn to_bytes(self, number: u16) -> Vec<u8> {
        let mut bytes = number.to_be_bytes().to_vec();
        bytes.push(self.command);
        for field in [self.length, self.session_key, self.target_key, self.second_key] {
            bytes.extend(field.to_be_bytes());
        }
        bytes.push(self.result);
        bytes.extend(self.tick.to_be_bytes());
        bytes
    }
}

impl Entry {
    pub(super) fn to_bytes(self) -> Vec<u8> {
        [self.happened.to_bytes(self.number).as_slice(), &self.digest].concat()
    }
}

/// The objects that a command is about; AUTHENTICATE SESSION is told apart by who knows the session.
fn objects(code: u8, data: &[u8], answer: &[u8]) -> (u16, u16) {
    let at = |bytes: &[u8], place: usize| {
        bytes.get(place..place + 2).and_then(|id| id.try_into().ok()).map_or(NONE, u16::from_be_bytes)
    };
    match CommandCode::from_code(code) {
        // The ID that the device picked.
        Some(
            CommandCode::PutAuthenticationKey | CommandCode::PutAsymmetricKey | CommandCode::GenerateAsymmetricKey,
        ) => (if answer.is_empty() { at(data, 0) } else { at(answer, 0) }, NONE),
        Some(CommandCode::SignAttestationCertificate) => (at(data, 0), at(data, 2)),
        Some(
            CommandCode::CreateSession
            | CommandCode::ChangeAuthenticationKey
            | CommandCode::DeleteObject
            | CommandCode::GetObjectInfo
            | CommandCode::GetOpaque
            | CommandCode::GetPublicKey
            | CommandCode::SignEcdsa
            | CommandCode::SignEddsa,
        ) => (at(data, 0), NONE),
        _ => (NONE, NONE),
    }
}

impl AuditLog {
    /// The log of a device that was reset and has started: every option as by default.
    pub(super) fn after_reset() -> Self {
        let mut log = Self::default();
        // What comes before the first entry of a real device is not documented, and differs between devices.
        OsRng.fill_bytes(&mut log.digest);
        log.append(Happened::RESET);
        log.append(Happened::BOOT);
        log
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= usize::from(CAPACITY)
    }

    pub(super) fn used(&self) -> u8 {
        u8::try_from(self.entries.len()).unwrap_or(CAPACITY)
    }

    /// Logs a restart, or counts it.
    pub(super) fn boot(&mut self) {
        if self.force.is_on() && self.is_full() {
            self.unlogged_boots = self.unlogged_boots.saturating_add(1);
        } else {
            self.append(Happened::BOOT);
        }
    }

    /// Adds an entry; the oldest makes room.
    pub(super) fn append(&mut self, happened: Happened) {
        while self.is_full() {
            self.entries.pop_front();
        }
        self.last = self.last.wrapping_add(1);
        let digest = Sha256::new().chain_update(happened.to_bytes(self.last)).chain_update(self.digest).finalize();
        self.digest.copy_from_slice(&digest[..16]);
        self.entries.push_back(Entry { number: self.last, happened, digest: self.digest });
    }

    /// Forgets the entries up to a number; nothing when there is no such entry.
    pub(super) fn take_out(&mut self, number: u16) -> Option<()> {
        let place = self.entries.iter().position(|entry| entry.number == number)?;
        self.entries.drain(..=place);
        (self.unlogged_boots, self.unlogged_authentications) = (0, 0);
        Some(())
    }

    /// Whether a command is logged. By default none is from firmware 2.3.1 on (*Set Command Audit Option*); before that, all
    /// but those that only ask what everybody may know.
    pub(super) fn option(&self, code: u8, firmware: Firmware) -> AuditOption {
        let quiet = [
            CommandCode::Echo,
            CommandCode::SessionMessage,
            CommandCode::DeviceInfo,
            CommandCode::GetDevicePublicKey,
            CommandCode::GetLogEntries,
        ];
        let default = if firmware.at_least(2, 3, 1) || quiet.iter().any(|command| command.code() == code) {
            AuditOption::Off
        } else {
            AuditOption::On
        };
        self.commands.get(&code).copied().unwrap_or(default)
    }

    pub(super) fn set_option(&mut self, code: u8, option: AuditOption) {
        self.commands.insert(code, option);
    }
}
