//! Steps that a YubiHSM 2 carries out, one file for each of the vendor's commands.
//!
//! Every one of them finds the device that its runbook names among those that are plugged in, asks the connection that it uses
//! which device that leads to, opens a session, and asks again when it is done.

mod argument;
mod attest;
mod attestation;
mod audit_log;
mod before;
mod command_name;
mod delete_object;
mod device;
mod device_info;
mod factory;
mod generate_asymmetric_key;
mod get_public_key;
mod history;
mod list_objects;
mod object;
mod object_key;
mod public_key;
mod put_authentication_key;
mod reset;
mod session;
mod sign;
mod trouble;

pub(crate) use argument::{Capabilities, Domains, Label, ObjectId, YubiHsm, capability_names, domain_numbers};
pub(crate) use device::Device;
pub(crate) use factory::factory_new;
pub(crate) use object::origin_name;
pub(crate) use object_key::ObjectSession;
pub use object_key::{ObjectKey, OfKey};
pub(crate) use sign::LONGEST_ED25519;

use crate::ports::Ports;
use officiant_engine::conduct::Registry;
use std::sync::Arc;

pub(crate) fn register(registry: Registry, ports: &Arc<dyn Ports>) -> Registry {
    let ports = || Arc::clone(ports);
    registry
        .with(attest::Attest(ports()))
        .with(audit_log::AuditLog(ports()))
        .with(delete_object::DeleteObject(ports()))
        .with(device_info::DeviceInfo(ports()))
        .with(generate_asymmetric_key::GenerateAsymmetricKey(ports()))
        .with(get_public_key::GetPublicKey(ports()))
        .with(list_objects::ListObjects(ports()))
        .with(put_authentication_key::PutAuthenticationKey(ports()))
        .with(reset::Reset(ports()))
        .with(sign::Sign(ports()))
}
