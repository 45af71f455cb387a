//! Secrets that a test types or hands over are looked for in all that was written.

use crate::support::officiant;
use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
use memchr::memmem;
use officiant_engine::notation::{Step, StepKind, load};
use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tempfile::TempDir;

/// What a test hands over itself, below its folder: it holds secrets, and the program did not write it.
pub const ANSWERS: &str = "answers.toml";

/// Fewest bytes of a secret that nothing else looks like.
const FEWEST: usize = 8;

/// The secrets of a test and all that was written under it. When it is dropped, none may be in any of that.
pub struct Canary {
    folder: TempDir,
    secrets: Mutex<BTreeSet<String>>,
    written: Mutex<Vec<(String, Vec<u8>)>>,
}

impl Canary {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), secrets: Mutex::default(), written: Mutex::default() }
    }

    /// The folder in which everything lies.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Remembers a secret.
    #[track_caller]
    pub fn confide(&self, secret: &str) {
        assert!(secret.len() >= FEWEST, "`{secret}` is too short to be searched for: take another secret in this test");
        self.secrets.lock().unwrap().insert(secret.into());
    }

    /// Whether there is anything to search for.
    pub fn has_secrets(&self) -> bool {
        !self.secrets.lock().unwrap().is_empty()
    }

    /// Remembers the answers that are given to `ask.secret`, and to the questions that ask for a lost secret again.
    #[track_caller]
    pub fn confide_answers<'a>(&self, runbook: &Path, answers: impl Iterator<Item = (&'a String, &'a toml::Value)>) {
        let answers: Vec<_> = answers.collect();
        if answers.is_empty() {
            return;
        }
        let asked = secrets_of(runbook);
        for (_, value) in answers.into_iter().filter(|(key, _)| asked.contains(*key) || key.contains("#secret/")) {
            let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
            for value in values {
                self.confide(&value.as_str().map_or_else(|| value.to_string(), str::to_string));
            }
        }
    }

    /// Remembers what was written somewhere else than below the folder.
    pub fn wrote(&self, place: &str, bytes: &[u8]) {
        self.written.lock().unwrap().push((place.into(), bytes.into()));
    }

    /// Remembers what was seen of processes.
    pub fn saw(&self, watch: Watch) {
        self.written.lock().unwrap().append(&mut watch.over());
    }

    /// The places where a secret is, each with the secret and the form.
    pub fn leaks(&self) -> Vec<String> {
        let secrets = self.secrets.lock().unwrap();
        if secrets.is_empty() {
            return Vec::new();
        }
        let forms: Vec<_> = secrets.iter().map(|secret| (secret, forms(secret))).collect();
        let mut written = self.written.lock().unwrap().clone();
        written.extend(files(self.path()).into_iter().map(|path| {
            let bytes = fs::read(&path).unwrap_or_default();
            let name = path.strip_prefix(self.path()).unwrap();
            (name.display().to_string(), [name.as_os_str().as_bytes(), b"\n", &bytes].concat())
        }));
        written.extend(self.told());
        let mut found = Vec::new();
        for (place, bytes) in &written {
            let bytes = dense(bytes);
            for (secret, forms) in &forms {
                if let Some(form) = forms.iter().find(|form| memmem::find(&bytes, form).is_some()) {
                    found.push(format!("`{secret}` is in {place}, as {:?}", String::from_utf8_lossy(form)));
                }
            }
        }
        found
    }

    /// What a replay and a report make of each ceremony folder, and what they log.
    fn told(&self) -> Vec<(String, Vec<u8>)> {
        let mut told = Vec::new();
        let pages = TempDir::new().unwrap();
        let transcripts = files(self.path()).into_iter().filter(|path| path.ends_with("transcript.jsonl"));
        for (number, folder) in transcripts.filter_map(|path| Some(path.parent()?.to_path_buf())).enumerate() {
            let page = pages.path().join(format!("{number}.html"));
            let mut report = officiant();
            report.arg("report").arg(&folder).arg("-o").arg(&page).arg("-vv");
            let mut replay = officiant();
            replay.arg("replay").arg(&folder).args(["--format", "json", "-vv"]);
            for (name, mut command) in [("report", report), ("replay", replay)] {
                let output = command.output().unwrap();
                told.push((format!("the standard output of {name}"), output.stdout));
                told.push((format!("the log of {name}"), output.stderr));
            }
            told.push(("the report's page".into(), fs::read(&page).unwrap_or_default()));
        }
        told
    }

    /// Forgets everything, and says what it would have said.
    pub fn sings(&self) -> Vec<String> {
        let leaks = self.leaks();
        self.secrets.lock().unwrap().clear();
        leaks
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        if !thread::panicking() {
            let leaks = self.leaks();
            assert!(leaks.is_empty(), "{leaks:#?}");
        }
    }
}

/// The keys of the answers to a runbook's `ask.secret` steps.
fn secrets_of(runbook: &Path) -> BTreeSet<String> {
    fn walk(section: &str, steps: &[Step], keys: &mut BTreeSet<String>, number: &mut usize) {
        for step in steps {
            *number += 1;
            match &step.kind {
                StepKind::Do(step) if step.uses.as_ref().is_some_and(|uses| uses.as_str() == "ask.secret") => {
                    keys.insert(format!("{section}/{number}"));
                    keys.extend(step.id.iter().map(|id| format!("{section}/{id}")));
                }
                StepKind::If(branch) => {
                    walk(section, &branch.then, keys, number);
                    walk(section, &branch.otherwise, keys, number);
                }
                _ => {}
            }
        }
    }
    let mut keys = BTreeSet::new();
    if let Some(runbook) = load(runbook).ok().and_then(|loaded| loaded.runbook) {
        for (name, section) in &runbook.sections {
            walk(name.as_str(), &section.steps, &mut keys, &mut 0);
        }
    }
    keys
}

