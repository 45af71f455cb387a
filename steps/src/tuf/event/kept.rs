//! What a step keeps of an event: copies of the metadata, so that its record can be judged from the ceremony folder alone.

use super::{
    reported::{Files, Kept},
    tree::{Tree, View, read_kept},
};
use crate::{
    files::{self, Place},
    text::plain,
    tuf::metadata::PublicKey,
    x509,
};
use jiff::{Timestamp, Unit};
use officiant_engine::{
    conduct::{Exhibit, Failure, Objection, Stage},
    record::{FileRecord, digest_hex},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use spki::der::Encode;
use std::collections::BTreeMap;

/// Digests (SHA-256, hex) by path.
type Digests = BTreeMap<String, String>;

/// What a step puts on the disk before it writes in a clone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Writing {
    /// When the change was made, RFC 3339.
    pub(super) at: String,
    /// What is there.
    pub(super) before: Digests,
    /// What will be.
    pub(super) after: Digests,
    /// What else the step has to know after a break.
    pub(super) with: Value,
}

pub(super) fn digests(tree: &Tree) -> Digests {
    tree.iter().map(|(path, bytes)| (path.clone(), digest_hex(bytes))).collect()
}

impl Writing {
    /// Puts it on the disk.
    pub(super) fn record(&self, stage: &mut Stage<'_>) -> Result<(), Failure> {
        let seen = serde_json::to_value(self).map_err(|error| Failure::new("encoding", error.to_string()))?;
        stage.observe(seen)
    }

    /// What the step was about to write as it broke off.
    pub(super) fn of(seen: &[Value]) -> Option<Self> {
        seen.iter().rev().find_map(|seen| serde_json::from_value(seen.clone()).ok())
    }
}

/// Now, as the record has times, so that it is not before the step began.
pub(super) fn now() -> Timestamp {
    Timestamp::now().round(Unit::Millisecond).unwrap_or_default()
}

/// Keeps copies: what is there afterwards among the products where a folder is named, what else was compared as evidence.
pub(super) fn keep(
    stage: &mut Stage<'_>,
    out: Option<&str>,
    published: &Tree,
    before: &Tree,
    after: &Tree,
) -> Result<Files, Failure> {
    let mut held = BTreeMap::new();
    let after = store(stage, after, out, "event", &mut held)?;
    let published = store(stage, published, None, "published", &mut held)?;
    let before = store(stage, before, None, "before", &mut held)?;
    Ok(Files { published, before, after })
}

/// Keeps a tree; of evidence what is kept already is not kept again.
fn store(
    stage: &mut Stage<'_>,
    tree: &Tree,
    out: Option<&str>,
    word: &str,
    held: &mut BTreeMap<String, FileRecord>,
) -> Result<Kept, Failure> {
    let mut kept = Kept::new();
    for (path, bytes) in tree {
        let record = match (out, held.get(&digest_hex(bytes))) {
            (Some(out), _) => stage.product(&format!("{out}/{path}"), bytes)?,
            (None, Some(record)) => record.clone(),
            (None, None) => stage.evidence(&format!("{word}-{}", path.replace('/', "-")), bytes)?,
        };
        held.insert(record.sha256.clone(), record.clone());
        kept.insert(path.clone(), record);
    }
    Ok(kept)
}

/// A public key of a file: PEM of the key itself, or of a certificate.
///
/// # Errors
/// `path`; `file`, `no-key`.
pub(super) fn public_key(stage: &Stage<'_>, path: &str) -> Result<PublicKey, Failure> {
    const LARGEST: u64 = 64 * 1024;
    let full = Place::of(path)?.full(stage)?;
    let bytes = files::read(&full, LARGEST).map_err(|error| {
        Failure::new("file", format!("the public key in `{path}` cannot be read: {error}"))
            .next("see that the file is there, and that the path in the runbook says where")
    })?;
    read_public_key(&bytes).ok_or_else(|| {
        Failure::new(
            "no-key",
            format!("`{path}` holds no public key or certificate, PEM, for ed25519, ECDSA or RSA of 2048 bits"),
        )
        .next("name the file that the device's public key was written to")
    })
}

