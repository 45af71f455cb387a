//! Where the online key is: in a file, or in a YubiHSM 2 that stays on the machine.

use super::{arguments::Arguments, online::Online};
use crate::{
    devices::DeviceName,
    ports::Ports,
    tuf::{
        metadata::PublicKey,
        signing_key::{InObject, InSession, KeyName, SigningKey},
    },
};
use officiant_engine::conduct::{Failure, Stage};
use std::sync::{Mutex, PoisonError};

/// The key that signs bins, snapshot and timestamp.
pub(super) enum OnlineKey {
    InFile(Online),
    InObject(Box<InObject>),
}

impl OnlineKey {
    /// Reads the key of a file, or finds the one in a device.
    ///
    /// # Errors
    /// `wrong-argument`, `key-file`; `no-device`, `wrong-device`, `wrong-password`, `not-found` and others of a device.
    pub(super) fn of(ports: &dyn Ports, arguments: &Arguments, stage: &mut Stage<'_>) -> Result<Self, Failure> {
        let Arguments { online_key_file, device, object_id, authentication_key, password, .. } = arguments;
        let of_device = object_id.is_some() || authentication_key.is_some() || password.is_some();
        match (online_key_file, device) {
            (Some(file), None) if !of_device => Ok(Self::InFile(Online::of(file, stage)?)),
            (None, Some(device)) => {
                let (object_id, authentication_key) = (*object_id, *authentication_key);
                let password = password.as_ref();
                let name = KeyName { object_id, authentication_key, password, ..KeyName::default() };
                let device = DeviceName(device.0.clone());
                Ok(Self::InObject(Box::new(InObject::open(ports, stage, &device, name)?)))
            }
            _ => Err(Failure::new(
                "wrong-argument",
                "the online key is in an `online_key_file`, or in a `device` with `object_id` and `password`: name one of the two",
            )
            .next("correct the runbook")),
        }
    }

    pub(super) fn public(&self) -> PublicKey {
        match self {
            Self::InFile(key) => key.public(),
            Self::InObject(key) => key.public().clone(),
        }
    }

    /// The serial number of the device.
    pub(super) fn serial(&self) -> Option<u32> {
        match self {
            Self::InFile(_) => None,
            Self::InObject(key) => key.serial(),
        }
    }

    /// What signs one thing after the other, as long as no more than half a minute is between them.
    ///
    /// # Errors
    /// Those of a session.
    pub(super) fn signer(&self) -> Result<Signer<'_>, Failure> {
        match self {
            Self::InFile(key) => Ok(Signer::InMemory(key)),
            Self::InObject(key) => Ok(Signer::InDevice(key, Mutex::new(key.session()?))),
        }
    }
}

/// An online key that is ready to sign.
pub(super) enum Signer<'a> {
    /// On all cores at once.
    InMemory(&'a Online),
    /// One after the other.
    InDevice(&'a InObject, Mutex<InSession<'a>>),
}

impl Signer<'_> {
    /// Signs as TUF has it: 64 bytes of ed25519, DER of ECDSA.
    ///
    /// # Errors
    /// `too-long`, `untrue-signature` and others of a device.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        match self {
            Self::InMemory(key) => Ok(key.sign(message)),
            Self::InDevice(_, session) => session.lock().unwrap_or_else(PoisonError::into_inner).sign(message),
        }
    }

    /// The most bytes that it signs at once; nothing where there is no such limit.
    pub(super) fn longest(&self) -> Option<usize> {
        match self {
            Self::InMemory(_) => None,
            Self::InDevice(key, _) => key.longest(),
        }
    }

    /// Makes sure that it can sign so many bytes.
    ///
    /// # Errors
    /// `too-long`.
    pub(super) fn can_sign(&self, name: &str, size: usize) -> Result<(), Failure> {
        let Self::InDevice(key, _) = self else { return Ok(()) };
        match key.longest().filter(|most| size > *most) {
            None => Ok(()),
            Some(most) => Err(Failure::new(
                "too-long",
                format!(
                    "{} signs at most {most} bytes with ed25519, and {name} has {size}; nothing was signed",
                    key.place()
                ),
            )
            .next("let the online key be one of P-256, of which the device signs a digest")),
        }
    }

    /// How many parts of the repository are signed before the people are told how far it is.
    pub(super) fn at_a_time(&self) -> usize {
        match self {
            Self::InMemory(_) => 32,
            Self::InDevice(..) => 1,
        }
    }
}
