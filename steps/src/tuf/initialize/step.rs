//! `tuf.initialize`: its types, and what is done in which order.

use super::{
    announcement::announcement,
    arguments::Arguments,
    audit,
    bins::Bins,
    documents::{delegating, expires, root, snapshot, targets, timestamp},
    input::Input,
    intake::{TakenIn, take_in},
    offline::Offline,
    online_key::OnlineKey,
    publish::Publisher,
    shelf::{Shelf, Twice},
};
use crate::{
    piv::FACTORY_DEFAULT,
    ports::Ports,
    product::vacant_folder,
    tuf::metadata::{Document, Key, PublicKey, canonical},
};
use jiff::Timestamp;
use officiant_engine::conduct::{Effect, Exhibit, Failure, Notice, Objection, Probed, Stage, StepHandler, folder_name};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

pub(super) struct Initialize(pub(super) Arc<dyn Ports>);

/// What `1.root.json`, `1.targets.json` and `1.bins.json` are called.
pub(super) const TO_SIGN: [&str; 3] = ["1.root.json", "1.targets.json", "1.bins.json"];

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The folder of the published metadata, below the ceremony folder.
    metadata: String,
    /// The folder of what is to be signed, below the ceremony folder.
    to_sign: String,
    /// How many files are in both.
    files: u64,
    /// How many targets there are.
    targets: u64,
    /// How many bins there are.
    bins: u32,
    /// The serial number of the device that holds the online key; nothing for one in a file.
    serial: Option<u32>,
    /// SHA-256 of the list of targets, hex.
    list_sha256: String,
    /// Its size in bytes.
    list_size: u64,
    /// How many bytes of it were too many for the memory, and were on the disk meanwhile.
    spilled: u64,
    /// The roles: `root`, `targets`, `bins`, `bin-n`, `snapshot`, `timestamp`.
    roles: Vec<RoleMade>,
}

/// A role, or all bins.
#[derive(Debug, Serialize, JsonSchema)]
struct RoleMade {
    role: &'static str,
    /// SHA-256 of each key (`SubjectPublicKeyInfo`, DER), hex.
    keys: Vec<String>,
    threshold: u32,
    /// When it expires, RFC 3339.
    expires: String,
}

impl StepHandler for Initialize {
    const NAME: &'static str = "tuf.initialize";
    const SUMMARY: &'static str = "Makes a TUF repository of PEP 458's layout: hashed bins signed online, root, targets and bins to be signed offline.";
    const EFFECT: Effect = Effect::Changes;
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn announce(&self, arguments: &Arguments) -> Option<String> {
        Some(announcement(arguments))
    }

    fn reaches_out(&self, arguments: &Arguments) -> bool {
        let keys = arguments.signers().into_iter().flat_map(|signers| signers.files);
        let mut files = keys.chain(&arguments.online_key_file).chain([&arguments.targets]);
        files.any(|file| Path::new(file).is_absolute() || file == "-")
    }

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let new = New::of(&*self.0, &arguments, stage)?;
        let mut shelf = Shelf::new(new.bins, new.memory, stage.folder().to_path_buf());
        let taken = new.take_in(&arguments, &mut shelf, stage)?;
        let metadata = new.publish(&shelf, stage)?;
        let to_sign = new.to_be_signed(stage)?;
        Ok(Outputs { metadata, to_sign, ..new.outputs(taken, shelf.spilled()) })
    }

    /// What it made and no entry has was set aside.
    fn probe(&self, _: Arguments, _: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        Ok(Probed::NotDone)
    }

    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        audit::objections(arguments, outputs, exhibit).unwrap_or_else(|objection| vec![objection])
    }
}

/// A repository that is about to be made.
struct New {
    bins: Bins,
    memory: usize,
    online: OnlineKey,
    key: Key,
    public: PublicKey,
    roles: [Offline; 3],
    documents: [Document; 3],
    /// When what is offline expires, and a bin, snapshot and timestamp.
    expires: [Value; 6],
    metadata: String,
    to_sign: String,
}

