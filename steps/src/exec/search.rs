//! The programs that could have been meant.

use officiant_engine::notation::nearest;
use std::{
    env,
    ffi::{OsStr, OsString},
    path::Path,
};

/// What to say to a person about a program that is not there.
pub(super) fn hint(program: &str, path: Option<&str>) -> String {
    if Path::new(program).exists() {
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
