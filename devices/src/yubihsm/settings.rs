//! What a virtual device is to be.

use std::{path::PathBuf, time::Duration};

use super::error_code::ErrorCode;
use crate::{AttestationKey, Firmware};

/// What [`VirtualYubiHsm::open`](super::VirtualYubiHsm::open) opens.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The serial number: made part of a new device, compared with that of one whose file is there.
    pub serial: u32,
    /// The device's file. If there is none, it is made, and with it a factory-new device.
    pub state: PathBuf,
    /// The firmware version: made part of a new device (2.4.0 if `None`), compared with that of one whose file is
    /// there.
    pub firmware: Option<Firmware>,
    /// The attestation key of a new device. With `None` it makes one of its own, which takes a moment (RSA-2048).
    /// Devices of one rehearsal may as well share one.
    pub attestation_key: Option<AttestationKey>,
    /// Whether the device attests an Ed25519 key.
    pub ed25519_attestation: Ed25519Attestation,
    /// How long a session may be idle before it expires: 30 seconds on the real device (*Core Concepts*, *Session*).
    pub session_timeout: Duration,
}

impl Settings {
    /// A device as it comes from the factory, but for what the file at `state` says.
    pub fn new(serial: u32, state: impl Into<PathBuf>) -> Self {
        Self {
            serial,
            state: state.into(),
            firmware: None,
            attestation_key: None,
            ed25519_attestation: Ed25519Attestation::default(),
            session_timeout: Duration::from_secs(30),
        }
    }
}

/// Whether SIGN ATTESTATION CERTIFICATE attests an Ed25519 key.
///
/// The vendor's list of known issues says "Attestation currently does not support ed25519 keys", up to the SDK of April
/// 2026 and without naming a firmware version, and the vendor's own tests attest every kind of key but this one. With
/// which code a device refuses is written nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ed25519Attestation {
    /// It attests it like any other key: a firmware that the vendor may ship one day.
    Attested,
    /// It refuses with this code.
    Refused(ErrorCode),
}

impl Default for Ed25519Attestation {
    /// As the vendor says; with *invalid data*, the code for an argument that a command cannot take.
    fn default() -> Self {
        Self::Refused(ErrorCode::InvalidData)
    }
}
