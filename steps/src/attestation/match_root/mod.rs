//! `attestation.match-root`: the keys of a TUF repository's roles are those that verified devices attest, and the other way round.

mod audit;
mod holder;
mod matching;
mod metadata;

use super::{
    key::{Device, Seen},
    kind::Kind,
    piv::{PinPolicy, TouchPolicy},
    verify::{self, Looked, Origin, look},
};
use crate::files::folder_mark;
use holder::Attested;
use matching::{Finding, HeldKey, Matched, RoleHeld};
use metadata::Metadata;
use officiant_engine::conduct::{Effect, Exhibit, Failure, Notice, Objection, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) struct MatchRoot;

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The file `root.json`; a relative path is below `products/`. It must be signed by its own threshold.
    #[schemars(transform = folder_mark)]
    root: String,
    /// The file `targets.json`, whose delegated roles count too; by default the one beside `root`, when it is there.
    #[serde(default)]
    #[schemars(transform = folder_mark)]
    targets: Option<String>,
    /// A device's folder, whose name is its serial number, or a folder of them; a relative path is below `products/`.
    #[schemars(transform = folder_mark)]
    keys: String,
    /// The folder with the vendor's root and intermediates, PEM or DER; a relative path is below `products/`. A rehearsal needs
    /// none for its virtual devices.
    #[serde(default)]
    #[schemars(transform = folder_mark)]
    anchors: Option<String>,
    /// The roles of which every key must have a verified device. A device's key may be in any role.
    #[serde(default = "offline_roles")]
    roles: Vec<String>,
    /// What attests: `piv`, a `YubiKey`'s PIV application, or `yubihsm`.
    #[serde(default = "piv")]
    kind: Kind,
    /// SHA-256 (hex of the DER) of roots that are trusted besides the vendor's.
    #[serde(default)]
    pins: Vec<String>,
    /// The file with the device's certificate, as in `attestation.verify`.
    #[serde(default)]
    certificate: Option<String>,
    /// The files with attestations, as in `attestation.verify`.
    #[serde(default)]
    attestation: Option<String>,
    /// The files with public keys or certificates of them, as in `attestation.verify`.
    #[serde(default)]
    public_key: Option<String>,
    /// Of a `YubiKey`: the slot that every key is in, such as `9c`.
    #[serde(default)]
    #[schemars(regex(pattern = "^[0-9a-fA-F]{2}$"))]
    slot: Option<String>,
    /// Whether keys must have been `generated` in the device that attests them, or `any` will do.
    #[serde(default)]
    origin: Origin,
    /// The oldest firmware that will do, such as `5.4.3`.
    #[serde(default)]
    #[schemars(regex(pattern = r"^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$"))]
    firmware_at_least: Option<String>,
    /// Of a `YubiKey`: the PIN policy of every key.
    #[serde(default)]
    pin_policy: Option<PinPolicy>,
    /// Of a `YubiKey`: the touch policy of every key.
    #[serde(default)]
    touch_policy: Option<TouchPolicy>,
    /// Whether every device must be a FIPS one, or must not.
    #[serde(default)]
    fips: Option<bool>,
    /// When the devices' certificates must have been valid (RFC 3339); by default now. When metadata expires is not looked at.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    at: Option<String>,
}

fn offline_roles() -> Vec<String> {
    ["root", "targets"].map(str::to_string).to_vec()
}

fn piv() -> Kind {
    Kind::Piv
}

impl Arguments {
    /// What `attestation.verify` would be told.
    fn verification(&self) -> verify::Arguments {
        verify::Arguments {
            kind: self.kind,
            folder: self.keys.clone(),
            anchors: self.anchors.clone(),
            pins: self.pins.clone(),
            certificate: self.certificate.clone(),
            attestation: self.attestation.clone(),
            public_key: self.public_key.clone(),
            serials: Vec::new(),
            device: None,
            slot: self.slot.clone(),
            object_id: None,
            label: None,
            origin: self.origin,
            capabilities: None,
            domains: None,
            exportable: false,
            firmware_at_least: self.firmware_at_least.clone(),
            pin_policy: self.pin_policy,
            touch_policy: self.touch_policy,
            fips: self.fips,
            at: self.at.clone(),
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// What attests.
    kind: Kind,
    /// When the devices' certificates were valid, RFC 3339.
    at: String,
    /// The roles of which every key has a verified device.
    roles: Vec<RoleHeld>,
    /// Who holds which key: those of the roles, and those of the devices.
    holders: Vec<HeldKey>,
    /// What is odd, and no reason to refuse.
    findings: Vec<Finding>,
    /// The files of metadata that were read: root, and targets where there is one.
    metadata: Vec<Seen>,
    /// The devices, in the order of their folders.
    devices: Vec<Device>,
    /// The files of anchors that were read.
    anchors: Vec<Seen>,
    /// What in the folders was not looked at.
    passed_over: Vec<String>,
}

impl StepHandler for MatchRoot {
    const NAME: &'static str = "attestation.match-root";
    const SUMMARY: &'static str =
        "Verifies that every key of a TUF repository's roles is in a device, and every device's key in a role.";
    const EFFECT: Effect = Effect::Observes;
    const NOTES: bool = true;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        if arguments.roles.is_empty() {
            return Err(Failure::new("wrong-argument", "`roles` names no role, so that no key would need a device")
                .next("name the roles in the runbook, or leave `roles` out for root and targets"));
        }
        let metadata = Metadata::read(&arguments, stage)?;
        let Looked { at, devices, faults: mut wrong, anchors, passed_over } = look(&arguments.verification(), stage)?;
        let attested: Vec<Attested> = devices.iter().map(Attested::from).collect();
        let Matched { roles, holders, faults, findings } = matching::matched(&metadata, &arguments.roles, &attested);
        wrong.extend(faults);
        let untrue = devices.iter().filter(|device| !device.faults.is_empty());
        wrong.extend(untrue.map(|device| format!("{}: {}", device.serial, device.faults.join("; "))));
        stage.show(Notice::Outcome(holders.iter().map(HeldKey::line).collect()));
        for finding in &findings {
            stage.show(Notice::Information(finding.message.clone()));
        }
        if !wrong.is_empty() {
            let at = at.to_string();
            stage.observe(json!({ "at": at, "faults": wrong, "holders": holders, "findings": findings }))?;
            return Err(does_not_match(&wrong, metadata.has_targets()));
        }
        let at = at.to_string();
        let metadata = metadata.into_files();
        let kind = arguments.kind;
        Ok(Outputs { kind, at, roles, holders, findings, metadata, devices, anchors, passed_over })
    }

    /// The files in the ceremony folder still match, at the time of the step: see [`audit`].
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        audit::objections(arguments, outputs, exhibit)
    }
}

fn does_not_match(wrong: &[String], has_targets: bool) -> Failure {
    let next = if has_targets {
        "get the attestations that are missing, or have the roles changed; rely on no key that is not matched"
    } else {
        "get the attestations that are missing, or have the roles changed; name `targets` if a key is in a delegated role"
    };
    Failure::new("no-match", format!("the keys and the devices do not match: {}", wrong.join(". "))).next(next)
}