pub(super) fn read_public_key(bytes: &[u8]) -> Option<PublicKey> {
    let of_certificate = || {
        let certificate = x509::certificate(bytes).ok()?;
        PublicKey::from_der(&certificate.tbs_certificate.subject_public_key_info.to_der().ok()?)
    };
    PublicKey::from_pem(bytes).or_else(of_certificate)
}

/// What was recorded of a step, read again.
pub(super) struct Recorded<O> {
    pub(super) outputs: O,
    pub(super) published: View,
    pub(super) before: View,
    pub(super) after: View,
    pub(super) at: Timestamp,
}

/// Reads what was recorded of a step: its outputs, and the files that they name. `parts` picks the files and the time out of the
/// outputs; `out` is where the products are.
///
/// # Errors
/// They cannot be read, or do not go together.
pub(super) fn recorded<O: DeserializeOwned>(
    outputs: &Value,
    exhibit: &Exhibit<'_>,
    out: Option<&str>,
    is_plain: bool,
    parts: impl Fn(&O) -> (&Files, &str),
) -> Result<Recorded<O>, Objection> {
    let wrong = |message: String| Objection::wrong("files", plain(&message));
    let outputs: O =
        serde_json::from_value(outputs.clone()).map_err(|error| wrong(format!("what came of it: {error}")))?;
    let (files, at) = parts(&outputs);
    let read = |path: &str| exhibit.file(path).map_err(|error| error.to_string());
    let view = |kept: &Kept| -> Result<View, Objection> {
        let tree = read_kept(kept, read).map_err(wrong)?;
        if is_plain { View::plain(tree) } else { View::read(tree) }.map_err(wrong)
    };
    let (published, before, after) = (view(&files.published)?, view(&files.before)?, view(&files.after)?);
    if let Some(out) = out {
        let folder = Place::of(out).map(|place| place.name()).unwrap_or_default();
        if let Some((path, record)) = files.after.iter().find(|(path, it)| it.path != format!("{folder}/{path}")) {
            return Err(wrong(format!("`{path}` was to be in `{folder}`, and is `{}`", record.path)));
        }
    }
    let time: Timestamp = at.parse().map_err(|_| wrong(format!("{at:?} is no time")))?;
    let (this, text) = (exhibit.this(), at);
    if time < this.began || time > this.at || time.to_string() != text {
        return Err(Objection::wrong(
            "at",
            format!("the step says that it was at {}, which is not while it was carried out", plain(text)),
        ));
    }
    Ok(Recorded { outputs, published, before, after, at: time })
}

impl<O> Recorded<O> {
    /// What was put on the disk before the clone was written in, which must be what the outputs say.
    pub(super) fn writing(&self, exhibit: &Exhibit<'_>) -> Option<Objection> {
        let said = Writing::of(&exhibit.this().seen);
        let fits = said.is_some_and(|said| {
            said.at == self.at.to_string()
                && said.before == digests(&self.before.tree)
                && said.after == digests(&self.after.tree)
        });
        let message = "what the record has of the clone right before it was changed is not what came of the step";
        (!fits).then(|| Objection::wrong("before", message))
    }
}

/// A public key of a file in the ceremony folder, as it is today.
///
/// # Errors
/// It is elsewhere, or none.
pub(super) fn recorded_key(exhibit: &Exhibit<'_>, path: &str) -> Result<PublicKey, Objection> {
    match Place::of(path) {
        Ok(Place::Product(path)) => {
            let bytes = exhibit.small_file(&path).map_err(|error| Objection::wrong("file", error.to_string()))?;
            read_public_key(&bytes).ok_or_else(|| Objection::wrong("file", format!("`{path}` holds no public key")))
        }
        _ => Err(Objection::unproven(
            "public-key",
            format!("the public key is from `{path}`, which is not in the ceremony folder"),
        )),
    }
}
