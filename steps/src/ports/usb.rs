//! `YubiHSM` 2 devices on USB.

use super::{Identity, Plugged, Port, Present, guarded};
use rusb::UsbContext;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};
use yubihsm::connector::usb::{Devices, UsbTimeout, YUBICO_VENDOR_ID, YUBIHSM2_PRODUCT_ID};

/// Bus number and address: a device that is plugged in again has another address.
type Place = (u8, u8);

/// The devices that were there at the last look.
///
/// To learn a serial number, a device has to be opened, and the `yubihsm` crate resets every one of them when it does. Who waits
/// for a device looks several times a second, so those that are still in their place are not opened again.
#[derive(Debug, Default)]
pub(super) struct Usb(Mutex<BTreeMap<Place, Plugged>>);

impl Usb {
    pub(super) fn look(&self, present: &mut Present) {
        let places = match rusb::Context::new().and_then(|usb| places(&usb)) {
            Ok(places) => places,
            Err(error) => return present.empty.push(unusable(error)),
        };
        if places.is_empty() {
            return present.empty.push("no YubiHSM 2 is on USB".to_string());
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !places.iter().eq(known.keys()) {
            match identify() {
                Ok(devices) => *known = devices,
                Err(why) => {
                    known.clear();
                    return present.empty.push(format!(
                        "a YubiHSM 2 is on USB but cannot be used: {why}; either another program has it, such as a \
                         yubihsm-connector, or this user may not open it"
                    ));
                }
            }
        }
        present.devices.extend(known.values().cloned());
    }
}

fn unusable(error: rusb::Error) -> String {
    format!("USB cannot be used on this machine: {error}")
}

/// Where the devices are, in order, without opening any.
///
/// Each look has a context of its own: that of `rusb::devices` panics where USB cannot be used. The `yubihsm` crate 0.42.1 makes
/// its own as well.
fn places(usb: &rusb::Context) -> rusb::Result<Vec<Place>> {
    let mut places = Vec::new();
    for device in usb.devices()?.iter() {
        // One that was pulled out meanwhile has no descriptor.
        if let Ok(descriptor) = device.device_descriptor()
            && descriptor.vendor_id() == YUBICO_VENDOR_ID
            && descriptor.product_id() == YUBIHSM2_PRODUCT_ID
        {
            places.push((device.bus_number(), device.address()));
        }
    }
    places.sort_unstable();
    Ok(places)
}

fn identify() -> Result<BTreeMap<Place, Plugged>, String> {
    let devices = guarded(|| Devices::detect(UsbTimeout::default())).ok_or("the library for it failed")?;
    let devices = devices.map_err(|error| error.to_string())?;
    let mut known = BTreeMap::new();
    for device in devices {
        let serial = device.serial_number.to_string().parse().map_err(|_| "its serial number is no number")?;
        let mut plugged = Plugged { port: Port::Usb, serial, firmware: String::new() };
        let connector = plugged.connect().map_err(|failure| failure.message)?;
        let identity = Identity::read(&connector).map_err(|why| why.to_string())?;
        if identity.serial != serial {
            return Err(format!("on USB it is {serial}, and to DEVICE INFO it answers {}", identity.serial));
        }
        plugged.firmware = identity.firmware;
        known.insert((device.bus_number(), device.address()), plugged);
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_usb_has_an_empty_port_with_the_reason() {
        let mut present = Present::default();
        Usb::default().look(&mut present);
        if rusb::Context::new().is_err() {
            assert!(present.devices.is_empty());
            assert!(present.empty[0].starts_with("USB cannot be used on this machine: "), "{:?}", present.empty);
        } else {
            assert!(!present.devices.is_empty() || present.empty.len() == 1, "{present:?}");
        }
        assert_eq!(unusable(rusb::Error::Other), "USB cannot be used on this machine: Other error");
    }
}
