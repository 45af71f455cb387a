//! `yubihsm.list-objects`.

use super::{
    argument::{FACTORY_DEFAULT, Label, ObjectId, ObjectType, YubiHsm, password},
    device::Device,
    object::Object,
    session::{Command, Moment, Session},
    trouble::Trouble,
};
use crate::ports::Ports;
use officiant_engine::conduct::{Effect, Failure, SecretName, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use yubihsm::object::{Entry, Filter};

/// Lists the objects that a session may see
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html#list-objects-command>).
pub(super) struct ListObjects(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiHsm,
    /// The authentication key to open the session with.
    #[serde(default = "ObjectId::factory")]
    authentication_key: ObjectId,
    /// Its password.
    password: SecretName,
    /// Only the objects of this ID.
    #[serde(default)]
    object_id: Option<ObjectId>,
    /// Only the objects of this type.
    #[serde(default)]
    object_type: Option<ObjectType>,
    /// Only the objects with this label.
    #[serde(default)]
    label: Option<Label>,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// How many objects were found.
    count: usize,
    /// What the device has besides, which is neither counted nor listed: objects of types that this program does not know. It is
    /// left out when there is nothing of the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_listed: Option<&'static str>,
    /// The objects.
    objects: Vec<Object>,
}

const UNKNOWN: &str = "objects of types that this program does not know";

impl StepHandler for ListObjects {
    const NAME: &'static str = "yubihsm.list-objects";
    const SUMMARY: &'static str = "Lists the objects that an authentication key may see.";
    const EFFECT: Effect = Effect::Observes;
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let password = password(stage, &arguments.password)?;
        let device = Device::find(&*self.0, stage, &arguments.device)?;
        let session = device.open(stage, arguments.authentication_key.0, &password)?;
        let (entries, not_listed) = list(&session, &arguments)?;
        let mut objects = Vec::new();
        for entry in &entries {
            let object_type = ObjectType::of(entry.object_type);
            // One that another program deletes meanwhile is not there.
            if let Some(info) = session.object(object_type, entry.object_id, Moment::Before)? {
                objects.push(Object::of(&info));
            }
        }
        let identity = session.finish(Moment::Before)?;
        Ok(Outputs { serial: identity.serial, count: objects.len(), not_listed, objects })
    }
}

/// The objects, and what else there is.
///
/// The `yubihsm` crate 0.42.1 cannot read a list with a type in it that it does not know (symmetric keys and public wrap keys,
/// from firmware 2.3 on). It is then asked for each type that it knows.
fn list(session: &Session<'_>, arguments: &Arguments) -> Result<(Vec<Entry>, Option<&'static str>), Failure> {
    let command = Command::looks("list-objects");
    match session.attempt(|client| client.list_objects(&filters(arguments, arguments.object_type))) {
        Ok(entries) => return Ok((entries, None)),
        Err(Trouble::Garbled(_)) if arguments.object_type.is_none() => {}
        Err(trouble) => return Err(session.failure(command, &trouble)),
    }
    let mut entries = Vec::new();
    for object_type in ObjectType::ALL {
        entries.extend(session.run(command, |client| client.list_objects(&filters(arguments, Some(object_type))))?);
    }
    Ok((entries, Some(UNKNOWN)))
}

fn filters(arguments: &Arguments, object_type: Option<ObjectType>) -> Vec<Filter> {
    let id = arguments.object_id.map(|id| Filter::Id(id.0));
    let object_type = object_type.map(|object_type| Filter::Type(object_type.to_device()));
    let label = arguments.label.as_ref().map(|label| Filter::Label(label.to_device()));
    id.into_iter().chain(object_type).chain(label).collect()
}
