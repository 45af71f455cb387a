//! The password of an authentication key.

use officiant_engine::conduct::{Failure, Secret, SecretName, Stage};

/// The name of the secret that every device leaves the factory with; the same on all of them, and public
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-core-concepts.html#authentication-key-object>).
pub(crate) const FACTORY_DEFAULT: &str = "factory-default";

/// The password with that name.
pub(crate) fn password(stage: &mut Stage<'_>, name: &SecretName) -> Result<Secret, Failure> {
    if name.secret == FACTORY_DEFAULT { Ok(Secret::new("password".to_string())) } else { stage.secret(name) }
}
