//! The metadata that the keys stand in: `root.json`, and `targets.json` with the roles that it delegates to.

use super::{super::key::Seen, Arguments};
use crate::{
    files::{self, Place},
    tuf::metadata::{Document, count},
};
use officiant_engine::{
    conduct::{Failure, Stage},
    record::digest_hex,
};

/// The most bytes of a file.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The metadata, and the files that it is from.
pub(super) struct Metadata {
    pub(super) root: Document,
    pub(super) targets: Option<Document>,
    files: Vec<Seen>,
}

impl Metadata {
    /// Reads the files that the arguments name.
    ///
    /// # Errors
    /// `path`, `file`, `metadata`.
    pub(super) fn read(arguments: &Arguments, stage: &Stage<'_>) -> Result<Self, Failure> {
        let (root, targets) = places(arguments)?;
        let is_there = arguments.targets.is_some() || targets.full(stage)?.symlink_metadata().is_ok();
        let mut files = vec![(root.name(), bytes(&root, stage)?)];
        if is_there {
            files.push((targets.name(), bytes(&targets, stage)?));
        }
        Self::of(files)
            .map_err(|why| Failure::new("metadata", why).next("name files of TUF metadata, whole and signed"))
    }

    /// From the files: root, and targets where there is one; each with its path.
    ///
    /// # Errors
    /// What is wrong, in a sentence.
    pub(super) fn of(files: Vec<(String, Vec<u8>)>) -> Result<Self, String> {
        let mut documents = Vec::new();
        for ((path, bytes), kind) in files.iter().zip(["root", "targets"]) {
            let document = Document::read(bytes).map_err(|why| format!("`{path}` is no metadata: {why}"))?;
            if document.kind() != kind {
                return Err(format!("`{path}` is metadata of {:?}, not of {kind}", document.kind()));
            }
            documents.push(document);
        }
        let mut documents = documents.into_iter();
        let root = documents.next().ok_or("there is no root")?;
        let seen = |(path, bytes): (String, Vec<u8>)| Seen { sha256: digest_hex(&bytes), path };
        Ok(Self { root, targets: documents.next(), files: files.into_iter().map(seen).collect() })
    }

    pub(super) fn has_targets(&self) -> bool {
        self.targets.is_some()
    }

    /// The files.
    pub(super) fn into_files(self) -> Vec<Seen> {
        self.files
    }

    /// What keeps the metadata from being what its keys say, as clauses: each file is signed by as many of its role's keys as root
    /// wants. That another root came before this one is `tuf.verify`'s to look at.
    pub(super) fn faults(&self) -> Vec<String> {
        let documents = [("root", Some(&self.root)), ("targets", self.targets.as_ref())];
        let signed = documents.into_iter().filter_map(|(name, document)| Some((name, document?)));
        signed.filter_map(|(name, document)| self.unsigned(name, document).err()).collect()
    }

    fn unsigned(&self, name: &str, document: &Document) -> Result<(), String> {
        let count = count(document, &self.root.role(name)?, &self.root.keys()?);
        if count.is_reached() {
            return Ok(());
        }
        let (signed, keys) = (count.signed.len(), count.keys());
        let rejected: Vec<String> = count.rejected.iter().map(|it| format!("{:?}: {}", it.keyid, it.why)).collect();
        let why = if rejected.is_empty() { String::new() } else { format!(" ({})", rejected.join("; ")) };
        Err(format!("{name} is signed by {signed} of its {keys} keys, and must be by {}{why}", count.threshold))
    }
}

/// Where root is, and where targets is or would be.
pub(super) fn places(arguments: &Arguments) -> Result<(Place, Place), Failure> {
    let beside = || match arguments.root.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/targets.json"),
        None => "targets.json".to_string(),
    };
    let targets = arguments.targets.clone().unwrap_or_else(beside);
    Ok((Place::of(&arguments.root)?, Place::of(&targets)?))
}

fn bytes(place: &Place, stage: &Stage<'_>) -> Result<Vec<u8>, Failure> {
    files::read(&place.full(stage)?, LARGEST).map_err(|error| {
        Failure::new("file", format!("`{}` cannot be read: {error}", place.name()))
            .next("see that the file is there and readable, and that it is one of TUF metadata")
    })
}
