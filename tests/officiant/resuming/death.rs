//! How a ceremony is killed, how it goes on, and what is the same afterwards.

use crate::{
    canary::ANSWERS,
    support::{Ceremony, now, officiant, replay},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

const SIGKILL: i32 = 9;

/// When a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Death {
    /// Once it has written so many lines of the transcript,
    pub lines: usize,
    /// and so many bytes of the one after them, if any: then it dies in the write in which they come.
    pub bytes: usize,
}

/// The library that kills whoever preloads it.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/officiant/resuming/die.c");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (made, library) = (folder.join(format!("die-{}.so", std::process::id())), folder.join("die.so"));
        let status = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&made).arg(source).status();
        assert!(status.unwrap().success(), "the C compiler does not compile die.c");
        fs::rename(made, &library).unwrap();
        library
    })
}

/// Lets a command be killed.
pub fn doomed(command: &mut Command, death: Death) -> &mut Command {
    command.env("LD_PRELOAD", library());
    command.env("DIE_AFTER_LINES", death.lines.to_string()).env("DIE_AFTER_BYTES", death.bytes.to_string())
}

/// Whether a process was killed.
pub fn was_killed(output: &Output) -> bool {
    output.status.signal() == Some(SIGKILL)
}

/// The command that goes on.
pub fn resume(folder: &Path) -> Command {
    let mut command = officiant();
    command.arg("resume").arg(folder);
    command
}

/// What a process said, to be shown when it said something else than it should.
pub fn said(output: &Output) -> String {
    let status = output.status;
    format!("{status}\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The finished lines of a record.
pub fn lines(folder: &Path) -> Vec<String> {
    let bytes = fs::read(folder.join("transcript.jsonl")).unwrap_or_default();
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    String::from_utf8(bytes[..whole].to_vec()).unwrap().lines().map(str::to_string).collect()
}

/// The entries of a record.
pub fn entries(folder: &Path) -> Vec<Value> {
    lines(folder).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What makes a ceremony that was broken off the same as one that was not.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// What was done, said and asked, entry by entry: all that is not different each time.
    pub told: Vec<Value>,
    /// The files in `products/`.
    pub products: Vec<String>,
    /// The objects of each device, and how often each was written.
    pub devices: BTreeMap<String, Value>,
}

impl Outcome {
    /// What came of a ceremony.
    pub fn of(folder: &Path) -> Self {
        let mut told: Vec<Value> = entries(folder).iter().filter_map(tell).collect();
        // What was under way when the ceremony broke off may have been asked or seen once more.
        told.dedup();
        let mut products = Vec::new();
        list(&folder.join("products"), &mut products);
        let products = products.iter().map(|path| path.strip_prefix(folder).unwrap().display().to_string()).collect();
        Self { told, products, devices: devices(folder) }
    }

    /// Where another outcome differs first.
    pub fn differs(&self, other: &Self) -> Option<String> {
        if self.products != other.products {
            return Some(format!("the products are {:#?}", other.products));
        }
        if self.devices != other.devices {
            return Some(format!("the devices are {:#?}", other.devices));
        }
        let first = self.told.iter().zip(&other.told).position(|(one, two)| one != two);
        let first = first.or((self.told.len() != other.told.len()).then_some(self.told.len().min(other.told.len())))?;
        Some(format!("instead of {:?} there is {:?}", self.told.get(first), other.told.get(first)))
    }
}

/// What an entry says that another ceremony says too; nothing when it is there because of a break.
fn tell(entry: &Value) -> Option<Value> {
    let body = &entry["body"];
    let is_of_a_break = entry["kind"] == "resumed"
        || body["probe"].is_string()
        || body["slot"].as_str().is_some_and(|slot| slot.starts_with("secret/"));
    if is_of_a_break {
        return None;
    }
    let mut told = json!({ "kind": entry["kind"], "step": entry["step"], "by": entry["by"] });
    for name in [
        "text",
        "question",
        "slot",
        "answer",
        "refused",
        "uses",
        "with",
        "level",
        "section",
        "title",
        "on",
        "takes",
        "condition",
        "when",
        "holds",
        "rehearsed",
        "devices",
        "expected",
        "failure",
        "reason",
    ] {
        told[name] = body[name].clone();
    }
    told["outputs"] = body["outputs"].as_object().map(|outputs| outputs.keys().cloned().collect()).unwrap_or_default();
    told["products"] = body["products"]
        .as_array()
        .map(|products| products.iter().map(|product| product["path"].clone()).collect())
        .unwrap_or_default();
    Some(told)
}

/// The regular files below a folder, in order.
pub fn list(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut here: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    here.sort();
    for path in here {
        if path.is_dir() { list(&path, found) } else { found.push(path) }
    }
}

/// What each virtual device holds: a key that was generated twice has another sequence number.
fn devices(folder: &Path) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let Ok(files) = fs::read_dir(folder.join("rehearsal")) else { return found };
    for path in files.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        let is_device = path.extension().is_some_and(|extension| extension == "json");
        if !is_device || name.starts_with("bench.") {
            continue;
        }
        let state: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let mut objects: Vec<Value> = state["objects"].as_array().unwrap().clone();
        for object in &mut objects {
            object.as_object_mut().unwrap().remove("key");
        }
        found.insert(name, json!({ "objects": objects, "written": state["written"] }));
    }
    found
}

