//! An event as a step finds it, and what it writes there.

use super::{
    diff,
    kept::{Writing, digests, keep},
    practice::{PRACTICE, Scene},
    progress,
    reported::{Files, Found, State},
    repository::Repository,
    tree::{Tree, View},
};
use crate::product::vacant_folder;
use jiff::Timestamp;
use officiant_engine::conduct::{Failure, Notice, Objection, Probed, Stage};
use serde_json::Value;

/// An event as it was found.
pub(super) struct Event {
    pub(super) repository: Repository,
    pub(super) published: View,
    pub(super) before: View,
}

/// A change that was done as the ceremony broke off.
pub(super) struct Done {
    /// When it was made, RFC 3339.
    pub(super) at: String,
    /// What else the step put on the disk before it wrote.
    pub(super) with: Value,
    /// The event afterwards.
    pub(super) state: State,
    /// What was compared and made.
    pub(super) files: Files,
}

impl Event {
    /// Finds it; `scene` is what a practice repository has in it where nothing is there yet.
    ///
    /// # Errors
    /// Those of a repository; `metadata` when a file in it cannot be used.
    pub(super) fn find(
        stage: &mut Stage<'_>,
        clone: &str,
        published: &str,
        scene: Option<Scene<'_>>,
    ) -> Result<Self, Failure> {
        let repository = Repository::open(stage, clone, published)?;
        if let Repository::Practice(practice) = &repository {
            stage.show(Notice::Information(PRACTICE.to_string()));
            if let Some(scene) = scene {
                practice.set(scene)?;
            }
        }
        let event = Self { published: view(repository.published()?)?, before: view(repository.event()?)?, repository };
        if event.before.document("root").is_none() && scene.is_some() && !event.before.tree.is_empty() {
            return Err(Failure::new("no-metadata", "there is metadata in the clone, and no metadata/root.json")
                .next("see that this is the right clone and branch"));
        }
        Ok(event)
    }

    /// The event after a change.
    ///
    /// # Errors
    /// `metadata` when it cannot be read again.
    pub(super) fn state(&self, after: &Tree, user: Option<&str>, at: Timestamp) -> Result<State, Failure> {
        Ok(progress::state(&self.published, &view(after.clone())?, user, at))
    }

    /// Shows what changes, puts on the disk what is about to be written, and writes it.
    ///
    /// # Errors
    /// `changed`, `file`, `metadata`.
    pub(super) fn write(
        &self,
        stage: &mut Stage<'_>,
        after: &Tree,
        user: Option<&str>,
        at: Timestamp,
        with: Value,
    ) -> Result<State, Failure> {
        let state = self.state(after, user, at)?;
        self.show(stage, &state);
        self.put(stage, after, at, with)?;
        Ok(state)
    }

    /// Puts on the disk what is about to be written, and writes it.
    ///
    /// # Errors
    /// `changed`, `file`.
    pub(super) fn put(&self, stage: &mut Stage<'_>, after: &Tree, at: Timestamp, with: Value) -> Result<(), Failure> {
        let (before, digest) = (digests(&self.before.tree), digests(after));
        Writing { at: at.to_string(), before, after: digest, with }.record(stage)?;
        self.repository.write(&self.before.tree, after)
    }

    /// Keeps what was compared and made.
    ///
    /// # Errors
    /// Those of products; in doubt, for the clone is changed.
    pub(super) fn keep(&self, stage: &mut Stage<'_>, out: Option<&str>, after: &Tree) -> Result<Files, Failure> {
        keep(stage, out, &self.published.tree, &self.before.tree, after).map_err(Failure::in_doubt)
    }

    /// Shows an event as people read it.
    pub(super) fn show(&self, stage: &mut Stage<'_>, state: &State) {
        let changes = diff::in_words(&state.changes);
        let mut text =
            if changes.is_empty() { "nothing has changed against what is published".to_string() } else { changes };
        text.push('\n');
        for line in standing(state) {
            text.push('\n');
            text.push_str(&line);
        }
        if matches!(self.repository, Repository::Practice(_)) {
            text = format!("PRACTICE\n\n{text}\n\nPRACTICE");
        }
        stage.show(Notice::Banner(text));
    }

