//! Whether a device is in and has power: known and changed without waiting for a command that is being carried out,
//! which may itself be waiting for a touch.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::connection::{Link, Links};

/// The supply of a device.
pub(super) struct Power(Mutex<Supply>);

struct Supply {
    presence: Presence,
    losses: u64,
    readers: Links,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    PluggedIn,
    Unplugged,
    PoweredOff,
}

impl Power {
    pub(super) fn on() -> Self {
        Self(Mutex::new(Supply { presence: Presence::PluggedIn, losses: 0, readers: Links::default() }))
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

    /// Tells this reader from now on when the device is put in or pulled out.
    pub(super) fn put_into(&self, reader: &Arc<Link>) {
        self.supply().readers.add(reader);
    }

    pub(super) fn plug(&self) {
        self.supply().change(Presence::PluggedIn);
    }

    pub(super) fn lose(&self, presence: Presence) {
        let mut supply = self.supply();
        supply.losses = supply.losses.wrapping_add(1);
        supply.change(presence);
    }

    /// A reset by the reader: what is known only with power is lost, the device stays where it is.
    pub(super) fn reset(&self) {
        let mut supply = self.supply();
        supply.losses = supply.losses.wrapping_add(1);
    }

    fn supply(&self) -> MutexGuard<'_, Supply> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Supply {
    fn change(&mut self, presence: Presence) {
        if self.presence != presence {
            self.presence = presence;
            self.readers.card_moved();
        }
    }
}
