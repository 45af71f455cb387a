//! Reading a runbook's files: limits on what is hostile, imports, and the merge into one runbook.

use super::{
    Complaint, Complaints, Map, Place, Runbook, Section, Source, Sources, Step, StepKind, Text, decode, toml, yaml,
};
use std::{
    fs::File,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

/// Largest runbook file that is read, in bytes.
pub const SIZE_LIMIT: u64 = 4 * 1024 * 1024;

/// Most files that one runbook may consist of.
const FILES_LIMIT: usize = 64;

/// A file of the runbook, exactly as it was read.
#[derive(Debug, Clone)]
pub struct RunbookFile {
    /// Its path, relative to the folder of the file that was named, with `/` between the parts.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What was read, and what was wrong with it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The runbook, all files merged; nothing when it could not be understood at all.
    pub runbook: Option<Runbook>,
    /// Every file, for showing places.
    pub sources: Sources,
    /// Every file, for recording; the first is the one that was named.
    pub files: Vec<RunbookFile>,
    /// What is wrong so far; [`crate::check::check`] finds the rest.
    pub complaints: Complaints,
}

/// Reads a runbook from a file; an error is one of reading the file that was named.
pub fn load(path: &Path) -> io::Result<Loaded> {
    let text = match read(path) {
        Ok(text) => text,
        Err(Refused::Unreadable(error)) => return Err(error),
        Err(Refused::Hostile(message)) => {
            let mut loaded = empty();
            loaded.sources.add(Source::new(path.display().to_string(), String::new()));
            loaded.complaints.push(Complaint::error("unreadable", Place::default(), message));
            return Ok(loaded);
        }
    };
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let folder = path.parent().map(Path::to_path_buf);
    Ok(Loader { loaded: empty(), folder }.run(&path.display().to_string(), &name, text))
}

/// Reads a runbook from a text that has no imports; `path` tells YAML (`.yaml`, `.yml`) from TOML (`.toml`).
#[must_use]
pub fn load_text(path: &str, text: &str) -> Loaded {
    Loader { loaded: empty(), folder: None }.run(path, path, text.to_string())
}

fn empty() -> Loaded {
    Loaded { runbook: None, sources: Sources::default(), files: Vec::new(), complaints: Complaints::default() }
}

struct Loader {
    loaded: Loaded,
    folder: Option<PathBuf>,
}

impl Loader {
    fn run(mut self, shown: &str, name: &str, text: String) -> Loaded {
        let mut runbook = self.file(shown, name, text);
        if let Some(runbook) = &mut runbook {
            let own = Path::new(name).parent().map(Path::to_path_buf).unwrap_or_default();
            self.imports(runbook, &own, &mut vec![name.to_string()]);
        }
        self.loaded.runbook = runbook;
        self.loaded
    }

    /// One file, without its imports.
    fn file(&mut self, shown: &str, name: &str, text: String) -> Option<Runbook> {
        self.loaded.files.push(RunbookFile { path: name.to_string(), bytes: text.clone().into_bytes() });
        let file = self.loaded.sources.add(Source::new(shown, text))?;
        let source = self.loaded.sources.get(file)?.text.clone();
        let complaints = &mut self.loaded.complaints;
        if let Some(offset) = hostile_character(&source) {
            let found = source[offset..].chars().next().map_or(0, u32::from);
            let message = format!("the character U+{found:04X} does not belong in a runbook");
            let help = "a control character or a change of writing direction can make the text look like another";
            complaints
                .push(Complaint::error("control-character", Place::new(file, offset..offset + 1), message).help(help));
            return None;
        }
        let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let node = match extension {
            "yaml" | "yml" => yaml::read(file, &source, complaints)?,
            "toml" => toml::read(file, &source, complaints)?,
            _ => {
                let message = format!("`{name}` is neither YAML (.yaml) nor TOML (.toml)");
                complaints.push(Complaint::error("unreadable", Place::new(file, 0..0), message));
                return None;
            }
        };
        node.texts(&mut |text, at| {
            if let Some(offset) = hostile_character(text) {
                let found = text[offset..].chars().next().map_or(0, u32::from);
                let message = format!("the character U+{found:04X} does not belong in a runbook");
                complaints.push(Complaint::error("control-character", at, message));
            }
        });
        decode::runbook(&node, complaints)
    }

    /// Reads what a file imports and merges it in; `chain` holds the files that led here.
    fn imports(&mut self, runbook: &mut Runbook, folder: &Path, chain: &mut Vec<String>) {
        for (name, path) in runbook.imports.clone() {
            let Some((imported_name, mut imported)) = self.import(&path, folder, chain) else { continue };
            let own = Path::new(&imported_name).parent().map(Path::to_path_buf).unwrap_or_default();
            chain.push(imported_name);
            self.imports(&mut imported, &own, chain);
            chain.pop();
            merge(runbook, &name, imported, &mut self.loaded.complaints);
        }
    }

    fn import(&mut self, path: &Text, folder: &Path, chain: &[String]) -> Option<(String, Runbook)> {
        let mut complain = |code, message: String| {
            self.loaded.complaints.push(Complaint::error(code, path.at, message));
            None
        };
        let relative = Path::new(path.as_str());
        if relative.components().any(|part| !matches!(part, Component::Normal(_))) {
            return complain("import", format!("`{path}` must lie beside or below the runbook that imports it"));
        }
        let name = folder.join(relative).to_string_lossy().replace('\\', "/");
        if chain.contains(&name) {
            return complain("import", format!("`{path}` imports itself: {} → {name}", chain.join(" → ")));
        }
        if self.loaded.files.len() >= FILES_LIMIT {
            return complain("import", format!("a runbook consists of at most {FILES_LIMIT} files"));
        }
        let Some(root) = &self.folder else {
            return complain("import", format!("`{path}` cannot be found from here"));
        };
        let full = root.join(&name);
        match read(&full) {
            Ok(text) => {
                let known = self.loaded.files.iter().any(|file| file.path == name);
                let runbook = self.file(&full.display().to_string(), &name, text);
                if known {
                    self.loaded.files.pop();
                }
                Some((name, runbook?))
            }
            Err(Refused::Unreadable(error)) => {
                complain("import", format!("`{}` cannot be read: {error}", full.display()))
            }
            Err(Refused::Hostile(message)) => complain("import", message),
        }
    }
}

enum Refused {
    Unreadable(io::Error),
    Hostile(String),
}

fn read(path: &Path) -> Result<String, Refused> {
    let metadata = std::fs::metadata(path).map_err(Refused::Unreadable)?;
    let shown = path.display();
    if !metadata.is_file() {
        return Err(Refused::Hostile(format!("`{shown}` is not a file")));
    }
    let too_large = || Refused::Hostile(format!("`{shown}` is larger than {} MiB", SIZE_LIMIT / 1024 / 1024));
    if metadata.len() > SIZE_LIMIT {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes)).map_err(Refused::Unreadable)?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(too_large());
    }
    String::from_utf8(bytes).map_err(|error| {
        Refused::Hostile(format!("`{shown}` is not UTF-8: byte {} is wrong", error.utf8_error().valid_up_to()))
    })
}

