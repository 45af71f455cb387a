//! Steps that the PIV application of a YubiKey carries out, one file for each of the vendor's words
//! (<https://docs.yubico.com/yesdk/users-manual/application-piv/piv-overview.html>).
//!
//! Every one of them finds the device that its runbook names among those that are plugged in, by its serial number, and connects to
//! that card alone.

mod argument;
mod attest;
mod attestation;
mod before;
mod card;
mod certificate;
mod change;
mod change_pin;
mod change_puk;
mod device_info;
mod factory;
mod generate_key;
mod history;
mod info;
mod key_of_slot;
mod management;
mod public_key;
mod raw;
mod read_certificate;
mod reference;
mod reset;
mod self_sign_certificate;
mod set_management_key;
mod sign;
mod signing;
mod slot_key;
mod tlv;
mod trouble;

pub(crate) use argument::FACTORY_DEFAULT;
pub use argument::Slot;
pub(crate) use key_of_slot::KeyOfSlot;
pub(crate) use reference::{LAST_TRY, PIN_AGAIN};
pub use slot_key::{Entered, OfSlot, SlotKey};

use crate::ports::Ports;
use officiant_engine::conduct::Registry;
use std::sync::Arc;

pub(crate) fn register(registry: Registry, ports: &Arc<dyn Ports>) -> Registry {
    let ports = || Arc::clone(ports);
    registry
        .with(attest::Attest(ports()))
        .with(change_pin::ChangePin(ports()))
        .with(change_puk::ChangePuk(ports()))
        .with(device_info::DeviceInfo(ports()))
        .with(generate_key::GenerateKey(ports()))
        .with(read_certificate::ReadCertificate(ports()))
        .with(reset::Reset(ports()))
        .with(self_sign_certificate::SelfSignCertificate(ports()))
        .with(set_management_key::SetManagementKey(ports()))
        .with(sign::Sign(ports()))
}
