//! A rehearsal's repository, which is made up: nothing outside the ceremony folder is touched.

use super::{
    edit::{Config, Editor, NewKey, OnlineConfig},
    repository::walk,
    tree::{Tree, View},
    write,
};
use crate::tuf::metadata::{Key, PublicKey};
use jiff::Timestamp;
use officiant_engine::conduct::Failure;
use rand_core::OsRng;
use std::path::{Path, PathBuf};

/// People who are made up.
const OTHERS: [&str; 2] = ["@rehearsal-anna", "@rehearsal-ben"];

/// What every person reads who sees such a repository.
pub(super) const PRACTICE: &str = "This is practice: the repository is made up for the rehearsal, and so is everybody whose name begins \
                                   with @rehearsal.";

/// A rehearsal's repository, in the ceremony folder's `rehearsal/tuf/`.
pub(super) struct Practice(PathBuf);

/// What is to be in it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scene<'a> {
    /// A published repository in which somebody signs.
    Published(&'a str),
    /// An event to which somebody is invited.
    Invited(&'a str),
    /// An event in which somebody's key is to sign.
    ToSign(&'a str, &'a PublicKey),
}

impl Practice {
    pub(super) fn at(folder: &Path) -> Self {
        Self(folder.join("rehearsal/tuf"))
    }

    pub(super) fn published(&self) -> PathBuf {
        self.0.join("published")
    }

    pub(super) fn event(&self) -> PathBuf {
        self.0.join("metadata")
    }

    /// What was there before the last change.
    pub(super) fn before(&self) -> PathBuf {
        self.0.join("before")
    }

    /// Keeps what is there before a change, which git does for a clone.
    ///
    /// # Errors
    /// `file`
    pub(super) fn keep(&self, before: &Tree) -> Result<(), Failure> {
        let held = walk(&self.before())?;
        write::write(&self.before(), &held, before)
    }

    /// Makes it up, unless an earlier step has.
    ///
    /// # Errors
    /// `file`
    pub(super) fn set(&self, scene: Scene<'_>) -> Result<(), Failure> {
        if self.event().exists() {
            return Ok(());
        }
        let tree =
            made_up(scene).map_err(|why| Failure::new("practice", format!("nothing to practise with: {why}")))?;
        if matches!(scene, Scene::Published(_)) {
            write::write(&self.published(), &Tree::new(), &tree)?;
        }
        write::write(&self.event(), &Tree::new(), &tree)
    }
}

fn made_up(scene: Scene<'_>) -> Result<Tree, String> {
    let (user, key) = match scene {
        Scene::Published(user) => (user, Some(made_up_key())),
        Scene::Invited(user) => (user, None),
        Scene::ToSign(user, key) => (user, Some(key.clone())),
    };
    let (nothing, at) = (View::default(), Timestamp::now());
    let mut signers: Vec<String> = OTHERS.iter().map(ToString::to_string).collect();
    signers.push(user.to_string());
    let config = Config { signers, threshold: 2, expiry: 365, signing: 60 };
    let mut tree = Tree::new();
    let mut people: Vec<(&str, PublicKey)> = OTHERS.iter().map(|name| (*name, made_up_key())).collect();
    people.extend(key.map(|key| (user, key)));
    for (person, key) in people {
        let mut editor = Editor::new(&nothing, View::read(tree)?, person, at);
        for role in ["root", "targets"] {
            editor.set(role, &config, Some(&NewKey::Own(key.clone())))?;
        }
        if person == OTHERS[0] {
            let online = Key::online(&made_up_key(), "practice:online");
            let config = OnlineConfig { key: online.value.clone(), timestamp: [2, 1], snapshot: [365, 60] };
            editor.set_online(&config, &online.id)?;
        }
        tree = editor.finish();
    }
    Ok(tree)
}

/// The public half of a key that nobody keeps.
fn made_up_key() -> PublicKey {
    PublicKey::Ed25519(ed25519_dalek::SigningKey::generate(&mut OsRng).verifying_key())
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Scene, made_up};
    use crate::tuf::event::tree::View;

    /// An event that is made up, with keys.
    pub(in crate::tuf::event) fn practice() -> View {
        View::read(made_up(Scene::Published("@user")).unwrap()).unwrap()
    }
}
