//! Failures to rehearse.

/// A failure that a device is to have, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault<C, E> {
    /// The command that it happens at; one inside a SESSION MESSAGE of a YubiHSM is meant by its own name.
    pub command: C,
    /// Whether the command has been carried out by then.
    pub carried_out: bool,
    /// At which such command it happens, counted from when the fault is injected: 1 is the next.
    pub nth: u32,
    /// What happens.
    pub effect: FaultEffect<E>,
}

/// What happens at a [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultEffect<E> {
    /// The device is pulled out: the connector has no device, every session is lost.
    Vanish,
    /// The device answers with this error.
    Answer(E),
    /// The power fails: every session is lost, and the connector closes every connection without a word.
    PowerOff,
    /// The answer never arrives: the connector closes this connection without a word. The device stays.
    LoseAnswer,
}

impl<C, E> Fault<C, E> {
    /// Before the next such command is carried out; it then is not.
    #[must_use]
    pub const fn before(command: C, effect: FaultEffect<E>) -> Self {
        Self { command, carried_out: false, nth: 1, effect }
    }

    /// After the next such command was carried out, and what it changed was stored. If the device refuses the command,
    /// that counts as carrying it out.
    #[must_use]
    pub const fn after(command: C, effect: FaultEffect<E>) -> Self {
        Self { command, carried_out: true, nth: 1, effect }
    }

    /// At the `nth` such command instead of the next; 0 is taken as 1.
    #[must_use]
    pub fn nth(self, nth: u32) -> Self {
        Self { nth, ..self }
    }
}
