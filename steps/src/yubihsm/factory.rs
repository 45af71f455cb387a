//! The state in which a device leaves the factory.

use super::{
    argument::{FACTORY_DEFAULT, ObjectId, ObjectType, password},
    device::Device,
    session::{Command, Moment, Session},
};
use officiant_engine::conduct::{Failure, Secret, SecretName, Stage};

/// Makes sure that a device is as it left the factory: one authentication key with the factory's password, and nothing else.
///
/// # Errors
/// `wrong-password`, `no-authentication-key`, `not-reset`, `vanished`.
pub(crate) fn factory_new(stage: &mut Stage<'_>, device: &Device) -> Result<(), Failure> {
    let password = factory_password(stage)?;
    let session = device.open(stage, ObjectId::factory().0, &password)?;
    let others = others(&session)?;
    session.finish(Moment::Before)?;
    if others == 0 {
        return Ok(());
    }
    Err(Failure::new("not-reset", format!("it holds {others} more objects than the factory's authentication key")))
}

/// The factory's password.
pub(super) fn factory_password(stage: &mut Stage<'_>) -> Result<Secret, Failure> {
    password(stage, &SecretName { secret: FACTORY_DEFAULT.to_string() })
}

/// How many objects a session sees besides an authentication key with the ID of the factory's.
pub(super) fn others(session: &Session<'_>) -> Result<usize, Failure> {
    let objects = session.run(Command::looks("list-objects"), |client| client.list_objects(&[]))?;
    let factory = (ObjectId::factory().0, ObjectType::AuthenticationKey.to_device());
    Ok(objects.iter().filter(|entry| (entry.object_id, entry.object_type) != factory).count())
}
