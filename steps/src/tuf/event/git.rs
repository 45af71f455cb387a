//! git, asked for objects alone: nothing that a clone's configuration, hooks or attributes name is run, and nothing is fetched.

use crate::text::plain;
use officiant_engine::conduct::Failure;
use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

/// Most bytes that git may say.
const MOST: u64 = 64 * 1024 * 1024;

/// A git repository on this machine.
#[derive(Debug, Clone)]
pub(super) struct Git(PathBuf);

/// A file in a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// As git writes it: `100644`, `120000` for a symbolic link.
    pub(super) mode: String,
    pub(super) object: String,
    pub(super) path: String,
}

impl Git {
    pub(super) fn at(folder: &Path) -> Self {
        Self(folder.to_path_buf())
    }

    /// What git says on standard output.
    ///
    /// # Errors
    /// `no-git`; `git` with what it said.
    fn say(&self, arguments: &[&str]) -> Result<Vec<u8>, Failure> {
        let mut command = Command::new("git");
        // Whoever starts officiant may have told git about another repository.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GIT_") {
                command.env_remove(name);
            }
        }
        let child = command
            .args(["--no-pager", "--no-optional-locks", "--literal-pathspecs", "--no-replace-objects"])
            .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.commitGraph=false"])
            .arg("-C")
            .arg(&self.0)
            .args(arguments)
            .envs([
                ("GIT_TERMINAL_PROMPT", "0"),
                ("GIT_OPTIONAL_LOCKS", "0"),
                // What is missing is fetched from nowhere, whatever the clone's configuration allows and whichever git it is.
                ("GIT_NO_LAZY_FETCH", "1"),
                ("GIT_ALLOW_PROTOCOL", "none"),
                // What a commit goes off from is what the commit itself says.
                ("GIT_GRAFT_FILE", "/dev/null"),
                ("LC_ALL", "C"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.map_err(|error| {
            Failure::new("no-git", format!("git cannot be run: {error}")).next("install git, and try again")
        })?;
        let lost = |error: std::io::Error| Failure::new("git", format!("git was lost: {error}")).next("try again");
        let mut complaint = child.stderr.take().into_iter().collect::<Vec<_>>();
        let listener = thread::spawn(move || {
            let mut said = Vec::new();
            for pipe in &mut complaint {
                let _ = pipe.take(64 * 1024).read_to_end(&mut said);
                let _ = std::io::copy(pipe, &mut std::io::sink());
            }
            said
        });
        let mut output = Vec::new();
        if let Some(mut pipe) = child.stdout.take() {
            (&mut pipe).take(MOST + 1).read_to_end(&mut output).map_err(lost)?;
        }
        let too_much = output.len() as u64 > MOST;
        if too_much {
            let _ = child.kill();
        }
        let status = child.wait().map_err(lost)?;
        let said = listener.join().unwrap_or_default();
        if too_much {
            return Err(Failure::new("too-large", format!("git says more than {MOST} bytes of this clone"))
                .next("see what is in `metadata/`: that much is no metadata"));
        }
        if status.success() {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
        Err(Failure::new("git", format!("git refused `{}`: {}", arguments.join(" "), plain(last)))
            .next("see that the clone is whole and yours, and try again"))
    }

    fn line(&self, arguments: &[&str]) -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(&self.say(arguments)?).trim_end_matches('\n').to_string())
    }

    /// The folder that is the top of the work tree.
    pub(super) fn top(&self) -> Result<PathBuf, Failure> {
        self.line(&["rev-parse", "--show-toplevel"]).map(PathBuf::from)
    }

    /// The commit that a name stands for, as an id.
    pub(super) fn commit(&self, name: &str) -> Result<String, Failure> {
        self.line(&["rev-parse", "--verify", "--end-of-options", &format!("{name}^{{commit}}")])
    }

    /// The branch that is checked out; nothing where HEAD is on none.
    pub(super) fn branch(&self) -> Option<String> {
        self.line(&["symbolic-ref", "--quiet", "--short", "HEAD"]).ok()
    }

    /// The last commit that two have in common.
    pub(super) fn merge_base(&self, one: &str, other: &str) -> Result<String, Failure> {
        self.line(&["merge-base", one, other])
    }

    /// The files below a folder in a commit.
    pub(super) fn list(&self, commit: &str, folder: &str) -> Result<Vec<Entry>, Failure> {
        let said = self.say(&["ls-tree", "-r", "-z", "--full-tree", commit, "--", folder])?;
        let garbled = || Failure::new("git", "git lists files in a way that cannot be understood");
        let entries = said.split(|byte| *byte == 0).filter(|entry| !entry.is_empty());
        entries
            .map(|entry| {
                let entry = std::str::from_utf8(entry).map_err(|_| {
                    Failure::new("path", "a file in `metadata/` has a name that is not UTF-8").next("rename it")
                })?;
                let (about, path) = entry.split_once('\t').ok_or_else(garbled)?;
                let mut about = about.split(' ');
                let (Some(mode), Some(_), Some(object)) = (about.next(), about.next(), about.next()) else {
                    return Err(garbled());
                };
                Ok(Entry { mode: mode.to_string(), object: object.to_string(), path: path.to_string() })
            })
            .collect()
    }

    /// The bytes of a file.
    pub(super) fn blob(&self, object: &str) -> Result<Vec<u8>, Failure> {
        self.say(&["cat-file", "blob", object])
    }
}
