//! The hand that plugs devices in and pulls them out, and what the steps see then.

use super::{
    Bench, Kind,
    device::{Device, Settings},
};
use officiant_engine::conduct::{Bindings, Failure};
use officiant_steps::ports::{Hand, Port, Ports, Present, YUBIKEY, cards_in_readers, look_at};
use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a card may take until the smart card service has noticed that it was put in or pulled out. It looks a few times a
/// second.
const NOTICED: Duration = Duration::from_secs(10);

/// How long the smart card service may take a card for in that is out, or was for a moment: it looks every 0.4 seconds, and has to
/// look twice.
pub const STALE: Duration = Duration::from_secs(1);

impl Bench {
    /// The serial numbers of the cards that are in a reader.
    pub fn cards(&self) -> Vec<u32> {
        let state = self.state();
        let within = state.running.iter().filter(|(_, device)| device.reader().is_some());
        within.filter_map(|(name, _)| state.devices.get(name).map(Settings::serial)).collect()
    }

    /// Waits until the smart card service takes no more readers for ones with a card than have one, or until it has had its time:
    /// a card that is in again before it has noticed that it was out, it gives up.
    fn await_absence(&self) {
        let until = Instant::now() + NOTICED;
        while Instant::now() < until && cards_in_readers().is_ok_and(|seen| seen > self.cards().len()) {
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the smart card service shows the cards that are in a reader, and no others; or until it has had its time, for
    /// it is the steps that say what is the matter then.
    pub fn await_cards(&self) {
        let until = Instant::now() + NOTICED;
        while Instant::now() < until {
            let mut within = self.cards();
            let Ok(present) = look_at(YUBIKEY, &[]) else { return };
            let mut seen: Vec<u32> = present.devices.iter().map(|device| device.serial).collect();
            within.sort_unstable();
            seen.sort_unstable();
            if within == seen {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Ports for Bench {
    fn present(&self, kind: &str, _: &Bindings) -> Result<Present, Failure> {
        let none =
            |what: &str| Present { devices: Vec::new(), empty: vec![format!("no virtual {what} is plugged in")] };
        if Kind::of(kind) == Some(Kind::YubiKey) {
            // Without a card in, nobody need have started the readers.
            return if self.cards().is_empty() { Ok(none("YubiKey")) } else { look_at(kind, &[]) };
        }
        let state = self.state();
        let plugged = state.running.values().filter_map(|device| match device {
            Device::YubiHsm(connector) if connector.device().is_plugged() => Some(connector.url()),
            _ => None,
        });
        let ports = plugged.map(|url| url.parse()).collect::<Result<Vec<Port>, _>>()?;
        drop(state);
        if ports.is_empty() {
            return Ok(none("device"));
        }
        look_at(kind, &ports)
    }

    fn hand(&self) -> Option<&dyn Hand> {
        Some(self)
    }
}

impl Hand for Bench {
    fn insert(&self, device: &str, touch_reset: bool) -> Result<(), Failure> {
        let mut state = self.state();
        let Device::YubiHsm(connector) = state.device(device)? else {
            if touch_reset {
                let message = format!("{device} is a YubiKey, and no touch resets one");
                return Err(Failure::new("virtual-device", message));
            }
            if state.device(device)?.reader().is_none() {
                // One that has no reader is not written down as plugged in.
                state.free_reader(device)?;
                let unnoticed = state.unnoticed(device);
                drop(state);
                thread::sleep(unnoticed);
                self.await_absence();
                let mut state = self.state();
                state.write_down(device, true)?;
                state.plug(device)?;
                drop(state);
                self.await_cards();
            }
            return Ok(());
        };
        let virtual_device = connector.device().clone();
        state.write_down(device, true)?;
        if touch_reset {
            virtual_device.touch_reset().map_err(|error| {
                Failure::new("virtual-device", format!("the virtual {device} does not reset: {error}"))
            })?;
        }
        virtual_device.plug();
        Ok(())
    }

    fn remove(&self, device: &str) -> Result<(), Failure> {
        let mut state = self.state();
        state.device(device)?;
        state.write_down(device, false)?;
        let removed = state.device(device)?;
        let was_in_reader = removed.reader().is_some();
        removed.unplug();
        state.removed = Some(Instant::now());
        drop(state);
        if was_in_reader {
            self.await_cards();
        }
        Ok(())
    }
}
