//! Where an event is: in a git clone, or in a rehearsal's practice repository.

use super::{
    REHEARSAL,
    git::Git,
    practice::Practice,
    reported::Found,
    tree::{STATE, Tree},
    write,
};
use officiant_engine::conduct::{Failure, Stage};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Most bytes of a file of metadata.
const LARGEST: u64 = 32 * 1024 * 1024;

/// Most files of metadata.
const MOST: usize = 5_000;

/// A repository with an event.
pub(super) enum Repository {
    Clone(GitClone),
    Practice(Practice),
}

/// A git clone with an event's branch checked out.
pub(super) struct GitClone {
    folder: PathBuf,
    git: Git,
    found: Found,
    /// The commit that is published.
    main: String,
}

impl Repository {
    /// Finds it.
    ///
    /// # Errors
    /// `path`, `no-clone`, `no-base`, `git`; `rehearsal` when a ceremony names a practice repository.
    pub(super) fn open(stage: &Stage<'_>, clone: &str, published: &str) -> Result<Self, Failure> {
        if clone == REHEARSAL {
            if !stage.rehearsal() {
                return Err(Failure::new("rehearsal", "the practice repository is for rehearsals alone")
                    .next("name the git clone by its absolute path: `clone: /home/you/tuf`"));
            }
            return Ok(Self::Practice(Practice::at(stage.folder())));
        }
        GitClone::open(clone, published).map(Self::Clone)
    }

    pub(super) fn found(&self) -> Found {
        match self {
            Self::Clone(clone) => clone.found.clone(),
            Self::Practice(_) => Found { clone: REHEARSAL.to_string(), branch: None, head: None, base: None },
        }
    }

    /// What is published, where the event goes off.
    pub(super) fn published(&self) -> Result<Tree, Failure> {
        match self {
            Self::Clone(clone) => clone.at(clone.found.base.as_deref().unwrap_or_default()),
            Self::Practice(practice) => walk(&practice.published()),
        }
    }

    /// What is in the event, committed or not.
    pub(super) fn event(&self) -> Result<Tree, Failure> {
        match self {
            Self::Clone(clone) => walk(&clone.folder.join("metadata")),
            Self::Practice(practice) => walk(&practice.event()),
        }
    }

    /// What is committed of the event; all of it in a practice repository.
    pub(super) fn committed(&self) -> Result<Tree, Failure> {
        match self {
            Self::Clone(clone) => clone.at(clone.found.head.as_deref().unwrap_or_default()),
            Self::Practice(practice) => walk(&practice.event()),
        }
    }

    /// What may have been there before a step wrote: what is committed, or what a practice repository keeps of it.
    ///
    /// # Errors
    /// Those of a clone.
    pub(super) fn former(&self) -> Result<Tree, Failure> {
        match self {
            Self::Clone(_) => self.committed(),
            Self::Practice(practice) => walk(&practice.before()),
        }
    }

    /// Brings the event from what it was to what it is to be: every file is on the disk under another name before the first is put
    /// in its place.
    ///
    /// # Errors
    /// `changed` when it is not what it was any more; `file`.
    pub(super) fn write(&self, before: &Tree, after: &Tree) -> Result<(), Failure> {
        let folder = match self {
            Self::Clone(clone) => clone.folder.join("metadata"),
            Self::Practice(practice) => practice.event(),
        };
        if &self.event()? != before {
            return Err(Failure::new("changed", "somebody else changed `metadata/` meanwhile; nothing was written")
                .next("see who works in this clone, and try again"));
        }
        if let Self::Practice(practice) = self {
            practice.keep(before)?;
        }
        write::write(&folder, before, after)?;
        if &self.event()? == after {
            return Ok(());
        }
        Err(Failure::new("digest", "`metadata/` is not what was written when it is read again")
            .next("do not commit it; see what the disk and who else works in this clone")
            .in_doubt())
    }

    /// Makes sure that what the event changes is published as it was when the event began.
    ///
    /// # Errors
    /// `overtaken`; those of a clone.
    pub(super) fn is_current(&self, published: &Tree, event: &Tree) -> Result<(), Failure> {
        match self {
            Self::Clone(clone) if clone.found.base.as_ref() != Some(&clone.main) => {
                not_overtaken(published, event, &clone.at(&clone.main)?)
            }
            _ => Ok(()),
        }
    }

