//! `attestation.verify`: attestations hold, and lead to roots that are pinned.

use super::{
    anchors::{Brought, is_pinned, of_rehearsal, pin},
    audit,
    device::Judge,
    expected::Expected,
    folder::{Layout, find, read},
    key::{Device, Seen},
    kind::Kind,
    pattern::Pattern,
    pins,
    piv::{PinPolicy, TouchPolicy},
    version::Version,
};
use crate::{
    devices::DeviceName,
    files::{Place, folder_mark},
    x509::Anchors,
    yubihsm::{Capabilities, Domains, Label, ObjectId},
};
use jiff::{Timestamp, Unit};
use officiant_engine::{
    conduct::{Effect, Exhibit, Failure, Notice, Objection, Stage, StepHandler},
    record::Folder,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) struct Verify;

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// What attests: `piv`, a `YubiKey`'s PIV application, or `yubihsm`.
    pub(super) kind: Kind,
    /// A device's folder, whose name is its serial number, or a folder of them; a relative path is below `products/`.
    #[schemars(transform = folder_mark)]
    pub(super) folder: String,
    /// The folder with the vendor's root and intermediates, PEM or DER; a relative path is below `products/`. A rehearsal needs
    /// none for its virtual devices, and goes on when the folder is not there.
    #[serde(default)]
    #[schemars(transform = folder_mark)]
    pub(super) anchors: Option<String>,
    /// SHA-256 (hex of the DER) of roots that are trusted besides the vendor's.
    #[serde(default)]
    pub(super) pins: Vec<String>,
    /// The file with the device's certificate, F9's of a `YubiKey`; `{serial}` stands for the folder's name. By default
    /// `SlotF9Intermediate.pem`, of a `YubiHSM` 2 `{serial}_cert.der`.
    #[serde(default)]
    pub(super) certificate: Option<String>,
    /// The files with attestations; `{slot}` stands for two digits that are the slot's, `{key}` for anything. By default
    /// `Slot{slot}Attestation.pem`, of a `YubiHSM` 2 `{serial}_{key}_attestation.der`.
    #[serde(default)]
    pub(super) attestation: Option<String>,
    /// The files with public keys or certificates of them, by the same slot or key; they must be there. By default
    /// `Slot{slot}PublicKey.pem` and `Slot{slot}Certificate.pem`, of a `YubiHSM` 2 `{serial}_{key}_pubkey.pem`, `.pub.pem` and
    /// `.pub`, which are looked at when they are there.
    #[serde(default)]
    pub(super) public_key: Option<String>,
    /// The devices' serial numbers: these, and no other.
    #[serde(default)]
    pub(super) serials: Vec<u32>,
    /// The device that it must be of, and no other.
    #[serde(default)]
    pub(super) device: Option<DeviceName>,
    /// Of a `YubiKey`: the slot that every key is in, such as `9c`.
    #[serde(default)]
    #[schemars(regex(pattern = "^[0-9a-fA-F]{2}$"))]
    pub(super) slot: Option<String>,
    /// Of a `YubiHSM` 2: the object ID that every key has.
    #[serde(default)]
    pub(super) object_id: Option<ObjectId>,
    /// Of a `YubiHSM` 2: the label that every key has.
    #[serde(default)]
    pub(super) label: Option<Label>,
    /// Whether keys must have been `generated` in the device that attests them, or `any` will do.
    #[serde(default)]
    pub(super) origin: Origin,
    /// Of a `YubiHSM` 2: exactly the capabilities of every key.
    #[serde(default)]
    pub(super) capabilities: Option<Capabilities>,
    /// Of a `YubiHSM` 2: exactly the domains of every key.
    #[serde(default)]
    pub(super) domains: Option<Domains>,
    /// Of a `YubiHSM` 2: whether a key may be one that can be exported under a wrap key.
    #[serde(default)]
    pub(super) exportable: bool,
    /// The oldest firmware that will do, such as `5.4.3`.
    #[serde(default)]
    #[schemars(regex(pattern = r"^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$"))]
    pub(super) firmware_at_least: Option<String>,
    /// Of a `YubiKey`: the PIN policy of every key.
    #[serde(default)]
    pub(super) pin_policy: Option<PinPolicy>,
    /// Of a `YubiKey`: the touch policy of every key.
    #[serde(default)]
    pub(super) touch_policy: Option<TouchPolicy>,
    /// Whether every device must be a FIPS one, or must not.
    #[serde(default)]
    pub(super) fips: Option<bool>,
    /// When everything must have been valid (RFC 3339); by default now.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    pub(super) at: Option<String>,
}

