//! The state in which a device leaves the factory.

use super::{
    argument::{FACTORY_DEFAULT, ObjectId, ObjectType, password},
    device::Device,
    session::{Command, Moment},
};
use officiant_engine::conduct::{Failure, SecretName, Stage};

/// Makes sure that a device is as it left the factory: one authentication key with the factory's password, and nothing else.
///
/// # Errors
/// `wrong-password`, `no-authentication-key`, `not-reset`, `vanished`.
pub(crate) fn factory_new(stage: &mut Stage<'_>, device: &Device) -> Result<(), Failure> {
    let key = ObjectId::factory().0;
    let password = password(stage, &SecretName { secret: FACTORY_DEFAULT.to_string() })?;
    let session = device.open(stage, key, &password)?;
    let objects = session.run(Command::looks("list-objects"), |client| client.list_objects(&[]))?;
    session.finish(Moment::Before)?;
    let others = objects
        .iter()
        .filter(|entry| entry.object_id != key || entry.object_type != ObjectType::AuthenticationKey.to_device())
        .count();
    if others == 0 {
        return Ok(());
    }
    Err(Failure::new("not-reset", format!("it holds {others} more objects than the factory's authentication key")))
}
