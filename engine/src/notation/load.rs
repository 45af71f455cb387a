//! Reading a runbook's files: limits on what is hostile, imports, and the merge into one runbook.

use super::{
    Complaint, Complaints, Deviations, Input, InputType, Map, Place, Runbook, Section, Source, Sources, Step, StepKind,
    Text, decode, hostile as characters,
    spelling::{is_kebab, to_kebab},
    toml, yaml,
};
use std::{
    collections::HashSet,
    fs::File,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

/// Largest runbook file that is read, in bytes.
pub const SIZE_LIMIT: u64 = 4 * 1024 * 1024;

/// Most bytes that all files of a runbook have together; one that is imported twice counts twice.
const TOTAL_LIMIT: u64 = 16 * 1024 * 1024;

/// Most files that one runbook may consist of; one that is imported twice counts twice.
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
            loaded.complaints.push(Complaint::error("unreadable", Place::NOWHERE, message));
            return Ok(loaded);
        }
    };
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let folder = path.parent().map(Path::to_path_buf);
    Ok(Loader { loaded: empty(), folder, total: 0, is_too_large: false }.run(&path.display().to_string(), &name, text))
}

/// Reads a runbook from a text that has no imports; `path` tells YAML (`.yaml`, `.yml`) from TOML (`.toml`).
#[must_use]
pub fn load_text(path: &str, text: &str) -> Loaded {
    Loader { loaded: empty(), folder: None, total: 0, is_too_large: false }.run(path, path, text.to_string())
}

fn empty() -> Loaded {
    Loaded { runbook: None, sources: Sources::default(), files: Vec::new(), complaints: Complaints::default() }
}

struct Loader {
    loaded: Loaded,
    folder: Option<PathBuf>,
    /// The bytes of all files so far.
    total: u64,
    /// Whether nothing more is read, which was complained of.
    is_too_large: bool,
}

impl Loader {
    fn run(mut self, shown: &str, name: &str, text: String) -> Loaded {
        let mut runbook = self.file(shown, name, text);
        if let Some(runbook) = &mut runbook {
            let own = Path::new(name).parent().map(Path::to_path_buf).unwrap_or_default();
            self.imports(runbook, &own, &mut vec![name.to_string()]);
        }
        // Without all of its files nothing else can be said of it.
        self.loaded.runbook = runbook.filter(|_| !self.is_too_large);
        self.loaded
    }

    /// One file, without its imports.
    fn file(&mut self, shown: &str, name: &str, text: String) -> Option<Runbook> {
        self.total = self.total.saturating_add(text.len() as u64);
        self.loaded.files.push(RunbookFile { path: name.to_string(), bytes: text.clone().into_bytes() });
        let file = self.loaded.sources.add(Source::new(shown, text))?;
        let Loaded { sources, complaints, .. } = &mut self.loaded;
        let source = sources.get(file)?.text.as_str();
        if let Some((offset, found)) = characters::in_file(source) {
            let place = Place::new(file, offset..offset + found.len_utf8());
            complaints.push(hostile(place, found));
            return None;
        }
        let node = match extension(name) {
            "yaml" | "yml" => yaml::read(file, source, complaints)?,
            "toml" => toml::read(file, source, complaints)?,
            _ => {
                let message = format!("`{name}` is neither YAML (.yaml) nor TOML (.toml)");
                complaints.push(Complaint::error("unreadable", Place::NOWHERE, message));
                return None;
            }
        };
        let mut clean = true;
        // Without an escape in the file no string can hold a character that the file does not.
        let has_escapes = source.contains('\\');
        let mut escaped = |text: &str, at| {
            if let Some(found) = characters::in_text(text) {
                complaints.push(hostile(at, found));
                clean = false;
            }
        };
        if has_escapes {
            node.texts(&mut escaped);
        }
        if clean { decode::runbook(&node, complaints) } else { None }
    }

    /// Reads what a file imports and merges it in; `chain` holds the files that led here.
    fn imports(&mut self, runbook: &mut Runbook, folder: &Path, chain: &mut Vec<String>) {
        if !self.fits(runbook, folder) {
            return;
        }
        for (name, path) in runbook.imports.clone() {
            if !is_kebab(&name) {
                let message = format!("the import `{name}` is not in kebab-case");
                let complaint = Complaint::error("name", name.at, message);
                self.loaded.complaints.push(complaint.help(format!("call it `{}`", to_kebab(&name))));
            }
            let Some((imported_name, mut imported)) = self.import(&path, folder, chain) else { continue };
            let own = Path::new(&imported_name).parent().map(Path::to_path_buf).unwrap_or_default();
            chain.push(imported_name);
            self.imports(&mut imported, &own, chain);
            chain.pop();
            if self.is_too_large {
                return;
            }
            merge(runbook, &name, imported, &mut self.loaded.complaints);
        }
    }

