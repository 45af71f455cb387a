//! A builder for ceremonies that are carried out by the command.

use crate::canary::{ANSWERS, Canary, Watch};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The command under test.
pub fn officiant() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_officiant"));
    command.stdin(Stdio::null()).env_remove("RUST_LOG");
    command
}

/// The key of the answer to what another clock shows, which a ceremony asks for before its first step.
pub const CLOCK: &str = "inputs/0#clock";

/// What another clock shows, as a person types it.
pub fn now() -> String {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A ceremony that is about to be carried out.
pub struct Ceremony {
    canary: Canary,
    subcommand: &'static str,
    runbook: PathBuf,
    answers: BTreeMap<String, toml::Value>,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
}

impl Ceremony {
    /// Rehearses a runbook that is given as YAML.
    pub fn rehearse(yaml: &str) -> Self {
        Self::new("rehearse", yaml)
    }

    /// Conducts a runbook that is given as YAML.
    pub fn run(yaml: &str) -> Self {
        Self::new("run", yaml)
    }

    /// Rehearses a runbook of the project.
    pub fn rehearse_file(path: &str) -> Self {
        let mut ceremony = Self::new("rehearse", "");
        ceremony.runbook = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        ceremony
    }

    fn new(subcommand: &'static str, yaml: &str) -> Self {
        let canary = Canary::new();
        let runbook = canary.path().join("runbook.yaml");
        fs::write(&runbook, yaml).unwrap();
        Self {
            canary,
            subcommand,
            runbook,
            answers: BTreeMap::new(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
        }
    }

    /// Answers a question the same way each time.
    pub fn answer(mut self, key: &str, value: impl Into<toml::Value>) -> Self {
        self.answers.insert(key.into(), value.into());
        self
    }

    /// Answers a question with one value after the other.
    pub fn answers(self, key: &str, values: &[&str]) -> Self {
        let values: Vec<toml::Value> = values.iter().map(|value| (*value).into()).collect();
        self.answer(key, values)
    }

    /// Adds an argument to the command line.
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets a variable of the command's environment.
    pub fn in_environment(mut self, variable: &str, value: &str) -> Self {
        self.environment.insert(variable.into(), value.into());
        self
    }

    /// Where the ceremony folder will be.
    pub fn out(&self) -> PathBuf {
        self.canary.path().join("ceremony")
    }

    /// Where a file beside the runbook is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.canary.path().join(name)
    }

    /// The command that carries it out without people.
    pub fn command(&self) -> Command {
        let mut command = self.attended_command();
        let mut answers = self.answers.clone();
        if self.subcommand == "run" {
            answers.entry(CLOCK.into()).or_insert_with(|| now().into());
        }
        self.canary.confide_answers(&self.runbook, answers.iter());
        if !answers.is_empty() {
            let path = self.path(ANSWERS);
            fs::write(&path, toml::to_string(&BTreeMap::from([("answers", &answers)])).unwrap()).unwrap();
            command.arg("--answers").arg(path);
        }
        command
    }

    /// The command that carries it out with people.
    pub fn attended_command(&self) -> Command {
        let mut command = officiant();
        command.arg(self.subcommand);
        if self.subcommand == "resume" {
            command.arg(self.out());
        } else {
            command.arg(&self.runbook).arg("--out").arg(self.out());
        }
        command.args(&self.arguments).envs(&self.environment);
        command
    }

    /// The secrets that are typed in it.
    pub fn canary(&self) -> &Canary {
        &self.canary
    }

    /// Whether it is a ceremony and no rehearsal.
    pub fn is_live(&self) -> bool {
        self.subcommand == "run"
    }

    /// Carries it out.
    pub fn carry_out(self) -> CarriedOut {
        let child = self.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let watch = self.canary.has_secrets().then(|| Watch::on(child.id()));
        let output = child.wait_with_output().unwrap();
        if let Some(watch) = watch {
            self.canary.saw(watch);
        }
        self.carried_out(output)
    }

    /// What is left of it, whoever carried it out.
    pub fn carried_out(self, output: Output) -> CarriedOut {
        self.canary.wrote("standard output", &output.stdout);
        self.canary.wrote("standard error or the terminal", &output.stderr);
        CarriedOut { canary: self.canary, output }
    }
}

/// A ceremony that was carried out.
pub struct CarriedOut {
    canary: Canary,
    output: Output,
}

impl CarriedOut {
    /// The ceremony folder.
    pub fn folder(&self) -> PathBuf {
        self.canary.path().join("ceremony")
    }

    /// The secrets that were typed in it.
    pub fn canary(&self) -> &Canary {
        &self.canary
    }

    /// Goes on with it.
    pub fn resume(self) -> Ceremony {
        let runbook = self.canary.path().join("runbook.yaml");
        let (answers, arguments, environment) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        Ceremony { canary: self.canary, subcommand: "resume", runbook, answers, arguments, environment }
    }

    pub fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap().replace(&self.root(), "DIR")
    }

    pub fn stderr(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).unwrap().replace(&self.root(), "DIR")
    }

    fn root(&self) -> String {
        self.canary.path().display().to_string()
    }

    /// Requires an exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.output.status.code(), Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout(), self.stderr());
        self
    }

    /// Requires a part of standard error.
    #[track_caller]
    pub fn mentions(self, part: &str) -> Self {
        assert!(self.stderr().contains(part), "`{part}` is not in:\n{}", self.stderr());
        self
    }

    /// The lines of the transcript.
    pub fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder().join("transcript.jsonl")).unwrap();
        text.lines().map(str::to_string).collect()
    }

    /// The entries of the transcript.
    pub fn entries(&self) -> Vec<serde_json::Value> {
        self.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The kinds of the entries, in order.
    pub fn kinds(&self) -> Vec<String> {
        self.entries().iter().map(|entry| entry["kind"].as_str().unwrap().to_string()).collect()
    }

    /// Replaces the transcript.
    pub fn rewrite(&self, lines: &[String]) {
        let mut text = lines.join("\n");
        if !lines.is_empty() {
            text.push('\n');
        }
        fs::write(self.folder().join("transcript.jsonl"), text).unwrap();
    }

    /// Replays it.
    pub fn replay(&self) -> Replayed {
        replay(&self.folder(), &["--every-signature"])
    }
}

