//! `yubihsm.generate-asymmetric-key`.

use super::{
    argument::{
        Capabilities, Domains, FACTORY_DEFAULT, KeyAlgorithm, Label, ObjectId, ObjectType, YubiHsm, algorithm_name,
        password,
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
use yubihsm::{Capability, object};

/// Generates a key pair in the device
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html#generate-asymmetric-key-command>).
pub(super) struct GenerateAsymmetricKey(pub(super) Arc<dyn Ports>);

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
    /// The new key's algorithm.
    algorithm: KeyAlgorithm,
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

const MADE: &str = "the key was generated";

impl StepHandler for GenerateAsymmetricKey {
    const NAME: &'static str = "yubihsm.generate-asymmetric-key";
    const SUMMARY: &'static str = "Generates a key pair in the device.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    const IRREVERSIBLE: Option<&'static str> = Some("A key pair is generated: no other will ever be the same.");
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let (object_type, id) = (ObjectType::AsymmetricKey, arguments.object_id.0);
        let algorithm = arguments.algorithm.to_device();
        let password = password(stage, &arguments.password)?;

        let device = Device::find(&*self.0, stage, &arguments.device)?;
        let session = device.open(stage, arguments.authentication_key.0, &password)?;
        session.vacant(object_type, id)?;
        let at_least = session.own_key()?.delegated_capabilities;

        Seen::Vacant { object_type, object_id: id }.record(stage, &device)?;
        let command = Command {
            name: "generate-asymmetric-key",
            needs: Capability::GENERATE_ASYMMETRIC_KEY,
            object: Some((object_type, id)),
            gives: arguments.capabilities.by_name(),
            domains: arguments.domains.0,
            moment: Moment::Changing(MADE),
        };
        session.run(command, |client| {
            client.generate_asymmetric_key(
                id,
                arguments.label.to_device(),
                arguments.domains.0,
                arguments.capabilities.bits(),
                algorithm,
            )
        })?;

        let read_back = Command::looks("get-object-info").about(object_type, id).at(Moment::After(MADE));
        let info = session.run(read_back, |client| client.get_object_info(id, object::Type::AsymmetricKey))?;
        arguments.wanted(at_least).compare(&info)?;
        session.finish(Moment::After(MADE))?;
        Ok(Outputs { serial: device.serial(), object: Object::of(&info) })
    }

    /// What came of it is what was asked for. That the key is there is for attestations to say.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        if let Err(objection) = KeyOnDevice::of(outputs, arguments.object_id.0, exhibit) {
            return vec![objection];
        }
        let (capabilities, delegated) = (arguments.capabilities, Capabilities::These(Capability::empty()));
        let mut objections = not_as_asked(outputs, &arguments.label, arguments.domains, capabilities, delegated);
        if outputs["algorithm"].as_str() != Some(&algorithm_name(arguments.algorithm.to_device().to_u8())) {
            objections.push(Objection::wrong("not-as-asked", "the key has another algorithm than was asked for"));
        }
        let vacant = Seen::Vacant { object_type: ObjectType::AsymmetricKey, object_id: arguments.object_id.0 };
        objections.extend(before::objections(outputs, exhibit, |seen: &Seen| *seen == vacant));
        if outputs["origin"] != "generated" {
            objections.push(Objection::wrong("not-as-asked", "the key was not generated in the device"));
        }
        objections
    }

    /// A key that is there is this step's when its ID was seen to be free before; it must then be as it was to be. Without that
    /// the command was never sent, and a key that is there is of somebody else: performing says so.
    fn probe(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        let (object_type, object_id) = (ObjectType::AsymmetricKey, arguments.object_id.0);
        let password = password(stage, &arguments.password)?;
        let device = Device::find(&*self.0, stage, &arguments.device)?;
        if Seen::recorded(stage, &device)? != Some(Seen::Vacant { object_type, object_id }) {
            return Ok(Probed::NotDone);
        }
        let session = device.open(stage, arguments.authentication_key.0, &password)?;
        let Some(info) = session.object(object_type, object_id, Moment::Before)? else {
            session.finish(Moment::Before)?;
            return Ok(Probed::NotDone);
        };
        arguments.wanted(session.own_key()?.delegated_capabilities).compare(&info)?;
        session.finish(Moment::After(MADE))?;
        Ok(Probed::Done(Outputs { serial: device.serial(), object: Object::of(&info) }))
    }
}

impl Arguments {
    /// What the key is to be.
    fn wanted(&self, at_least: Capability) -> Wanted<'_> {
        Wanted {
            object_type: ObjectType::AsymmetricKey,
            object_id: self.object_id.0,
            label: &self.label,
            domains: self.domains,
            capabilities: self.capabilities,
            delegated: Capabilities::These(Capability::empty()),
            algorithm: self.algorithm.to_device().to_u8(),
            origin: object::Origin::Generated,
            at_least,
        }
    }
}
