//! The files of a ceremony: each as it was recorded, none that was not.

use super::Finding;
use crate::record::{Event, FileRecord, Folder, Line};
use std::{collections::BTreeMap, fs, path::Path};

/// Everything that is wrong with the files.
pub(super) fn check(folder: &Folder, lines: &[Line]) -> Vec<Finding> {
    let mut recorded: BTreeMap<&str, (&FileRecord, usize)> = BTreeMap::new();
    let mut findings = Vec::new();
    for line in lines {
        let Ok(entry) = &line.entry else { continue };
        for file in files_of(&entry.event) {
            if let Some((_, before)) = recorded.insert(&file.path, (file, line.number)) {
                let message = format!("`{}` was made on line {before} and again on line {}", file.path, line.number);
                findings.push(Finding::error("file-twice", message).at_line(line.number));
            }
        }
    }
    for (path, (file, line)) in &recorded {
        match folder.measure(path) {
            Ok(measured) if measured == **file => {}
            Ok(measured) => {
                let message = format!(
                    "`{path}` is not the file that was recorded: it has {} bytes and SHA-256 {}, recorded are {} bytes and {}",
                    measured.size, measured.sha256, file.size, file.sha256
                );
                findings.push(Finding::error("file-changed", message).at_line(*line));
            }
            Err(error) => findings.push(Finding::error("file-missing", error.to_string()).at_line(*line)),
        }
    }
    for below in ["runbook", "products", "evidence"] {
        for path in present(folder.root(), below, &mut findings) {
            if !recorded.contains_key(path.as_str()) {
                let message = format!("`{path}` is in the folder, and the transcript does not know it");
                findings.push(Finding::error("file-unknown", message));
            }
        }
    }
    findings
}

fn files_of(event: &Event) -> Vec<&FileRecord> {
    match event {
        Event::Opened(opened) => opened.runbook.iter().collect(),
        Event::Finished(finished) => finished.products.iter().chain(&finished.evidence).collect(),
        Event::Failed(failed) => failed.products.iter().chain(&failed.evidence).collect(),
        _ => Vec::new(),
    }
}

/// Every file below a folder, by its path in the ceremony folder; links are findings.
fn present(root: &Path, below: &str, findings: &mut Vec<Finding>) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![below.to_string()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries.flatten() {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() => files.push(path),
                _ => findings.push(Finding::error("file-unknown", format!("`{path}` is neither a file nor a folder"))),
            }
        }
    }
    files.sort();
    files
}