    /// What became of a change that was in flight as the ceremony broke off: it was done when the clone holds exactly what was about
    /// to be written. `outputs` are those of a step that was done: of the event as it was before, with copies of what is there now
    /// in the folder `out`, and of what was about to be written.
    ///
    /// # Errors
    /// `half-written` when the clone holds neither; those of a repository and of products.
    pub(super) fn probe<O>(
        stage: &mut Stage<'_>,
        (clone, published): (&str, &str),
        (user, out): (&str, &str),
        outputs: impl FnOnce(&Self, &Stage<'_>, Done) -> Result<O, Failure>,
    ) -> Result<Probed<O>, Failure> {
        let (event, after, Writing { at, with, .. }) = match Self::after_break(stage, clone, published)? {
            Probed::Done(found) => found,
            Probed::NotDone => return Ok(Probed::NotDone),
            Probed::Unknown(why) => return Ok(Probed::Unknown(why)),
        };
        let out = vacant_folder(stage, out)?;
        let time = at.parse().map_err(|_| {
            Failure::new("record", format!("the record says that the step was at {at:?}, which is no time"))
                .next("replay the record: somebody changed it")
        })?;
        let state = event.state(&after, Some(user), time)?;
        let files = event.keep(stage, Some(&out), &after)?;
        outputs(&event, stage, Done { at, with, state, files }).map(Probed::Done)
    }

    fn after_break(stage: &Stage<'_>, clone: &str, published: &str) -> Result<Probed<(Self, Tree, Writing)>, Failure> {
        let Some(writing) = Writing::of(stage.observed()) else { return Ok(Probed::NotDone) };
        let repository = Repository::open(stage, clone, published)?;
        let there = repository.event()?;
        let now = digests(&there);
        if now == writing.before {
            return Ok(Probed::NotDone);
        }
        if now != writing.after {
            return Err(Failure::new(
                "half-written",
                "the ceremony broke off while `metadata/` in the clone was written, and a part of it is missing, or somebody \
                 changed it since",
            )
            .next("take it back with `git restore metadata && git clean -f metadata`, and try again"));
        }
        let former = repository.former()?;
        let mut found = [former].into_iter().chain(super::repository::made(stage));
        let Some(before) = found.find(|it| digests(it) == writing.before) else {
            let why = "the clone holds what the step was to write, and nothing is left of what was there before";
            return Ok(Probed::Unknown(why.to_string()));
        };
        let event = Self { published: view(repository.published()?)?, before: view(before)?, repository };
        Ok(Probed::Done((event, there, writing)))
    }
}

/// What people read of how far an event is, line by line.
fn standing(state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    let list = |names: &[String]| if names.is_empty() { "nobody".to_string() } else { names.join(", ") };
    for role in &state.signatures {
        lines.push(format!("{}: {} of {} signatures", role.role, role.signed_by.len(), role.threshold));
        lines.push(format!("  signed: {}", list(&role.signed_by)));
        lines.push(format!("  missing: {}", list(&state.awaited(role))));
        if let Some(threshold) = role.previous_threshold {
            let signed = role.previous_signed_by.len();
            lines.push(format!("  by the keys that are published: {signed} of {threshold} signatures"));
        }
    }
    for (handle, roles) in &state.invitations {
        lines.push(format!("invited: {handle} to {}", roles.join(", ")));
    }
    if !state.invited_to.is_empty() {
        lines.push(format!("next for you: give your key for {} with tuf.accept", state.invited_to.join(", ")));
    } else if !state.to_sign.is_empty() {
        lines.push(format!("next for you: sign {} with tuf.sign", state.to_sign.join(", ")));
    }
    if !state.to_sign_later.is_empty() {
        lines.push(format!("when everybody has accepted, you sign {}", state.to_sign_later.join(", ")));
    }
    lines.extend(state.faults.iter().map(|fault| format!("against signing: {fault}")));
    if state.complete {
        lines.push("complete: enough have signed everything that changed".to_string());
    }
    lines.iter().map(|line| diff::folded(&crate::text::plain(line))).collect()
}

/// What files say.
///
/// # Errors
/// `metadata`
pub(super) fn view(tree: Tree) -> Result<View, Failure> {
    View::read(tree).map_err(|why| {
        Failure::new("metadata", crate::text::plain(&format!("in the clone's `metadata/`, {why}")))
            .next("sign nothing; find out who changed it")
    })
}

/// The clone that a step names is the one that the record says.
pub(super) fn same_clone(named: &str, found: &Found) -> Option<Objection> {
    let is_commit = |commit: &Option<String>| {
        commit.as_ref().is_some_and(|it| [40, 64].contains(&it.len()) && it.bytes().all(|it| it.is_ascii_hexdigit()))
    };
    let fits = if named == super::REHEARSAL {
        found.branch.is_none() && found.head.is_none() && found.base.is_none()
    } else {
        is_commit(&found.head) && is_commit(&found.base)
    };
    let message = format!("the step is about the clone `{named}`, what came of it about another");
    (found.clone != named || !fits).then(|| Objection::wrong("clone", message))
}