/// Where keys must come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Origin {
    #[default]
    Generated,
    Any,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// What attests.
    kind: Kind,
    /// When everything was valid, RFC 3339.
    at: String,
    /// The devices, in the order of their folders.
    devices: Vec<Device>,
    /// The files of anchors that were read.
    anchors: Vec<Seen>,
    /// What in the folders was not looked at.
    passed_over: Vec<String>,
}

impl Arguments {
    /// How files are called.
    pub(super) fn layout(&self) -> Result<Layout, Failure> {
        let named = |name: &Option<String>, default: Pattern, many| match name {
            Some(name) => Pattern::new(name, many).map_err(wrong),
            None => Ok(default),
        };
        let public_keys = match &self.public_key {
            Some(name) => vec![Pattern::new(name, true).map_err(wrong)?],
            None => self.kind.public_keys(),
        };
        Ok(Layout {
            certificate: named(&self.certificate, self.kind.certificate(), false)?,
            attestation: named(&self.attestation, self.kind.attestation(), true)?,
            public_keys,
            public_key_needed: self.public_key.is_some(),
        })
    }

    /// What keys are to be.
    pub(super) fn expected(&self) -> Result<Expected, Failure> {
        let of_other = match self.kind {
            Kind::Piv => [
                ("object_id", self.object_id.is_some()),
                ("label", self.label.is_some()),
                ("capabilities", self.capabilities.is_some()),
                ("domains", self.domains.is_some()),
                ("exportable", self.exportable),
            ],
            Kind::Yubihsm => [
                ("slot", self.slot.is_some()),
                ("pin_policy", self.pin_policy.is_some()),
                ("touch_policy", self.touch_policy.is_some()),
                ("", false),
                ("", false),
            ],
        };
        if let Some((name, _)) = of_other.iter().find(|(_, said)| *said) {
            return Err(wrong(format!("`{name}` is of another kind of device than `kind`")));
        }
        let is_pin = |pin: &String| pin.len() == 64 && pin.bytes().all(|digit| digit.is_ascii_hexdigit());
        if let Some(pin) = self.pins.iter().find(|pin| !is_pin(pin)) {
            return Err(wrong(format!("`{pin}` among `pins` is no SHA-256: 64 hexadecimal digits")));
        }
        let slot = self.slot.as_ref().map(|slot| slot.to_ascii_lowercase());
        if let Some(slot) = slot.as_ref().filter(|it| it.len() != 2 || !it.bytes().all(|it| it.is_ascii_hexdigit())) {
            return Err(wrong(format!("`{slot}` is no slot: two hexadecimal digits, such as 9c")));
        }
        let firmware = self.firmware_at_least.as_deref().map(Version::parse);
        Ok(Expected {
            kind: self.kind,
            slot,
            object_id: self.object_id.map(|id| id.0),
            label: self.label.as_ref().map(|label| label.text().to_string()),
            any_origin: self.origin == Origin::Any,
            capabilities: self.capabilities.map(Capabilities::bits),
            domains: self.domains.map(|domains| domains.0),
            exportable: self.exportable,
            firmware_at_least: firmware.transpose().map_err(wrong)?,
            pin_policy: self.pin_policy,
            touch_policy: self.touch_policy,
            fips: self.fips,
        })
    }

