//! The files of `metadata/`, and what they say.

use super::{invitations::Invitations, reported::Kept};
use crate::tuf::metadata::{Document, Key, Role};
use std::collections::BTreeMap;

/// The files of a moment: bytes by their paths in `metadata/`, with `/` between the parts.
pub(crate) type Tree = BTreeMap<String, Vec<u8>>;

/// The file with open invitations.
pub(super) const STATE: &str = ".signing-event-state";

/// The folder with every version of root.
pub(super) const HISTORY: &str = "root_history/";

/// The roles that every repository has.
pub(super) const TOP_LEVEL: [&str; 4] = ["root", "targets", "snapshot", "timestamp"];

/// The roles that are signed online, and never in a signing event.
pub(super) const ONLINE: [&str; 2] = ["snapshot", "timestamp"];

/// What the files of a moment say.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    pub(crate) tree: Tree,
    /// The roles' metadata, by role.
    pub(crate) documents: BTreeMap<String, Document>,
    /// The files that they are in, by role.
    pub(crate) files: BTreeMap<String, String>,
    pub(super) invitations: Invitations,
}

impl View {
    /// Reads the files of a signing event: `ROLE.json`.
    ///
    /// # Errors
    /// What is wrong in which file, as a clause.
    pub(crate) fn read(tree: Tree) -> Result<Self, String> {
        Self::named(tree, |path| path.strip_suffix(".json").filter(|role| !role.contains('/')).map(str::to_string))
    }

    /// Reads the files of a plain folder: `ROLE.json` or `VERSION.ROLE.json`, of which the highest counts.
    ///
    /// # Errors
    /// What is wrong in which file, as a clause.
    pub(crate) fn plain(tree: Tree) -> Result<Self, String> {
        let mut newest: BTreeMap<String, (u64, String)> = BTreeMap::new();
        for path in tree.keys() {
            let Some(name) = path.strip_suffix(".json").filter(|name| !name.contains('/')) else { continue };
            let (version, role) = match name.split_once('.') {
                Some((version, role)) if version.bytes().all(|it| it.is_ascii_digit()) => {
                    (version.parse().map_err(|_| format!("`{path}` has no version that can be"))?, role)
                }
                _ => (u64::MAX, name),
            };
            let held = newest.entry(role.to_string()).or_insert_with(|| (version, path.clone()));
            if version > held.0 {
                *held = (version, path.clone());
            }
        }
        let newest: BTreeMap<String, String> = newest.into_iter().map(|(role, (_, path))| (path, role)).collect();
        Self::named(tree, |path| newest.get(path).cloned())
    }

    fn named(tree: Tree, role: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut view = Self { invitations: Invitations::read(tree.get(STATE))?, ..Self::default() };
        for (path, bytes) in &tree {
            let Some(role) = role(path) else { continue };
            let document = Document::read(bytes).map_err(|why| format!("`{path}` cannot be used: {why}"))?;
            document.keys().and(document.roles().map(drop)).map_err(|why| format!("in `{path}`, {why}"))?;
            view.documents.insert(role.clone(), document);
            view.files.insert(role, path.clone());
        }
        view.tree = tree;
        Ok(view)
    }

    /// A role's metadata.
    pub(crate) fn document(&self, role: &str) -> Option<&Document> {
        self.documents.get(role)
    }

    /// A role's version; 0 where there is none.
    pub(crate) fn version(&self, role: &str) -> u64 {
        self.document(role).and_then(|document| document.version().ok()).unwrap_or(0)
    }

    /// The role that delegates to a role.
    pub(crate) fn delegator(&self, role: &str) -> Option<&Document> {
        if TOP_LEVEL.contains(&role) {
            return self.document("root");
        }
        let delegates = |document: &&Document| document.kind() == "targets" && document.role(role).is_ok();
        self.document("targets").filter(delegates).or_else(|| self.documents.values().find(delegates))
    }

    /// A role as the one that delegates to it has it.
    pub(crate) fn role(&self, role: &str) -> Option<Role> {
        self.delegator(role)?.role(role).ok()
    }

    /// The keys of whoever delegates to a role, by id.
    pub(crate) fn keys(&self, role: &str) -> BTreeMap<String, Key> {
        self.delegator(role).and_then(|delegator| delegator.keys().ok()).unwrap_or_default()
    }

    /// The keys that sign for a role, in its order.
    pub(crate) fn keys_of(&self, role: &str) -> Vec<Key> {
        let mut keys = self.keys(role);
        let ids = self.role(role).map(|role| role.keyids).unwrap_or_default();
        ids.iter().filter_map(|id| keys.remove(id)).collect()
    }

    /// The roles whose files are not as they are published: top-level ones first.
    pub(crate) fn changed_since(&self, published: &Self) -> Vec<String> {
        let bytes = |view: &Self, role: &str| view.files.get(role).and_then(|path| view.tree.get(path).cloned());
        let mut changed: Vec<String> =
            self.files.keys().filter(|role| bytes(self, role) != bytes(published, role)).cloned().collect();
        let place = |role: &String| TOP_LEVEL.iter().position(|top| top == role).unwrap_or(TOP_LEVEL.len());
        changed.sort_by_key(place);
        changed
    }
}

/// Reads the files that a record names.
///
/// # Errors
/// Which of them cannot be read, or is another, as a clause.
pub(super) fn read_kept(kept: &Kept, read: impl Fn(&str) -> Result<Vec<u8>, String>) -> Result<Tree, String> {
    let read = |(path, record): (&String, &officiant_engine::record::FileRecord)| {
        let bytes = read(&record.path)?;
        let is_as_long = u64::try_from(bytes.len()) == Ok(record.size);
        if is_as_long && officiant_engine::record::digest_hex(&bytes) == record.sha256 {
            Ok((path.clone(), bytes))
        } else {
            Err(format!("`{}` is not the file that was recorded", record.path))
        }
    };
    kept.iter().map(read).collect()
}
