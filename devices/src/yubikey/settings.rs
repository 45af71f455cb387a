//! What a virtual YubiKey is to be.

use std::{fmt, path::PathBuf, sync::Arc};

use crate::{AttestationKey, Firmware};

/// What [`VirtualYubiKey::open`](super::VirtualYubiKey::open) opens.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The serial number: made part of a new device, compared with that of one whose file is there.
    pub serial: u32,
    /// The device's file. If there is none, it is made, and with it a factory-new device.
    pub state: PathBuf,
    /// The firmware version: made part of a new device (5.4.3 if `None`), compared with that of one whose file is there.
    pub firmware: Option<Firmware>,
    /// Whether the device is one of the FIPS Series: made part of a new device (no if `None`), compared with that of one
    /// whose file is there.
    pub fips: Option<bool>,
    /// The form factor of a new device, without the bits of its series: `0x03` is the keychain with USB-C.
    pub form_factor: u8,
    /// Who touches the device.
    pub touch: Touch,
    /// The attestation key (slot F9) of a new device. With `None` it makes one of its own, which takes a moment
    /// (RSA-2048). Devices of one batch share theirs.
    pub attestation_key: Option<AttestationKey>,
}

impl Settings {
    /// A device as it comes from the factory, but for what the file at `state` says. It is touched by itself.
    pub fn new(serial: u32, state: impl Into<PathBuf>) -> Self {
        Self {
            serial,
            state: state.into(),
            firmware: None,
            fips: None,
            form_factor: 0x03,
            touch: Touch::Automatic,
            attestation_key: None,
        }
    }
}

/// Who touches a device that waits for it.
#[derive(Clone)]
pub enum Touch {
    /// It is touched as soon as it waits.
    Automatic,
    /// This one is asked.
    By(Arc<dyn Toucher>),
}

impl fmt::Debug for Touch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Automatic => "Automatic",
            Self::By(_) => "By",
        })
    }
}

/// Somebody who may touch the device.
pub trait Toucher: Send + Sync {
    /// Whether the device was touched before it gave up, which the real one does after 15 seconds. `what` is what it
    /// waits for, as a phrase: `to use the key in slot 9c`.
    ///
    /// The command is carried out while this runs, so it must not send the device another, nor ask for its faults.
    fn touch(&self, what: &str) -> bool;
}