/// Replays a ceremony folder.
pub fn replay(folder: &Path, arguments: &[&str]) -> Replayed {
    let output = officiant().arg("replay").arg(folder).args(arguments).args(["--format", "json"]).output().unwrap();
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no report: {}", String::from_utf8_lossy(&output.stderr)));
    Replayed { code: output.status.code(), report }
}

/// What a replay found.
pub struct Replayed {
    pub code: Option<i32>,
    pub report: serde_json::Value,
}

impl Replayed {
    /// The errors, each as `code: message`.
    pub fn errors(&self) -> Vec<String> {
        let findings = self.report["findings"].as_array().unwrap();
        let errors = findings.iter().filter(|finding| finding["severity"] == "error");
        errors.map(|it| format!("{}: {}", it["code"].as_str().unwrap(), it["message"].as_str().unwrap())).collect()
    }

    /// Requires that the record holds.
    #[track_caller]
    pub fn holds(self) -> Self {
        assert_eq!((self.code, self.errors()), (Some(0), vec![]));
        self
    }

    /// Requires an error with that code whose message has that part.
    #[track_caller]
    pub fn refuses(self, code: &str, part: &str) -> Self {
        let found = self.errors().iter().any(|error| error.starts_with(&format!("{code}: ")) && error.contains(part));
        assert!(found && self.code == Some(1), "no `{code}` with `{part}` in {:#?}", self.errors());
        self
    }
}

/// Compares texts, and shows both when they differ.
#[track_caller]
pub fn pretty(found: &str, expected: &str) {
    assert!(found == expected, "--- expected\n{expected}\n--- found\n{found}\n---");
}
