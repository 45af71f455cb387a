//! The types of arguments, by the vendor's names.

mod algorithm;
mod device_name;
mod policy;
mod slot;

pub(super) use algorithm::KeyAlgorithm;
pub(super) use device_name::YubiKeyName;
pub(super) use policy::{PinPolicy, TouchPolicy};
pub use slot::Slot;

/// The name of the secret that every device leaves the factory with: the PIN, PUK or management key that the argument takes. They
/// are the same on all devices, and public (<https://docs.yubico.com/yesdk/users-manual/application-piv/pin-puk-mgmt-key.html>).
pub(crate) const FACTORY_DEFAULT: &str = "factory-default";
