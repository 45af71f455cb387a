//! The card: what answers APDUs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    connection::Link,
    fault::Fault,
    power::{Power, Presence},
    settings::Settings,
};
use crate::{Error, Firmware};

/// A virtual YubiKey. Clones are the same device; its file is locked until the last of them is dropped.
#[derive(Clone)]
pub struct VirtualYubiKey(Arc<Shared>);

/// What comes back for an APDU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer of the card, which may be a refusal.
    Answer(Vec<u8>),
    /// There is no card to answer.
    NoDevice,
    /// Nothing comes back, whether or not the command was carried out.
    Silence,
}

struct Shared {
    serial: u32,
    firmware: Firmware,
    fips: bool,
    power: Power,
    card: Mutex<Card>,
}

struct Card {
    faults: Vec<Fault>,
}

impl VirtualYubiKey {
    /// Opens the device in a file, or makes a factory-new one and its file.
    ///
    /// # Errors
    /// The file cannot be read or written, is damaged, is in use, or is of another device than asked for; see
    /// [`Error`].
    pub fn open(settings: &Settings) -> Result<Self, Error> {
        Ok(Self(Arc::new(Shared {
            serial: settings.serial,
            firmware: settings.firmware.unwrap_or(Firmware::new(5, 4, 3)),
            fips: settings.fips.unwrap_or_default(),
            power: Power::on(),
            card: Mutex::new(Card { faults: Vec::new() }),
        })))
    }

    /// The reply to one command APDU (ISO/IEC 7816-4).
    #[must_use]
    pub fn transmit(&self, _apdu: &[u8]) -> Reply {
        Reply::Answer(vec![0x6d, 0])
    }

    /// A reset by the reader, cold or warm: what was verified, selected and begun is forgotten.
    pub fn reset(&self) {
        self.0.power.lose(self.0.power.presence());
    }

    /// The serial number.
    #[must_use]
    pub fn serial(&self) -> u32 {
        self.0.serial
    }

    /// The firmware version.
    #[must_use]
    pub fn firmware(&self) -> Firmware {
        self.0.firmware
    }

    /// Whether it is one of the FIPS Series.
    #[must_use]
    pub fn is_fips(&self) -> bool {
        self.0.fips
    }

    /// Puts the device in, or switches everything on again. A device that is in stays as it is.
    pub fn plug(&self) {
        self.0.power.plug();
    }

    /// Pulls the device out, until [`plug`](Self::plug).
    pub fn unplug(&self) {
        self.0.power.lose(Presence::Unplugged);
    }

    /// Switches everything off, until [`plug`](Self::plug).
    pub fn power_off(&self) {
        self.0.power.lose(Presence::PoweredOff);
    }

    /// Whether the device is in and has power.
    #[must_use]
    pub fn is_plugged(&self) -> bool {
        self.0.power.is_plugged()
    }

    /// How often the device was reset or lost its power. A reader that sees another number than before has had its card
    /// pulled, also if it is in again.
    #[must_use]
    pub fn power_losses(&self) -> u64 {
        self.0.power.losses()
    }

    /// Lets the device fail once; see [`Fault`].
    pub fn inject(&self, fault: Fault) {
        self.card().faults.push(Fault { nth: fault.nth.max(1), ..fault });
    }

    /// Takes back the faults that have not happened yet.
    pub fn clear_faults(&self) {
        self.card().faults.clear();
    }

    /// The faults that have not happened yet, `nth` counted from now.
    #[must_use]
    pub fn pending_faults(&self) -> Vec<Fault> {
        self.card().faults.clone()
    }

    /// Lets `watcher` know when a fault was counted or happened, before a reply leaves that shows it: with the faults that
    /// have not happened yet, and whether the device is in and has power. It is called while the device is held, and must
    /// not call it.
    pub fn watch(&self, _watcher: impl Fn(&[Fault], bool) + Send + 'static) {}

    /// Tells this reader from now on when the device is put in or pulled out.
    pub(super) fn put_into(&self, reader: &Arc<Link>) {
        self.0.power.put_into(reader);
    }

    fn card(&self) -> MutexGuard<'_, Card> {
        // A state is replaced as a whole or not at all, so it is intact even if a thread died while it had the lock.
        self.0.card.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for VirtualYubiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualYubiKey").field("serial", &self.serial()).finish_non_exhaustive()
    }
}