    /// When everything must have been valid, where the runbook says it.
    pub(super) fn said_at(&self) -> Result<Option<Timestamp>, Failure> {
        let read =
            |at: &String| at.parse().map_err(|error| wrong(format!("`at` is `{at}`, no time (RFC 3339): {error}")));
        self.at.as_ref().map(read).transpose()
    }

    /// Whether a root is named among the pins.
    pub(super) fn pins(&self, root: &str) -> bool {
        self.pins.iter().any(|pin| pin.eq_ignore_ascii_case(root))
    }

    /// What of the serial numbers is not as it is to be, as clauses. `device`: the serial number of the device that is named.
    pub(super) fn serial_faults(&self, found: &[u32], device: Option<u32>) -> Vec<String> {
        let mut wanted = self.serials.clone();
        wanted.extend(device);
        let mut faults = Vec::new();
        if !wanted.is_empty() {
            let missing = wanted.iter().filter(|serial| !found.contains(serial));
            faults.extend(missing.map(|serial| format!("there is nothing of the device {serial}")));
            let others = found.iter().filter(|serial| !wanted.contains(serial));
            faults.extend(others.map(|serial| format!("the device {serial} is none of those that are expected")));
        }
        let twice = found.iter().enumerate().filter(|(at, serial)| found[..*at].contains(serial));
        faults.extend(twice.map(|(_, serial)| format!("there are two folders of the device {serial}")));
        faults
    }
}

impl StepHandler for Verify {
    const NAME: &'static str = "attestation.verify";
    const SUMMARY: &'static str =
        "Verifies that devices made the keys that they attest, up to a root of the vendor that the program knows.";
    const EFFECT: Effect = Effect::Observes;
    const NOTES: bool = true;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let Looked { at, devices, faults, anchors, passed_over } = look(&arguments, stage)?;
        if !faults.is_empty() || devices.iter().any(|device| !device.faults.is_empty()) {
            stage.observe(json!({ "devices": devices, "faults": faults, "at": at.to_string() }))?;
            return Err(does_not_hold(&faults, &devices));
        }
        stage.show(Notice::Information(in_short(&devices, stage.rehearsal())));
        Ok(Outputs { kind: arguments.kind, at: at.to_string(), devices, anchors, passed_over })
    }

    /// The files in the ceremony folder still hold, at the time of the step: see [`audit`].
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        audit::objections(arguments, outputs, exhibit).unwrap_or_else(|objection| vec![objection])
    }
}

/// What was found, and what was read for it.
pub(super) struct Looked {
    /// As of when everything was judged.
    pub(super) at: Timestamp,
    /// The devices, those too that do not hold.
    pub(super) devices: Vec<Device>,
    /// What is wrong beside what is wrong with a device, as clauses.
    pub(super) faults: Vec<String>,
    /// The files of anchors that were read.
    pub(super) anchors: Vec<Seen>,
    /// What in the folders was not looked at.
    pub(super) passed_over: Vec<String>,
}

/// Looks at the devices' folders and judges them.
///
/// # Errors
/// They cannot be looked at, or nobody brought a root that is pinned.
pub(super) fn look(arguments: &Arguments, stage: &mut Stage<'_>) -> Result<Looked, Failure> {
    let (layout, expected) = (arguments.layout()?, arguments.expected()?);
    let at = match arguments.said_at()? {
        Some(at) => at,
        // As the record has times, so that this one is not before the step began.
        None => Timestamp::now().round(Unit::Millisecond).unwrap_or_default(),
    };
    let device = match &arguments.device {
        Some(name) => Some(bound(&name.0, stage)?),
        None => None,
    };
    let place = Place::of(&arguments.folder)?;
    let (trusted, anchors) = roots(arguments, stage)?;
    let found = find(&place, stage, &layout)?;
    let judge =
        Judge { layout: &layout, expected: &expected, anchors: Some(&trusted), rehearsal: stage.rehearsal(), at };
    let devices: Vec<Device> = found.devices.iter().map(|folder| judge.judge(folder)).collect();
    let serials: Vec<u32> = devices.iter().map(|device| device.serial).collect();
    let mut faults = found.faults;
    faults.extend(arguments.serial_faults(&serials, device));
    if devices.is_empty() {
        faults
            .push(format!("there is no device's folder in `{}`, whose name would be its serial number", place.name()));
    }
    Ok(Looked { at, devices, faults, anchors, passed_over: found.passed_over })
}

