//! Whether a device is in and has power: known and changed without waiting for a command that is being carried out,
//! which may itself be waiting for a touch.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The supply of a device.
pub(super) struct Power(Mutex<Supply>);

struct Supply {
    presence: Presence,
    losses: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    PluggedIn,
    Unplugged,
    PoweredOff,
}

impl Power {
    pub(super) fn on() -> Self {
        Self(Mutex::new(Supply { presence: Presence::PluggedIn, losses: 0 }))
    }

    pub(super) fn presence(&self) -> Presence {
        self.supply().presence
    }

    pub(super) fn is_plugged(&self) -> bool {
        self.presence() == Presence::PluggedIn
    }

    /// How often what a device knows only while it has power was lost.
    pub(super) fn losses(&self) -> u64 {
        self.supply().losses
    }

    pub(super) fn plug(&self) {
        self.supply().presence = Presence::PluggedIn;
    }

    pub(super) fn lose(&self, presence: Presence) {
        let mut supply = self.supply();
        supply.presence = presence;
        supply.losses = supply.losses.wrapping_add(1);
    }

    fn supply(&self) -> MutexGuard<'_, Supply> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
