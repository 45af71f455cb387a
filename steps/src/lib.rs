//! The step handlers: what a runbook names with `uses:`, one folder a family.

mod attestation;
mod before;
mod devices;
mod exec;
mod files;
pub mod host;
mod kms;
mod message;
mod people;
mod piv;
pub mod ports;
mod product;
mod public_key;
mod recorded;
mod text;
mod tuf;
mod x509;
mod yubihsm;

pub use people::{banner, words};
pub use piv::{Entered, OfSlot, Slot, SlotKey};
pub use yubihsm::{ObjectKey, OfKey};

use officiant_engine::conduct::Registry;
use ports::Ports;
use std::sync::Arc;

/// Readers of what others made, for fuzzing.
#[doc(hidden)]
pub mod fuzzing {
    /// Reads a certificate or attestation of either kind of device, and leads it to itself.
    pub fn certificate(bytes: &[u8]) {
        crate::attestation::fuzz(bytes);
    }

    /// Reads TUF metadata in both ways there are, which agree.
    pub fn tuf_metadata(bytes: &[u8]) {
        crate::tuf::fuzz(bytes);
    }
}

/// Every step handler; those that need a device look for it on `ports`.
#[must_use]
pub fn registry(ports: &Arc<dyn Ports>) -> Registry {
    let registry = people::register(Registry::default());
    let registry = exec::register(registry);
    let registry = files::register(registry);
    let registry = host::register(registry);
    let registry = attestation::register(registry);
    let registry = kms::register(registry);
    let registry = tuf::register(registry, ports);
    let registry = devices::register(registry, ports);
    let registry = piv::register(registry, ports);
    yubihsm::register(registry, ports)
}