/// All files below a folder but the answers that the test hands over.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files(&path));
        } else if kind.is_file() && !path.ends_with(ANSWERS) {
            found.push(path);
        }
    }
    found
}

/// Bytes without white space, so that a line that was broken hides nothing.
fn dense(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

/// A secret in every form that a program might give it by accident, without white space.
pub fn forms(secret: &str) -> Vec<Vec<u8>> {
    let backwards: String = secret.chars().rev().collect();
    let mut forms = BTreeSet::new();
    for secret in [secret, &backwards] {
        let bytes = secret.as_bytes();
        let texts = [
            secret.to_string(),
            hex::encode(bytes),
            hex::encode_upper(bytes),
            bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(","),
            percent(bytes, |_| true),
            percent(bytes, |byte| !byte.is_ascii_alphanumeric() && !b"-._~".contains(&byte)),
            percent(bytes, |byte| !byte.is_ascii_alphanumeric() && !b"-._~ ".contains(&byte)).replace(' ', "+"),
            quoted(&serde_json::to_string(secret).unwrap()),
            quoted(&format!("{secret:?}")),
            secret.escape_default().to_string(),
            bytes.escape_ascii().to_string(),
            json_in_ascii(secret),
            markup(secret, ["&lt;", "&gt;", "&quot;", "&#39;"]),
            markup(secret, ["&lt;", "&gt;", "&#34;", "&#x27;"]),
        ];
        forms.extend(texts.iter().flat_map(|text| [text.clone(), text.to_lowercase()]).map(String::into_bytes));
        forms.insert(secret.encode_utf16().flat_map(u16::to_le_bytes).collect());
        forms.insert(secret.encode_utf16().flat_map(u16::to_be_bytes).collect());
        // Wherever it begins in what is encoded; the characters at its ends depend on its neighbours.
        for before in 0..3 {
            let shifted = [&b"xx"[..before], bytes].concat();
            let (first, last) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
            for encoded in [Base64Unpadded::encode_string(&shifted), Base64UrlUnpadded::encode_string(&shifted)] {
                forms.insert(encoded[first..last].into());
            }
        }
    }
    let backwards: Vec<Vec<u8>> = forms.iter().map(|form| form.iter().rev().copied().collect()).collect();
    forms.extend(backwards);
    forms.iter().map(|form| dense(form)).collect::<BTreeSet<_>>().into_iter().collect()
}

fn percent(bytes: &[u8], escaped: impl Fn(u8) -> bool) -> String {
    let mut text = String::new();
    for byte in bytes {
        if escaped(*byte) { write!(text, "%{byte:02X}").unwrap() } else { text.push(char::from(*byte)) }
    }
    text
}

fn quoted(text: &str) -> String {
    text[1..text.len() - 1].to_string()
}

fn json_in_ascii(text: &str) -> String {
    let json = quoted(&serde_json::to_string(text).unwrap());
    let mut ascii = String::new();
    for character in json.chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            character.encode_utf16(&mut [0; 2]).iter().for_each(|unit| write!(ascii, "\\u{unit:04x}").unwrap());
        }
    }
    ascii
}

fn markup(text: &str, [less, greater, double, single]: [&str; 4]) -> String {
    let text = text.replace('&', "&amp;").replace('<', less).replace('>', greater);
    text.replace('"', double).replace('\'', single)
}

/// What the machine shows, and where.
type Shown = BTreeSet<(String, Vec<u8>)>;

/// Looks at what everybody on the machine may see of a process and of those that it starts, while they run.
pub struct Watch {
    stop: Arc<AtomicBool>,
    looked: Arc<AtomicBool>,
    thread: Option<JoinHandle<Shown>>,
}

impl Watch {
    pub fn on(process: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let looked = Arc::new(AtomicBool::new(false));
        let (stopped, has_looked) = (stop.clone(), looked.clone());
        let thread = thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !stopped.load(Ordering::Relaxed) {
                look(process, &mut seen);
                has_looked.store(true, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(20));
            }
            seen
        });
        Self { stop, looked, thread: Some(thread) }
    }

    /// Whether it has looked at least once.
    pub fn has_seen(&self) -> bool {
        self.looked.load(Ordering::Relaxed)
    }

    fn over(mut self) -> Vec<(String, Vec<u8>)> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap().into_iter().collect()
    }
}

impl Drop for Watch {
    /// Nobody goes on looking after whoever wanted to see it is gone.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn look(process: u32, seen: &mut BTreeSet<(String, Vec<u8>)>) {
    let mut family = BTreeSet::from([process]);
    // Whoever was started later has, as a rule, the larger number.
    let mut parents: Vec<(u32, u32)> = processes().filter_map(|child| Some((child, parent(child)?))).collect();
    parents.sort_unstable();
    for (child, parent) in parents {
        if family.contains(&parent) {
            family.insert(child);
        }
    }
    for process in family {
        for name in ["cmdline", "environ", "status", "stat"] {
            if let Ok(bytes) = fs::read(format!("/proc/{process}/{name}")) {
                seen.insert((format!("what the machine shows of a process ({name})"), bytes));
            }
        }
    }
}

fn processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in brackets, may hold anything.
    stat[stat.rfind(')')? + 1..].split_whitespace().nth(1)?.parse().ok()
}
