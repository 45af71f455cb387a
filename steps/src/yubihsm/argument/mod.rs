//! The types of arguments, by the vendor's names.

mod algorithm;
mod authentication_key;
mod capabilities;
mod device_name;
mod domains;
mod label;
mod object_id;
mod object_type;

pub(super) use algorithm::{KeyAlgorithm, algorithm_name};
pub(super) use authentication_key::{FACTORY_DEFAULT, password};
pub(crate) use capabilities::{Capabilities, capability_names};
pub(crate) use device_name::YubiHsm;
pub(crate) use domains::{Domains, domain_numbers};
pub(crate) use label::Label;
pub(super) use object_id::AttestationKeyId;
pub(crate) use object_id::ObjectId;
pub(super) use object_type::ObjectType;

use officiant_engine::notation::nearest;

/// ` ; did you mean …?` when there is something near.
fn suggestion<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, names).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}
