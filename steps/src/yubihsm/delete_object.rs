//! `yubihsm.delete-object`.

use super::{
    argument::{FACTORY_DEFAULT, ObjectId, ObjectType, YubiHsm, password},
    before::{self, Seen},
    device::Device,
    history::serial_of,
    session::{Command, Moment, Session},
};
use crate::ports::Ports;
use crate::text::plain;
use officiant_engine::conduct::{Effect, Exhibit, Failure, Objection, Probed, SecretName, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use yubihsm::object::Filter;

/// Deletes an object and looks that it is gone
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html#delete-object-command>).
pub(super) struct DeleteObject(pub(super) Arc<dyn Ports>);

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
    /// The ID of the object.
    object_id: ObjectId,
    /// Its type.
    object_type: ObjectType,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// The ID of the object that is gone.
    object_id: u16,
    /// Its type.
    object_type: ObjectType,
    /// The label that it had.
    label: String,
    /// That the device no longer has it.
    gone: bool,
}

const DONE: &str = "the object was deleted";

impl StepHandler for DeleteObject {
    const NAME: &'static str = "yubihsm.delete-object";
    const SUMMARY: &'static str = "Deletes an object and looks that it is gone.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    const IRREVERSIBLE: Option<&'static str> = Some("The object is deleted from the device.");
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let (object_type, id) = (arguments.object_type, arguments.object_id.0);
        let key = arguments.authentication_key.0;
        let password = password(stage, &arguments.password)?;

        let device = Device::find(&*self.0, stage, &arguments.device)?;
        let session = device.open(stage, key, &password)?;
        let Some(info) = session.object(object_type, id, Moment::Before)? else {
            return Err(Failure::new(
                "not-found",
                format!("{} has no {object_type} {id} that authentication key {key} may see", device.name()),
            )
            .next(
                "look at what is there with yubihsm.list-objects; an attempt that was broken off may have deleted it",
            ));
        };
        if object_type == ObjectType::AuthenticationKey {
            not_the_last(&session, device.name(), id)?;
        }

        let label = plain(&info.label.to_string());
        Seen::Held { object_type, object_id: id, sequence: info.sequence, label: label.clone() }
            .record(stage, &device)?;
        let command = Command::looks("delete-object")
            .about(object_type, id)
            .needs(object_type.deleting())
            .at(Moment::Changing(DONE));
        session.run(command, |client| client.delete_object(id, object_type.to_device()))?;

        let gone = if object_type == ObjectType::AuthenticationKey && id == key {
            // Nothing says that a session outlives its key; that no new one opens is what counts.
            device.open(stage, key, &password).is_err_and(|failure| failure.code == "no-authentication-key")
        } else {
            session.object(object_type, id, Moment::After(DONE))?.is_none()
        };
        if !gone {
            return Err(Failure::new("read-back", format!("{} still has {object_type} {id}", device.name()))
                .next("look at what is there with yubihsm.list-objects"));
        }
        session.finish(Moment::After(DONE))?;
        Ok(Outputs { serial: device.serial(), object_id: id, object_type, label, gone })
    }

    /// The object was the one that was named, was there before, and is gone.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let (kind, id) = (arguments.object_type, arguments.object_id.0);
        let mut objections: Vec<_> = serial_of(outputs, exhibit).err().into_iter().collect();
        let held = |seen: &Seen| match seen {
            Seen::Held { object_type, object_id, label, .. } => {
                (*object_type, *object_id) == (kind, id) && outputs["label"] == label.as_str()
            }
            _ => false,
        };
        objections.extend(before::objections(outputs, exhibit, held));
        let is_it = outputs["object_id"] == id && outputs["object_type"] == kind.to_string();
        if !is_it || outputs["gone"] != true {
            objections
                .push(Objection::wrong("not-as-asked", format!("what came of it is not that {kind} {id} is gone")));
        }
        objections
    }

    /// An object that is gone is this step's work when it was seen there before; without that the command was never sent, and
    /// performing says that there is no such object.
    fn probe(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        let (object_type, object_id) = (arguments.object_type, arguments.object_id.0);
        let key = arguments.authentication_key.0;
        let password = password(stage, &arguments.password)?;
        let device = Device::find(&*self.0, stage, &arguments.device)?;
        let (sequence, label) = match Seen::recorded(stage, &device)? {
            Some(Seen::Held { object_type: seen_type, object_id: seen_id, sequence, label })
                if (seen_type, seen_id) == (object_type, object_id) =>
            {
                (sequence, label)
            }
            _ => return Ok(Probed::NotDone),
        };
        let done = Outputs { serial: device.serial(), object_id, object_type, label, gone: true };
        let own = object_type == ObjectType::AuthenticationKey && object_id == key;
        let session = match device.open(stage, key, &password) {
            Err(failure) if own && failure.code == "no-authentication-key" => {
                device.check()?;
                return Ok(Probed::Done(done));
            }
            opened => opened?,
        };
        let found = session.object(object_type, object_id, Moment::Before)?;
        session.finish(Moment::Before)?;
        match found {
            None => Ok(Probed::Done(done)),
            Some(info) if info.sequence == sequence => Ok(Probed::NotDone),
            Some(info) => Err(Failure::new(
                "changed",
                format!(
                    "{object_type} {object_id} on {} is not the one that was to be deleted: it has the sequence number {}, that \
                     one had {sequence}",
                    device.name(),
                    info.sequence
                ),
            )
            .next("find out who else uses the device")),
        }
    }
}

/// A device without an authentication key can be used by nobody until it is reset.
fn not_the_last(session: &Session<'_>, name: &str, id: u16) -> Result<(), Failure> {
    let filters = [Filter::Type(ObjectType::AuthenticationKey.to_device())];
    let keys = session.run(Command::looks("list-objects"), |client| client.list_objects(&filters))?;
    if keys.iter().any(|key| key.object_id != id) {
        return Ok(());
    }
    Err(Failure::new(
        "last-key",
        format!(
            "authentication key {id} is the only one that can be seen on {name}; without it nobody could use the device until it \
             is reset"
        ),
    )
    .next("store another one first with yubihsm.put-authentication-key"))
}
