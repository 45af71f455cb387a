//! `yubihsm.put-authentication-key`.

use super::{
    argument::{
        Capabilities, Domains, FACTORY_DEFAULT, Label, ObjectId, ObjectType, YubiHsm, algorithm_name, password,
    },
    before::{self, Seen},
    device::Device,
    history::KeyOnDevice,
    object::{Object, Wanted, not_as_asked},
    session::{Command, Moment},
};
use crate::ports::Ports;
use officiant_engine::conduct::{Effect, Exhibit, Failure, Objection, Probed, SecretName, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use yubihsm::{Capability, authentication, object};

/// Stores a new authentication key, made from a password as the vendor's `yubihsm-shell` makes it, and opens a session with it
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html#put-authentication-key-command>).
pub(super) struct PutAuthenticationKey(pub(super) Arc<dyn Ports>);

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
    /// The new key's ID.
    object_id: ObjectId,
    /// The new key's label.
    label: Label,
    /// The new key's domains.
    domains: Domains,
    /// The new key's capabilities.
    capabilities: Capabilities,
    /// The capabilities that the new key may hand on to what is made with it.
    delegated: Capabilities,
    /// The new key's password.
    new_password: SecretName,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// The new key as the device describes it.
    #[serde(flatten)]
    object: Object,
}

const MADE: &str = "the authentication key was stored";

impl StepHandler for PutAuthenticationKey {
    const NAME: &'static str = "yubihsm.put-authentication-key";
    const SUMMARY: &'static str = "Stores a new authentication key, made from a password, and opens a session with it.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        if arguments.new_password.secret == FACTORY_DEFAULT {
            return Err(Failure::new("factory-password", "the factory's password is public and protects nothing")
                .next("name another secret for `new_password` in the runbook"));
        }
        let (object_type, id) = (ObjectType::AuthenticationKey, arguments.object_id.0);
        let current = password(stage, &arguments.password)?;
        let new = password(stage, &arguments.new_password)?;

        let device = Device::find(&*self.0, stage, &arguments.device)?;
        let session = device.open(stage, arguments.authentication_key.0, &current)?;
        session.vacant(object_type, id)?;
        let at_least = session.own_key()?.delegated_capabilities;

        Seen::Vacant { object_type, object_id: id }.record(stage, &device)?;
        let command = Command {
            name: "put-authentication-key",
            needs: Capability::PUT_AUTHENTICATION_KEY,
            object: Some((object_type, id)),
            gives: arguments.capabilities.by_name() | arguments.delegated.by_name(),
            domains: arguments.domains.0,
            moment: Moment::Changing(MADE),
        };
        session.run(command, |client| {
            client.put_authentication_key(
                id,
                arguments.label.to_device(),
                arguments.domains.0,
                arguments.capabilities.bits(),
                arguments.delegated.bits(),
                authentication::Algorithm::YubicoAes,
                authentication::Key::derive_from_password(new.expose().as_bytes()),
            )
        })?;

        let read_back = Command::looks("get-object-info").about(object_type, id).at(Moment::After(MADE));
        let info = session.run(read_back, |client| client.get_object_info(id, object::Type::AuthenticationKey))?;
        arguments.wanted(at_least).compare(&info)?;
        // Whoever deletes the old key next has this one only.
        let opened = device.open(stage, id, &new).map_err(|mut failure| {
            failure.message = format!("{MADE}, but no session opens with it: {}", failure.message);
            failure
                .next("do not delete the authentication key that still works; delete this one, and store it again")
                .in_doubt()
        })?;
        opened.finish(Moment::After(MADE))?;
        Ok(Outputs { serial: device.serial(), object: Object::of(&info) })
    }

    /// What came of it is what was asked for; the password is nowhere in the record.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        if let Err(objection) = KeyOnDevice::of(outputs, arguments.object_id.0, exhibit) {
            return vec![objection];
        }
        let mut objections =
            not_as_asked(outputs, &arguments.label, arguments.domains, arguments.capabilities, arguments.delegated);
        let vacant = Seen::Vacant { object_type: ObjectType::AuthenticationKey, object_id: arguments.object_id.0 };
        objections.extend(before::objections(outputs, exhibit, |seen: &Seen| *seen == vacant));
        let algorithm = algorithm_name(authentication::Algorithm::YubicoAes.to_u8());
        for (name, fits) in
            [("algorithm", outputs["algorithm"] == algorithm), ("origin", outputs["origin"] == "imported")]
        {
            if !fits {
                let message = format!("the {name} of the authentication key is none that one from a password has");
                objections.push(Objection::wrong("not-as-asked", message));
            }
        }
        objections
    }

    /// As with a generated key: one that is there is this step's when its ID was seen to be free before. It must then be as it
    /// was to be, and open a session with the new password as it is entered again.
    fn probe(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        let (object_type, object_id) = (ObjectType::AuthenticationKey, arguments.object_id.0);
        let current = password(stage, &arguments.password)?;
        let new = password(stage, &arguments.new_password)?;
        let device = Device::find(&*self.0, stage, &arguments.device)?;
        if Seen::recorded(stage, &device)? != Some(Seen::Vacant { object_type, object_id }) {
            return Ok(Probed::NotDone);
        }
        let session = device.open(stage, arguments.authentication_key.0, &current)?;
        let Some(info) = session.object(object_type, object_id, Moment::Before)? else {
            session.finish(Moment::Before)?;
            return Ok(Probed::NotDone);
        };
        arguments.wanted(session.own_key()?.delegated_capabilities).compare(&info)?;
        let opened = device.open(stage, object_id, &new).map_err(|mut failure| {
            failure.message = format!("{MADE} before the break, but no session opens with it: {}", failure.message);
            failure.next(
                "enter the new password again, as it was entered before the break; without it nobody can use this key",
            )
        })?;
        opened.finish(Moment::After(MADE))?;
        Ok(Probed::Done(Outputs { serial: device.serial(), object: Object::of(&info) }))
    }
}

impl Arguments {
    /// What the key is to be.
    fn wanted(&self, at_least: Capability) -> Wanted<'_> {
        Wanted {
            object_type: ObjectType::AuthenticationKey,
            object_id: self.object_id.0,
            label: &self.label,
            domains: self.domains,
            capabilities: self.capabilities,
            delegated: self.delegated,
            algorithm: authentication::Algorithm::YubicoAes.to_u8(),
            origin: object::Origin::Imported,
            at_least,
        }
    }
}