    /// Whether the files that a runbook imports are small enough, together with all that was read; looks at their sizes
    /// before any of them is read.
    fn fits(&mut self, runbook: &Runbook, folder: &Path) -> bool {
        let Some(root) = &self.folder else { return true };
        let mut total = self.total;
        for path in runbook.imports.values() {
            let relative = Path::new(path.as_str());
            if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
                continue;
            }
            let size = std::fs::metadata(root.join(folder).join(relative)).map_or(0, |it| it.len());
            // A file that is too large by itself is said to be that, and not read.
            total = total.saturating_add(if size > SIZE_LIMIT { 0 } else { size });
            if total > TOTAL_LIMIT && !self.is_too_large {
                let message = format!("all files of a runbook together have at most {} MiB", TOTAL_LIMIT / 1024 / 1024);
                let complaint = Complaint::error("import", path.at, message);
                self.loaded.complaints.push(complaint.help("a file that is imported twice counts twice"));
                self.is_too_large = true;
            }
        }
        !self.is_too_large
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
        if self.loaded.sources.iter().count() >= FILES_LIMIT {
            return complain("import", format!("a runbook consists of at most {FILES_LIMIT} files"));
        }
        if !["yaml", "yml", "toml"].contains(&extension(&name)) {
            return complain("import", format!("`{path}` is neither YAML (.yaml) nor TOML (.toml)"));
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

fn extension(name: &str) -> &str {
    Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default()
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

fn hostile(place: Place, found: char) -> Complaint {
    let message = format!("the character U+{:04X} does not belong in a runbook", u32::from(found));
    Complaint::error("control-character", place, message)
        .help("a control character or a change of writing direction can make the text look like another")
}

/// Adds an imported runbook's sections as `name/section`, and what it declares unless it is declared already.
fn merge(runbook: &mut Runbook, name: &Text, imported: Runbook, complaints: &mut Complaints) {
    fn declare<T>(into: &mut Map<T>, from: Map<T>) {
        for (name, value) in from {
            into.entry(name).or_insert(value);
        }
    }
    differences(runbook, &imported, complaints);
    let own: HashSet<String> = imported.sections.keys().map(|section| section.value.clone()).collect();
    declare(&mut runbook.participants, imported.participants);
    declare(&mut runbook.computers, imported.computers);
    declare(&mut runbook.devices, imported.devices);
    declare(&mut runbook.inputs, imported.inputs);
    // Whoever must approve a deviation in one of the files must approve it in all: no approval is lost.
    if let Some(deviations) = imported.deviations {
        let approved_by = match &mut runbook.deviations {
            Some(own) => &mut own.approved_by,
            none => &mut none.insert(Deviations { approved_by: Vec::new() }).approved_by,
        };
        for role in deviations.approved_by {
            if !approved_by.contains(&role) {
                approved_by.push(role);
            }
        }
    }
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

/// Complains of what both files declare, and not as the same.
fn differences(runbook: &Runbook, imported: &Runbook, complaints: &mut Complaints) {
    let mut differ = |name: &Text, at: Place, here: String, there: String| {
        if here != there {
            let message = format!("`{name}` is {here} here and {there} in the runbook that imports this");
            complaints.push(Complaint::error("import", at, message));
        }
    };
    for (name, here) in &imported.devices {
        if let Some(there) = runbook.devices.get(name.as_str()) {
            differ(name, here.kind.at, format!("a {}", here.kind), format!("a {}", there.kind));
        }
    }
    let titled = |title: &Text| format!("the “{title}”");
    for (name, here) in &imported.participants {
        if let Some(there) = runbook.participants.get(name.as_str()) {
            differ(name, here.title.at, titled(&here.title), titled(&there.title));
        }
    }
    for (name, here) in &imported.computers {
        if let Some(there) = runbook.computers.get(name.as_str()) {
            let line = |offline| if offline { "offline" } else { "not offline" }.to_string();
            differ(name, here.title.at, titled(&here.title), titled(&there.title));
            differ(name, name.at, line(here.offline), line(there.offline));
        }
    }
    for (name, here) in &imported.inputs {
        if let Some(there) = runbook.inputs.get(name.as_str()) {
            differ(name, name.at, described(here), described(there));
        }
    }
}

/// What an input takes, in words.
fn described(input: &Input) -> String {
    let options = || input.options.iter().map(Text::as_str).collect::<Vec<_>>().join(", ");
    match (input.kind, &input.pattern) {
        (InputType::Text, Some(pattern)) => format!("text of the form {pattern}"),
        (InputType::Text, None) => "text".into(),
        (InputType::Date, _) => "a date".into(),
        (InputType::Number, _) => "a number".into(),
        (InputType::Choice, _) => format!("a choice of {}", options()),
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
