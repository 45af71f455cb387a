//! `piv.change-puk`.

use super::{
    argument::{FACTORY_DEFAULT, YubiKeyName},
    card::Card,
    change::{self, Outputs},
    reference::{LAST_TRY, PUK_AGAIN, Reference},
};
use crate::ports::Ports;
use officiant_engine::conduct::{Effect, Exhibit, Failure, Objection, Probed, SecretName, Stage, StepHandler};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// Changes the PUK.
pub(super) struct ChangePuk(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiKeyName,
    /// The present PUK.
    puk: SecretName,
    /// The new PUK: 6 to 8 characters, digits for where nothing else can be typed; 8 on a FIPS device from 5.7 on.
    new_puk: SecretName,
}

impl StepHandler for ChangePuk {
    const NAME: &'static str = "piv.change-puk";
    const SUMMARY: &'static str = "Changes the PUK of a YubiKey.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    const ASKS: &'static [&'static str] = &[PUK_AGAIN, LAST_TRY];
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let card = Card::find(&*self.0, stage, &arguments.device)?;
        change::perform(card, stage, Reference::Puk, &arguments.puk, &arguments.new_puk)
    }

    fn audit(&self, _: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        change::audit(Reference::Puk, outputs, exhibit)
    }

    /// See [`change::probe`].
    fn probe(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        let card = Card::find(&*self.0, stage, &arguments.device)?;
        change::probe(card, stage, Reference::Puk, &arguments.puk, &arguments.new_puk)
    }
}
