//! The files of a ceremony: each as it was recorded and in its place, none that was not.

use super::{Finding, findings::Findings};
use crate::record::{EVIDENCE, FileRecord, Folder, Line, PRODUCTS, RUNBOOK, TRANSCRIPT};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs, io,
    path::{Component, Path},
};

/// The folders of a ceremony folder; those of the second group hold files that no entry names.
const RECORDED: [&str; 3] = [RUNBOOK, PRODUCTS, EVIDENCE];
const SEALS: &str = "seals";
const REHEARSAL: &str = "rehearsal";

/// How many files of one folder that no entry names are told one by one.
const UNKNOWN: usize = 20;

/// Finds everything that is wrong with the files.
pub(super) fn check(folder: &Folder, lines: &[Line], rehearsal: bool, findings: &mut Findings) {
    let mut recorded: BTreeMap<&str, (&FileRecord, usize)> = BTreeMap::new();
    for line in lines {
        let Ok(entry) = &line.entry else { continue };
        for (place, file) in entry.event.files() {
            if !lies_in(place, &file.path) {
                let message = format!("`{}` is no path of a file below `{place}/`, where it must be", file.path);
                findings.push(Finding::error("file-path", message).at_line(line.number));
            } else if let Some((_, before)) = recorded.insert(&file.path, (file, line.number)) {
                let message = format!("`{}` was made on line {before} and again on line {}", file.path, line.number);
                findings.push(Finding::error("file-twice", message).at_line(line.number));
            }
        }
    }
    for (path, (file, line)) in &recorded {
        if let Some(finding) = compare(folder, path, file) {
            findings.push(finding.at_line(*line));
        }
    }
    walk(folder.root(), rehearsal, &|path| recorded.contains_key(path), findings);
}

/// The files in `products/` and `evidence/` that no entry names, by path: a ceremony that broke off may have made them just
/// before.
pub(crate) fn left_over(folder: &Folder, lines: &[Line]) -> io::Result<Vec<String>> {
    let entries = lines.iter().filter_map(|line| line.entry.as_ref().ok());
    let recorded: BTreeSet<&str> =
        entries.flat_map(|entry| entry.event.files()).map(|(_, file)| file.path.as_str()).collect();
    let mut found = Vec::new();
    let mut folders = vec![PRODUCTS.to_string(), EVIDENCE.to_string()];
    while let Some(place) = folders.pop() {
        for name in list(&folder.root().join(&place))? {
            let Some(path) = name.to_str().map(|name| format!("{place}/{name}")) else { continue };
            let kind = folder.root().join(&path).symlink_metadata()?.file_type();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && !recorded.contains(path.as_str()) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a path is the one name of a file below a folder.
fn lies_in(place: &str, path: &str) -> bool {
    let mut parts = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy()),
            _ => return false,
        }
    }
    parts.len() > 1 && parts[0] == place && parts.join("/") == path
}

/// What is wrong with a recorded file.
fn compare(folder: &Folder, path: &str, file: &FileRecord) -> Option<Finding> {
    let missing = |error: String| Some(Finding::error("file-missing", error));
    let changed = |what: String| {
        Some(Finding::error("file-changed", format!("`{path}` is not the file that was recorded: {what}")))
    };
    // Its size comes first, so that nobody can have something endless read.
    match folder.size(path) {
        Ok(size) if size != file.size => return changed(format!("it has {size} bytes, recorded are {}", file.size)),
        Ok(_) => {}
        Err(error) => return missing(error.to_string()),
    }
    match folder.measure(path) {
        Ok(measured) if measured == *file => None,
        Ok(measured) => changed(format!("it has SHA-256 {}, recorded is {}", measured.sha256, file.sha256)),
        Err(error) => missing(error.to_string()),
    }
}

/// Looks at all that is in the ceremony folder; only what the record knows of may be there.
fn walk(root: &Path, rehearsal: bool, is_recorded: &dyn Fn(&str) -> bool, findings: &mut Findings) {
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let entries = match list(&root.join(&folder)) {
            Ok(entries) => entries,
            Err(error) => {
                let shown = if folder.is_empty() { "." } else { folder.as_str() };
                findings.push(Finding::error("file-unreadable", format!("`{shown}` cannot be listed: {error}")));
                continue;
            }
        };
        let (mut told, mut untold) = (0_usize, 0_usize);
        for name in entries {
            let full = root.join(&folder).join(&name);
            let Some(name) = name.to_str() else {
                let message = format!("`{}` is in `{folder}/`, and its name is not UTF-8", name.display());
                findings.push(Finding::error("file-unknown", message));
                continue;
            };
            let path = if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
            let kind = match full.symlink_metadata() {
                Ok(metadata) => metadata.file_type(),
                Err(error) => {
                    findings.push(Finding::error("file-unreadable", format!("`{path}` cannot be looked at: {error}")));
                    continue;
                }
            };
            if !kind.is_dir() && !kind.is_file() {
                let what = if kind.is_symlink() { "a symbolic link" } else { "neither a file nor a folder" };
                findings.push(Finding::error("file-kind", format!("`{path}` is {what}, which no ceremony makes")));
                continue;
            }
            let top = path.split('/').next().unwrap_or_default();
            let known = if path == TRANSCRIPT {
                kind.is_file()
            } else if path == top {
                kind.is_dir() && (RECORDED.contains(&top) || [SEALS, REHEARSAL].contains(&top))
            } else {
                kind.is_dir() || !RECORDED.contains(&top) || is_recorded(&path)
            };
            if !known && told >= UNKNOWN && path != top && [PRODUCTS, EVIDENCE].contains(&top) {
                untold += 1;
            } else if !known {
                told += 1;
                let message = format!("`{path}` is in the folder, and the transcript does not know it");
                findings.push(Finding::error("file-unknown", message).of_file(path));
            } else if path == REHEARSAL && !rehearsal {
                let message = "there is a folder `rehearsal/`, and the record is of no rehearsal";
                findings.push(Finding::error("rehearsal", message.to_string()));
            } else if kind.is_dir() {
                folders.push(path);
            }
        }
        if untold > 0 {
            let message = format!("{untold} more files are in `{folder}/`, and the transcript does not know them");
            findings.push(Finding::error("file-unknown", message));
        }
    }
}

fn list(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(names: &[String]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(PRODUCTS)).unwrap();
        for name in names {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let mut findings = Findings::default();
        walk(folder.path(), false, &|_| false, &mut findings);
        findings.into_report().into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn every_unknown_file_is_told_or_counted_once() {
        let files = |place: &str| (0..UNKNOWN + 5).map(|at| format!("{place}{at:03}")).collect::<Vec<_>>();
        let products = unknown(&files("products/"));
        assert_eq!(products.len(), UNKNOWN + 1);
        assert_eq!(products[UNKNOWN], "5 more files are in `products/`, and the transcript does not know them");
        // What is not in a folder of files that steps make is always named.
        let at_the_top = unknown(&files(""));
        assert_eq!(at_the_top.len(), UNKNOWN + 5);
        assert!(at_the_top.iter().all(|message| !message.contains("more files")), "{at_the_top:?}");
    }

    #[test]
    fn a_file_has_one_name_in_its_place() {
        assert!(lies_in("products", "products/a/b.pem"));
        let others =
            ["products", "products/", "products//a", "products/./a", "products/../a", "/products/a", "a", "runbook/a"];
        for path in others {
            assert!(!lies_in("products", path), "{path}");
        }
    }
}
