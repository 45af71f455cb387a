//! Failures to rehearse.

use super::{command::CommandCode, error_code::ErrorCode};

/// A failure that a device is to have, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The command that it happens at; a command inside a SESSION MESSAGE is meant by its own name.
    pub command: CommandCode,
    /// Whether the command has been carried out by then.
    pub carried_out: bool,
    /// At which such command it happens, counted from when the fault is injected: 1 is the next.
    pub nth: u32,
    /// What happens.
    pub effect: FaultEffect,
}

/// What happens at a [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultEffect {
    /// The device is pulled out: the connector has no device, every session is lost.
    Vanish,
    /// The device answers with this error.
    Answer(ErrorCode),
    /// The power fails: every session is lost, and the connector closes every connection without a word.
    PowerOff,
    /// The answer never arrives: the connector closes this connection without a word. The device stays.
    LoseAnswer,
}

impl Fault {
    /// Before the next such command is carried out; it then is not.
    #[must_use]
    pub const fn before(command: CommandCode, effect: FaultEffect) -> Self {
        Self { command, carried_out: false, nth: 1, effect }
    }

    /// After the next such command was carried out, and what it changed was stored. If the device refuses the command,
    /// that counts as carrying it out.
    #[must_use]
    pub const fn after(command: CommandCode, effect: FaultEffect) -> Self {
        Self { command, carried_out: true, nth: 1, effect }
    }

    /// At the `nth` such command instead of the next; 0 is taken as 1.
    #[must_use]
    pub const fn nth(self, nth: u32) -> Self {
        Self { nth, ..self }
    }
}