    /// Makes sure that nobody else's work is in the way: what is not committed must be what a step of this ceremony made.
    ///
    /// # Errors
    /// `uncommitted`
    pub(super) fn is_clean(&self, stage: &Stage<'_>, event: &Tree) -> Result<(), Failure> {
        let changed = differing(&self.committed()?, event);
        if changed.is_empty() || made_here(stage, event) {
            return Ok(());
        }
        Err(Failure::new(
            "uncommitted",
            format!("in the clone is what is not committed, and no step of this ceremony made it: {}", changed.join(", ")),
        )
        .next("look with `git status` and `git diff`; commit what belongs there, or take it back with `git restore metadata`"))
    }
}

/// Makes sure that nothing that an event changes was published otherwise since the event went off: signatures would be of a
/// second version with the same number.
fn not_overtaken(published: &Tree, event: &Tree, main: &Tree) -> Result<(), Failure> {
    let overtaken = differing(published, event).into_iter().filter(|path| path != STATE);
    let overtaken: Vec<_> = overtaken.filter(|path| main.get(path) != published.get(path)).collect();
    if overtaken.is_empty() {
        return Ok(());
    }
    let paths = crate::text::plain(&overtaken.join(", "));
    Err(Failure::new("overtaken", format!("since this event began, others were published in the place of {paths}"))
        .next("sign nothing; begin an event anew from what is published, or ask whoever leads this one"))
}

/// The files that are not the same in two trees.
pub(super) fn differing(one: &Tree, other: &Tree) -> Vec<String> {
    let mut paths: Vec<String> =
        one.keys().chain(other.keys()).filter(|it| one.get(*it) != other.get(*it)).cloned().collect();
    paths.sort();
    paths.dedup();
    paths
}

/// Whether a folder of products holds exactly these files.
fn made_here(stage: &Stage<'_>, event: &Tree) -> bool {
    made(stage).any(|tree| &tree == event)
}

/// Most folders of products that are looked through.
const MOST_FOLDERS: usize = 1_000;

/// The metadata in every folder of products.
pub(super) fn made(stage: &Stage<'_>) -> impl Iterator<Item = Tree> + use<> {
    let mut folders = vec![stage.folder().join("products")];
    let mut at = 0;
    while at < folders.len() && folders.len() < MOST_FOLDERS {
        let below = fs::read_dir(&folders[at]).into_iter().flatten().flatten();
        let below: Vec<PathBuf> =
            below.filter(|it| it.file_type().is_ok_and(|it| it.is_dir())).map(|it| it.path()).collect();
        folders.extend(below);
        at += 1;
    }
    folders.into_iter().filter_map(|folder| walk(&folder).ok())
}

impl GitClone {
    fn open(path: &str, published: &str) -> Result<Self, Failure> {
        let no_clone = |why: &str| {
            Failure::new("no-clone", format!("`{path}` {why}"))
                .next("clone the repository with git, and name the clone's folder by its absolute path")
        };
        if !Path::new(path).is_absolute() || path.chars().any(char::is_control) {
            return Err(no_clone("is no absolute path of a folder"));
        }
        let name = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
        if published.is_empty() || published.starts_with('-') || !published.bytes().all(name) {
            return Err(Failure::new(
                "wrong-argument",
                format!("`{published}` is no branch or commit that is published"),
            )
            .next("correct `published` in the runbook; it is `origin/main` in most clones"));
        }
        let folder = Path::new(path).canonicalize().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => no_clone("is not there"),
            _ => no_clone(&format!("cannot be looked at: {error}")),
        })?;
        if !folder.is_dir() {
            return Err(no_clone("is no folder"));
        }
        let git = Git::at(&folder);
        let top = git.top().map_err(|failure| match failure.code.as_str() {
            "git" => no_clone(&format!("is no git clone with files checked out: {}", failure.message)),
            _ => failure,
        })?;
        if top.canonicalize().ok().as_deref() != Some(&folder) {
            return Err(no_clone(&format!("is not the top folder of a clone; git names `{}`", top.display())));
        }
        let head = git.commit("HEAD").map_err(|_| {
            Failure::new("no-base", "nothing is committed in the clone")
                .next("check the event's branch out: `git fetch && git switch sign/…`")
        })?;
        let main = git.commit(published).map_err(|_| {
            Failure::new("no-base", format!("the clone does not know `{published}`, what is published"))
                .next("`git fetch origin` in the clone, or name what is published with `published`")
        })?;
        let base = git.merge_base(&main, &head).map_err(|_| {
            Failure::new("no-base", format!("what is checked out does not go off from `{published}`"))
                .next("check the event's branch out: `git fetch && git switch sign/…`")
        })?;
        let branch = git.branch();
        if branch.is_some() && branch.as_deref() == published.rsplit('/').next() {
            return Err(Failure::new(
                "no-event",
                format!("`{}` is checked out, which is what is published, not an event", branch.unwrap_or_default()),
            )
            .next(
                "check the event's branch out: `git fetch && git switch sign/…`, or begin one: `git switch -c sign/…`",
            ));
        }
        let found = Found { clone: path.to_string(), branch, head: Some(head), base: Some(base) };
        Ok(Self { folder, git, found, main })
    }

    /// The files of metadata in a commit.
    fn at(&self, commit: &str) -> Result<Tree, Failure> {
        let mut tree = Tree::new();
        for entry in self.git.list(commit, "metadata/")? {
            let Some(path) = entry.path.strip_prefix("metadata/").filter(|path| is_metadata(path)) else { continue };
            // Metadata that is a link in the commit is one in the clone.
            if !entry.mode.starts_with("100") {
                return Err(link(&entry.path));
            }
            tree.insert(path.to_string(), self.git.blob(&entry.object)?);
            if tree.len() > MOST {
                return Err(too_many());
            }
        }
        Ok(tree)
    }
}

