//! Which program a name means, and which could have been meant.

use crate::files::digest;
use officiant_engine::notation::nearest;
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    env,
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// A program that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Found {
    /// Its absolute path, as it was found: a symbolic link is not followed.
    pub(super) path: String,
    /// The SHA-256 (hex) of what was there right before it was started; nothing when it may be run and not read.
    sha256: Option<String>,
}

impl Found {
    /// What is at a path.
    pub(super) fn at(path: &Path) -> Self {
        // A pipe would wait for a writer.
        let file = path.metadata().is_ok_and(|metadata| metadata.is_file());
        let sha256 = file.then(|| File::open(path).and_then(digest)).and_then(Result::ok).map(|(_, sha256)| sha256);
        Self { path: path.to_string_lossy().into_owned(), sha256 }
    }
}

/// The absolute path of a program that is to run in a directory, an absolute one: one with a slash starts there, another is in the
/// first folder of the search path that has it, as with `execvp` (POSIX.1-2024).
///
/// # Errors
/// There is none; or only some that are no programs.
pub(super) fn resolve(program: &str, path: Option<&str>, directory: &Path) -> io::Result<PathBuf> {
    if program.contains('/') {
        return Ok(directory.join(program));
    }
    let path = path.map(OsString::from).or_else(|| env::var_os("PATH")).unwrap_or_else(|| "/bin:/usr/bin".into());
    let mut error = ErrorKind::NotFound;
    for folder in env::split_paths(&path) {
        let candidate = directory.join(folder).join(program);
        match candidate.metadata() {
            Ok(metadata) if metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 => return Ok(candidate),
            Ok(metadata) if metadata.is_file() => error = ErrorKind::PermissionDenied,
            _ => {}
        }
    }
    Err(error.into())
}

/// What to say to a person about a program that is not there.
pub(super) fn hint(program: &str, found: Option<&Path>, path: Option<&str>) -> String {
    if found.is_some_and(Path::exists) {
        return "the file is there: see that the interpreter its first line names is, too".to_string();
    }
    let path = path.map(OsString::from).or_else(|| env::var_os("PATH")).unwrap_or_default();
    let folders = if program.contains('/') {
        Path::new(program).parent().map(Path::to_path_buf).into_iter().collect()
    } else {
        env::split_paths(&path).collect::<Vec<_>>()
    };
    let names: Vec<_> = folders
        .iter()
        .filter_map(|folder| folder.read_dir().ok())
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let name = Path::new(program).file_name().and_then(OsStr::to_str).unwrap_or(program);
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? Install what is missing, or correct `command` in the runbook"),
        None => "install it, or correct `command` in the runbook".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_program_is_the_first_on_the_search_path_that_can_be_run() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for (path, mode) in [("a/tool", 0o600), ("b/tool", 0o700), ("c/tool", 0o700), ("a/text", 0o600)] {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), path).unwrap();
            fs::set_permissions(at(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir(at("a/folder")).unwrap();
        let path = format!("{}:{}:{}", at("a").display(), at("b").display(), at("c").display());
        let resolve =
            |program: &str, path: &str| resolve(program, Some(path), folder.path()).map_err(|error| error.kind());
        assert_eq!(resolve("tool", &path), Ok(at("b/tool")));
        assert_eq!(resolve("text", &path), Err(ErrorKind::PermissionDenied));
        assert_eq!(resolve("folder", &path), Err(ErrorKind::NotFound));
        assert_eq!(resolve("nonesuch", &path), Err(ErrorKind::NotFound));
        // A folder on the search path that is not absolute, and a path of a program, start where the program is to run.
        assert_eq!(resolve("tool", "nonesuch:c"), Ok(at("c/tool")));
        assert_eq!(resolve("c/tool", ""), Ok(at("c/tool")));
        assert_eq!(resolve("/bin/sh", &path), Ok(PathBuf::from("/bin/sh")));
    }

    #[test]
    fn what_is_found_is_told_with_its_digest_and_what_cannot_be_read_without() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tool"), "abc").unwrap();
        let found = Found::at(&folder.path().join("tool"));
        // FIPS 180-4, example of "abc".
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(found.sha256.as_deref(), Some(digest));
        assert_eq!(Found::at(folder.path()).sha256, None);
        assert_eq!(Found::at(Path::new("/dev/zero")).sha256, None);
    }
}