/// Requires that a ceremony which went on is the same as one that did not break off, and that nothing of the record that was
/// there before was lost.
pub fn compare(folder: &Path, whole: &Outcome, before: &[String]) -> Result<(), String> {
    let after = lines(folder);
    if after.get(..before.len()) != Some(before) {
        return Err("entries that were there before are lost or changed".into());
    }
    if let Some(difference) = whole.differs(&Outcome::of(folder)) {
        return Err(difference);
    }
    let replayed = replay(folder, &["--every-signature"]);
    match (replayed.code, replayed.errors()) {
        (Some(0), errors) if errors.is_empty() => Ok(()),
        (code, errors) => Err(format!("the record does not hold ({code:?}): {errors:#?}")),
    }
}

/// Where the record of an uninterrupted ceremony has an entry for the first time: how many lines there are with it.
#[track_caller]
pub fn upto(folder: &Path, is_it: impl Fn(&Value) -> bool) -> usize {
    entries(folder).iter().position(is_it).expect("there is no such entry") + 1
}

/// A ceremony that was killed.
pub struct Broken {
    ceremony: Ceremony,
}

impl Broken {
    /// Kills a ceremony.
    #[track_caller]
    pub fn off(ceremony: Ceremony, death: Death) -> Self {
        let output = doomed(&mut ceremony.command(), death).output().unwrap();
        assert!(was_killed(&output), "{}", said(&output));
        Self { ceremony }
    }

    /// A ceremony that broke off.
    pub fn of(ceremony: Ceremony) -> Self {
        Self { ceremony }
    }

    /// A ceremony that stopped by itself.
    pub fn stopped(ceremony: Ceremony) -> (Self, Output) {
        let output = ceremony.command().output().unwrap();
        (Self { ceremony }, output)
    }

    pub fn folder(&self) -> PathBuf {
        self.ceremony.out()
    }

    /// Where a file beside the ceremony folder is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.ceremony.path(name)
    }

    /// The command that goes on with these answers.
    pub fn command(&self, answers: &[(&str, &str)]) -> Command {
        let mut command = resume(&self.folder());
        let now = now();
        let mut answers: BTreeMap<&str, &str> = answers.iter().copied().collect();
        if self.ceremony.is_live() && !answers.is_empty() {
            answers.entry("resume/1#clock").or_insert(&now);
        }
        if !answers.is_empty() {
            let path = self.path(ANSWERS);
            fs::write(&path, toml::to_string(&BTreeMap::from([("answers", answers)])).unwrap()).unwrap();
            command.arg("--answers").arg(path);
        }
        command
    }

    /// Goes on with these answers and arguments.
    pub fn goes_on(&self, answers: &[(&str, &str)], arguments: &[&str]) -> Output {
        self.command(answers).args(arguments).output().unwrap()
    }

    /// Goes on to the END, with a record that holds.
    #[track_caller]
    pub fn comes_to_its_end(&self, answers: &[(&str, &str)], arguments: &[&str]) -> String {
        let output = self.goes_on(answers, arguments);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        replay(&self.folder(), &["--every-signature"]).holds();
        said(&output)
    }

    /// Does not go on, for this reason, and changes nothing.
    #[track_caller]
    pub fn is_refused(&self, answers: &[(&str, &str)], arguments: &[&str], code: i32, why: &str) {
        let before = fs::read(self.folder().join("transcript.jsonl")).unwrap();
        let output = self.goes_on(answers, arguments);
        let said = said(&output);
        assert!(output.status.code() == Some(code) && said.contains(why), "not refused with `{why}`:\n{said}");
        assert_eq!(fs::read(self.folder().join("transcript.jsonl")).unwrap(), before, "the record was changed");
    }
}

/// The entries of a kind.
pub fn of_kind(folder: &Path, kind: &str) -> Vec<Value> {
    entries(folder).into_iter().filter(|entry| entry["kind"] == kind).collect()
}

/// What the step that was in flight was found to be, each time that it was looked at.
pub fn probes(folder: &Path) -> Vec<String> {
    let observed = of_kind(folder, "observed").into_iter();
    observed.filter_map(|entry| entry["body"]["probe"].as_str().map(str::to_string)).collect()
}