/// Whether a file in `metadata/` says something.
fn is_metadata(path: &str) -> bool {
    path == STATE || (Path::new(path).extension().is_some_and(|it| it == "json") && !path.starts_with('.'))
}

fn link(path: &str) -> Failure {
    Failure::new("symlink", format!("`{path}` is a symbolic link or no file, which no clone of metadata has"))
        .next("find out who put it there; sign nothing in this clone")
}

fn too_many() -> Failure {
    Failure::new("too-large", format!("there are more than {MOST} files of metadata"))
        .next("see that this is the right clone")
}

/// The files of metadata in a folder; none where there is no folder.
pub(super) fn walk(folder: &Path) -> Result<Tree, Failure> {
    let mut tree = Tree::new();
    match folder.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(tree),
        Ok(metadata) if !metadata.is_dir() => return Err(link(&folder.display().to_string())),
        _ => {}
    }
    below(folder, "", &mut tree)?;
    Ok(tree)
}

/// How deep folders are looked through; no role's file is in one.
const DEEPEST: usize = 8;

fn below(folder: &Path, prefix: &str, tree: &mut Tree) -> Result<(), Failure> {
    let unreadable = |path: &Path, error: &io::Error| {
        Failure::new("file", format!("`{}` cannot be read: {error}", path.display()))
            .next("see that the disk is there and readable")
    };
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        let kind = entry.file_type().map_err(|error| unreadable(&entry.path(), &error))?;
        let name = entry.file_name();
        let name = name.to_str().filter(|name| !name.chars().any(char::is_control)).ok_or_else(|| {
            Failure::new("path", format!("a file in `{}` has a name that cannot be shown", folder.display()))
                .next("rename it")
        })?;
        let path = format!("{prefix}{name}");
        if kind.is_dir() && prefix.matches('/').count() < DEEPEST {
            below(&entry.path(), &format!("{path}/"), tree)?;
        } else if kind.is_symlink() || (is_metadata(&path) && !kind.is_file()) {
            return Err(link(&entry.path().display().to_string()));
        } else if is_metadata(&path) {
            let size = entry.metadata().map_err(|error| unreadable(&entry.path(), &error))?.len();
            if size > LARGEST {
                return Err(Failure::new("too-large", format!("`{path}` has {size} bytes, more than metadata has"))
                    .next("see that this is the right folder"));
            }
            let bytes = fs::read(entry.path()).map_err(|error| unreadable(&entry.path(), &error))?;
            tree.insert(path, bytes);
            if tree.len() > MOST {
                return Err(too_many());
            }
        }
    }
    Ok(())
}

/// The files of metadata in a plain folder.
///
/// # Errors
/// `missing`, `path`, `file`.
pub(super) fn plain_folder(place: &crate::files::Place, stage: &Stage<'_>) -> Result<Tree, Failure> {
    let full = place.full(stage)?;
    if !full.is_dir() {
        return Err(Failure::new("missing", format!("there is no folder `{}`", place.name()))
            .next("name the folder with the metadata in the runbook"));
    }
    let mut tree = walk(&full)?;
    tree.retain(|path, _| !path.contains('/'));
    Ok(tree)
}
