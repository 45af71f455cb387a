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
    /// The device is pulled out: its connector has no device or its reader no card, and every session is lost.
    Vanish,
    /// The device answers with this error.
    Answer(E),
    /// The power fails: every session is lost, and every connection closed without a word.
    PowerOff,
    /// The answer never arrives: this connection is closed without a word. The device stays.
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

/// The failures that a device is still to have, and who wants to know of them.
pub(crate) struct Faults<C, E> {
    pending: Vec<Fault<C, E>>,
    watcher: Option<Box<Watcher<C, E>>>,
}

/// Told of the faults that have not happened yet, and whether the device is in and has power.
type Watcher<C, E> = dyn Fn(&[Fault<C, E>], bool) + Send;

impl<C, E> Default for Faults<C, E> {
    fn default() -> Self {
        Self { pending: Vec::new(), watcher: None }
    }
}

impl<C: Copy + PartialEq, E: Copy> Faults<C, E> {
    pub(crate) fn inject(&mut self, fault: Fault<C, E>) {
        self.pending.push(Fault { nth: fault.nth.max(1), ..fault });
    }

    pub(crate) fn clear(&mut self) {
        self.pending.clear();
    }

    pub(crate) fn pending(&self) -> &[Fault<C, E>] {
        &self.pending
    }

    pub(crate) fn watch(&mut self, watcher: impl Fn(&[Fault<C, E>], bool) + Send + 'static) {
        self.watcher = Some(Box::new(watcher));
    }

    /// Counts a command, and returns the effect of the fault that is due at it. Several due at once are one. Whoever
    /// watches is told of what was only counted; of what happens, the device [tells](Self::tell) when it has.
    pub(crate) fn due(&mut self, command: C, carried_out: bool, plugged: bool) -> Option<FaultEffect<E>> {
        let (mut due, mut counted) = (None, false);
        self.pending.retain_mut(|fault| {
            if fault.command != command || fault.carried_out != carried_out {
                return true;
            }
            counted = true;
            fault.nth = fault.nth.saturating_sub(1);
            if fault.nth == 0 {
                due = due.or(Some(fault.effect));
            }
            fault.nth > 0
        });
        if counted && due.is_none() {
            self.tell(plugged);
        }
        due
    }

    pub(crate) fn tell(&self, plugged: bool) {
        if let Some(watcher) = &self.watcher {
            watcher(&self.pending, plugged);
        }
    }
}
