//! A virtual device of either kind.

use super::{Kind, fault::Fault};
use officiant_devices::{
    AttestationKey, Error,
    yubihsm::{self, Connector, Ed25519Attestation, RunningConnector, VirtualYubiHsm},
    yubikey::{self, Connection, RunningConnection, VirtualYubiKey},
};
use officiant_engine::notation;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

/// What a virtual device is to be.
#[derive(Clone)]
pub enum Settings {
    YubiHsm(yubihsm::Settings),
    YubiKey(yubikey::Settings),
}

impl Settings {
    /// What the runbook says of the virtual device.
    ///
    /// # Errors
    /// The firmware version is none, in words.
    pub fn new(kind: Kind, serial: u32, device: Option<&notation::VirtualDevice>) -> Result<Self, String> {
        let firmware = device.and_then(|device| device.firmware.as_ref());
        let firmware = firmware.map(|text| text.parse().map_err(|error| format!("firmware {text}: {error}")));
        let firmware = firmware.transpose()?;
        Ok(match kind {
            Kind::YubiHsm => {
                let mut settings = yubihsm::Settings::new(serial, PathBuf::new());
                settings.firmware = firmware;
                // The client leaves its sessions open, and a rehearsal goes through the device's 16 faster than people do.
                settings.session_timeout = Duration::from_secs(5);
                // Devices so far refuse; a runbook says so where it wants to see what happens then.
                settings.ed25519_attestation = match device.and_then(|device| device.attests_ed25519) {
                    Some(false) => Ed25519Attestation::default(),
                    _ => Ed25519Attestation::Attested,
                };
                Self::YubiHsm(settings)
            }
            Kind::YubiKey => {
                let mut settings = yubikey::Settings::new(serial, PathBuf::new());
                settings.firmware = firmware;
                settings.fips = device.and_then(|device| device.fips);
                Self::YubiKey(settings)
            }
        })
    }

    /// Which kind of device it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::YubiHsm(_) => Kind::YubiHsm,
            Self::YubiKey(_) => Kind::YubiKey,
        }
    }

    /// Its serial number.
    pub fn serial(&self) -> u32 {
        match self {
            Self::YubiHsm(settings) => settings.serial,
            Self::YubiKey(settings) => settings.serial,
        }
    }

    /// Gives it another serial number.
    pub fn set_serial(&mut self, serial: u32) {
        match self {
            Self::YubiHsm(settings) => settings.serial = serial,
            Self::YubiKey(settings) => settings.serial = serial,
        }
    }

    /// Gives it the key that it certifies others with.
    pub fn set_attestation_key(&mut self, key: &AttestationKey) {
        match self {
            Self::YubiHsm(settings) => settings.attestation_key = Some(key.clone()),
            Self::YubiKey(settings) => settings.attestation_key = Some(key.clone()),
        }
    }

    /// Makes the device, or takes it up from its file, with nothing plugged in.
    ///
    /// # Errors
    /// It does not work, or there is no port left for its connector.
    pub fn open(&self, state: &Path) -> Result<Device, Error> {
        match self {
            Self::YubiHsm(settings) => {
                let device = VirtualYubiHsm::open(&yubihsm::Settings { state: state.into(), ..settings.clone() })?;
                device.unplug();
                Ok(Device::YubiHsm(Connector::start(device, ([127, 0, 0, 1], 0).into())?))
            }
            Self::YubiKey(settings) => {
                let card = VirtualYubiKey::open(&yubikey::Settings { state: state.into(), ..settings.clone() })?;
                card.unplug();
                Ok(Device::YubiKey { card, reader: None })
            }
        }
    }
}

/// A virtual device that has power, or would if it were plugged in.
pub enum Device {
    /// Behind a connector of its own.
    YubiHsm(RunningConnector),
    /// In a virtual reader, once it was plugged in.
    YubiKey { card: VirtualYubiKey, reader: Option<RunningConnection> },
}

impl Device {
    /// The reader that it is in, if it is a card and plugged in.
    pub fn reader(&self) -> Option<SocketAddr> {
        match self {
            Self::YubiKey { card, reader: Some(connection) } if card.is_plugged() => Some(connection.reader()),
            _ => None,
        }
    }

    /// Pulls it out, if it is in.
    pub fn unplug(&mut self) {
        match self {
            Self::YubiHsm(connector) => connector.device().unplug(),
            Self::YubiKey { card, reader } => {
                card.unplug();
                *reader = None;
            }
        }
    }

    /// Puts a card into a reader; nothing for another device.
    ///
    /// # Errors
    /// The reader is not on this machine.
    pub fn put_into(&mut self, address: SocketAddr) -> Result<(), Error> {
        if let Self::YubiKey { card, reader } = self {
            // Where it was when a fault took it, another may be now.
            *reader = None;
            card.plug();
            *reader = Some(Connection::start(card.clone(), address)?);
        }
        Ok(())
    }

    /// Lets it fail.
    pub fn inject(&self, fault: Fault) {
        match (self, fault) {
            (Self::YubiHsm(connector), Fault::YubiHsm(fault)) => connector.device().inject(fault),
            (Self::YubiKey { card, .. }, Fault::YubiKey(fault)) => card.inject(fault),
            // A fault is read for its device's kind.
            (Self::YubiHsm(_), Fault::YubiKey(_)) | (Self::YubiKey { .. }, Fault::YubiHsm(_)) => {}
        }
    }

    /// Takes back the faults that have not happened.
    pub fn clear_faults(&self) {
        match self {
            Self::YubiHsm(connector) => connector.device().clear_faults(),
            Self::YubiKey { card, .. } => card.clear_faults(),
        }
    }

    /// Tells of each fault that happened: which are left, and whether the device is still in.
    pub fn watch(&self, watcher: impl Fn(&[Fault], bool) + Send + 'static) {
        match self {
            Self::YubiHsm(connector) => connector.device().watch(move |faults, plugged| {
                watcher(&faults.iter().copied().map(Fault::YubiHsm).collect::<Vec<_>>(), plugged);
            }),
            Self::YubiKey { card, .. } => card.watch(move |faults, plugged| {
                watcher(&faults.iter().copied().map(Fault::YubiKey).collect::<Vec<_>>(), plugged);
            }),
        }
    }
}