/// What was found, for those who watch.
fn in_short(devices: &[Device], rehearsal: bool) -> String {
    let counted = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let keys = devices.iter().map(|device| device.keys.len()).sum();
    let mut roots: Vec<&str> = devices.iter().filter_map(|device| device.chain.last()).map(String::as_str).collect();
    roots.sort_unstable();
    roots.dedup();
    let whose = if rehearsal { "; virtual devices have a root of their own" } else { "" };
    let (devices, keys) = (counted(devices.len(), "device"), counted(keys, "key"));
    format!("{devices} with {keys}: all that was looked at holds, up to {}{whose}.", roots.join(" and "))
}

/// The serial number of a device that was seen before.
fn bound(name: &str, stage: &Stage<'_>) -> Result<u32, Failure> {
    let device = stage.device(name)?;
    device.serial.ok_or_else(|| {
        Failure::new("unknown-device", format!("nobody has seen yet which device {name} is"))
            .next("insert it in a step before this one")
    })
}

/// The anchors, and the files that they are from.
fn roots(arguments: &Arguments, stage: &mut Stage<'_>) -> Result<(Anchors, Vec<Seen>), Failure> {
    let brought = match &arguments.anchors {
        Some(folder) => match Brought::from(&Place::of(folder)?, stage) {
            Err(failure) if failure.code == "missing" && stage.rehearsal() => {
                let message = format!("{}; in a ceremony, the vendor's root must be in it", failure.message);
                stage.show(Notice::Information(message));
                Brought::default()
            }
            brought => brought?,
        },
        None => Brought::default(),
    };
    let trusted = |root: &_| is_pinned(arguments.kind, root) || arguments.pins(&pin(root));
    let mut anchors = Anchors::new(brought.certificates, trusted);
    if stage.rehearsal() {
        let folder = Folder::open(stage.folder());
        anchors = anchors.and(of_rehearsal(|path| read(&folder.resolve(path).ok()?).ok()?.ok()));
    }
    if anchors.has_root() {
        return Ok((anchors, brought.files));
    }
    let message = match &arguments.anchors {
        Some(folder) => format!(
            "no root in `{folder}` is one that the program knows or `pins` names: an intermediate is none, nor is what a device \
             gives out"
        ),
        None => "no root was brought that certificates could lead to".to_string(),
    };
    let pages = pins::pages(arguments.kind);
    Err(Failure::new("anchors", message).next(format!("put the vendor's root into the folder `anchors`: {pages}")))
}

/// All that does not hold, device by device, and those that do.
fn does_not_hold(faults: &[String], devices: &[Device]) -> Failure {
    let bad = devices.iter().filter(|device| !device.faults.is_empty());
    let mut lines: Vec<String> = faults.to_vec();
    lines.extend(bad.map(|device| format!("{}: {}", device.serial, device.faults.join("; "))));
    let good: Vec<String> =
        devices.iter().filter(|it| it.faults.is_empty()).map(|device| device.serial.to_string()).collect();
    if !good.is_empty() {
        lines.push(format!("{}: nothing is wrong", good.join(", ")));
    }
    Failure::new("untrue-attestation", format!("the attestations do not hold: {}", lines.join(". ")))
        .next("rely on none of these keys; find out where the files come from, and attest the keys once more")
}

fn wrong(message: String) -> Failure {
    Failure::new("wrong-argument", message).next("correct the argument in the runbook")
}