impl New {
    /// Reads all that the arguments name, and makes sure that nothing is in the way.
    fn of(ports: &dyn Ports, arguments: &Arguments, stage: &mut Stage<'_>) -> Result<Self, Failure> {
        let wrong = |why: String| Failure::new("wrong-argument", why).next("correct the runbook");
        let bins = Bins::new(arguments.bins).map_err(|why| wrong(format!("`bins`: {why}")))?;
        if !arguments.expiry.is_sound() {
            return Err(wrong("a role expires in 1 to 36,500 days".to_string()));
        }
        let metadata = vacant_folder(stage, &format!("{}/metadata", arguments.out))?;
        let to_sign = vacant_folder(stage, &arguments.to_sign)?;
        let [of_root, of_targets, of_bins] = arguments.signers();
        let read = |signers: super::arguments::Signers<'_>| {
            Offline::read(signers.name, signers.files, signers.threshold, stage)
        };
        let roles = [read(of_root)?, read(of_targets)?, read(of_bins)?];
        let online = OnlineKey::of(ports, arguments, stage)?;
        let public = online.public();
        let signer = online.signer()?;
        let before = Instant::now();
        let signature = signer.sign(b"officiant")?;
        let each = before.elapsed();
        if !public.verifies(b"officiant", &signature) {
            return Err(wrong("the online key's private and public part do not belong together".to_string()));
        }
        if let Some(role) = roles.iter().find(|role| role.fingerprints.contains(&public.fingerprint())) {
            return Err(wrong(format!("the online key is among the keys of {}, which are offline", role.name)));
        }
        let key = Key::named(public.to_tuf());
        let now = Timestamp::now();
        let days = arguments.expiry;
        let expires =
            [days.root, days.targets, days.bins, days.bin_n, days.snapshot, days.timestamp].map(|it| expires(now, it));
        let documents = [
            root(&roles[0], &roles[1], &key, &expires[0]),
            targets(&roles[2], &expires[1]),
            delegating(bins, &key, &expires[2]),
        ]
        .map(Document::unsigned);
        if !arguments.large_ed25519 {
            for (role, document) in roles.iter().zip(&documents) {
                role.can_sign(document.canonical().len())?;
            }
        }
        signer.can_sign("snapshot", canonical(&snapshot(bins, &expires[4]).into()).len())?;
        drop(signer);
        let memory = (arguments.memory as usize).saturating_mul(1024 * 1024);
        let new = Self { bins, memory, online, key, public, roles, documents, expires, metadata, to_sign };
        stage.show(Notice::Announcement(new.in_short()));
        if new.online.serial().is_some() {
            stage.show(Notice::Information(duration(new.bins.count() + 2, each)));
        }
        Ok(new)
    }

    /// The keys by their fingerprints, for those who compare them.
    fn in_short(&self) -> Vec<(String, String)> {
        let offline = self
            .roles
            .iter()
            .map(|role| (role.name.to_string(), format!("{} of {}", role.threshold, role.fingerprints.join(", "))));
        let scheme = self.public.scheme().name();
        offline.chain([("online".to_string(), format!("{scheme} {}", self.public.fingerprint()))]).collect()
    }

    fn take_in(&self, arguments: &Arguments, shelf: &mut Shelf, stage: &mut Stage<'_>) -> Result<TakenIn, Failure> {
        let Input { list, size } = Input::open(&arguments.targets, stage)?;
        let taken = take_in(list, self.bins, shelf, |done| {
            if let Some(size) = size {
                stage.progress("bytes of the targets read", done, size);
            }
        })?;
        let twice = shelf.arrange().map_err(|error| {
            Failure::new("file", format!("what did not fit into memory cannot be read again: {error}"))
        })?;
        match twice {
            None => Ok(taken),
            Some(Twice { path, lines: [one, other] }) => {
                let message = format!("the target {path:?} is on line {one} and again on line {other}");
                Err(Failure::new("targets", message).next("correct the list: each path is there once"))
            }
        }
    }

    fn publish(&self, shelf: &Shelf, stage: &mut Stage<'_>) -> Result<String, Failure> {
        let [_, _, _, bin_n, of_snapshot, of_timestamp] = &self.expires;
        let signer = self.online.signer()?;
        stage.products(&self.metadata, |batch, stage| {
            let publisher = Publisher { online: &signer, key: &self.key, batch };
            publisher.bins(self.bins, shelf, bin_n, stage)?;
            publisher.role("1.snapshot.json", snapshot(self.bins, of_snapshot))?;
            publisher.role("timestamp.json", timestamp(of_timestamp))?;
            Ok(folder_name(batch.path()))
        })
    }

    fn to_be_signed(&self, stage: &mut Stage<'_>) -> Result<String, Failure> {
        let mut folder = String::new();
        for (name, document) in TO_SIGN.iter().zip(&self.documents) {
            let file = stage.product(&format!("{}/{name}", self.to_sign), &document.to_bytes())?;
            folder = folder_name(file.path.strip_suffix(name).unwrap_or_default());
        }
        Ok(folder)
    }

    fn outputs(self, taken: TakenIn, spilled: u64) -> Outputs {
        let online = [self.public.fingerprint()];
        let offline = self.roles.into_iter().map(|role| (role.name, role.fingerprints, role.threshold));
        let online = ["bin-n", "snapshot", "timestamp"].into_iter().map(|name| (name, online.to_vec(), 1));
        let roles = offline.chain(online).zip(self.expires).map(|((role, keys, threshold), expires)| RoleMade {
            role,
            keys,
            threshold,
            expires: expires.as_str().unwrap_or_default().to_string(),
        });
        Outputs {
            roles: roles.collect(),
            metadata: String::new(),
            to_sign: String::new(),
            files: u64::from(self.bins.count()) + 2 + TO_SIGN.len() as u64,
            targets: taken.targets,
            bins: self.bins.count(),
            serial: self.online.serial(),
            list_sha256: taken.sha256,
            list_size: taken.size,
            spilled,
        }
    }
}

/// How long a device takes for so many signatures, one after the other, when it takes so long for each.
fn duration(signatures: u32, each: Duration) -> String {
    let minutes = (each * signatures).as_secs().div_ceil(60);
    let about = if minutes > 1 { format!("about {minutes} minutes") } else { "about a minute, or less".to_string() };
    format!("The device signs one after the other: {signatures} signatures take {about}. It must stay where it is.")
}
