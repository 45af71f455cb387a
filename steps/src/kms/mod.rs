//! Keys that a cloud holds: the online key of a TUF repository in AWS KMS, by its public half.

mod arn;
mod client;
mod public_key;
mod refused;
mod scheme;

use officiant_engine::conduct::Registry;

pub(crate) fn register(registry: Registry) -> Registry {
    registry.with(public_key::GetPublicKey)
}