/// The first character that could make a text look like another one: controls, changes of direction, invisible marks.
fn hostile_character(text: &str) -> Option<usize> {
    text.char_indices()
        .find(|(offset, character)| match character {
            '\n' | '\t' => false,
            '\r' => !text[offset + 1..].starts_with('\n'),
            '\u{feff}' => *offset > 0,
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' => true,
            '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' => true,
            other => other.is_control(),
        })
        .map(|(offset, _)| offset)
}

/// Adds an imported runbook's sections as `name/section`, and what it declares unless it is declared already.
fn merge(runbook: &mut Runbook, name: &Text, imported: Runbook, complaints: &mut Complaints) {
    fn declare<T>(into: &mut Map<T>, from: Map<T>) {
        for (name, value) in from {
            into.entry(name).or_insert(value);
        }
    }
    for (device, declared) in &imported.devices {
        if let Some(own) = runbook.devices.get(device.as_str())
            && own.kind != declared.kind
        {
            let message =
                format!("`{device}` is a {} here and a {} in the runbook that imports this", declared.kind, own.kind);
            complaints.push(Complaint::error("import", declared.kind.at, message));
        }
    }
    let own: Vec<String> = imported.sections.keys().map(|section| section.value.clone()).collect();
    declare(&mut runbook.participants, imported.participants);
    declare(&mut runbook.computers, imported.computers);
    declare(&mut runbook.devices, imported.devices);
    declare(&mut runbook.inputs, imported.inputs);
    let qualify = |section: &mut Text| {
        if own.contains(&section.value) {
            section.value = format!("{name}/{section}");
        }
    };
    for (mut section_name, mut section) in imported.sections {
        qualify(&mut section_name);
        qualify_steps(&mut section, &qualify);
        runbook.sections.insert(section_name, section);
    }
}

fn qualify_steps(section: &mut Section, qualify: &impl Fn(&mut Text)) {
    fn steps(list: &mut [Step], qualify: &impl Fn(&mut Text)) {
        for step in list {
            match &mut step.kind {
                StepKind::GoTo(go_to) => qualify(&mut go_to.section),
                StepKind::Do(act) => {
                    if let Some(section) = act.on_failure.as_mut().and_then(|remedy| remedy.section.as_mut()) {
                        qualify(section);
                    }
                }
                StepKind::If(condition) => {
                    steps(&mut condition.then, qualify);
                    steps(&mut condition.otherwise, qualify);
                }
                StepKind::End(_) => {}
            }
        }
    }
    steps(&mut section.steps, qualify);
}
