//! `yubihsm.generate-asymmetric-key`.

use super::{
    argument::{Capabilities, Domains, FACTORY_DEFAULT, KeyAlgorithm, Label, ObjectId, ObjectType, YubiHsm, password},
    device::Device,
    object::{Object, Wanted},
    session::{Command, Moment},
};
use crate::ports::Ports;
use officiant_engine::conduct::{Effect, Failure, SecretName, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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
        let wanted = Wanted {
            object_type,
            object_id: id,
            label: &arguments.label,
            domains: arguments.domains,
            capabilities: arguments.capabilities,
            delegated: Capabilities::These(Capability::empty()),
            algorithm: algorithm.to_u8(),
            origin: object::Origin::Generated,
            at_least,
        };
        wanted.compare(&info)?;
        session.finish(Moment::After(MADE))?;
        Ok(Outputs { serial: device.serial(), object: Object::of(&info) })
    }
}
