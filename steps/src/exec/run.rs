//! `exec.run`: runs a program without a shell, and records what it said.

use super::{
    capture::Stream,
    leak::leaks,
    process::{End, Input, NotRun, Program, Ran},
    search::{self, Found},
    shown,
};
use crate::{files::Place, people::Span};
use officiant_engine::{
    conduct::{Effect, Exhibit, Failure, Objection, Probed, Secret, SecretName, Stage, StepHandler},
    record::FileRecord,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    path::{self, Path, PathBuf},
};
use zeroize::Zeroize;

/// The most of either stream that is kept, in bytes.
const MOST: usize = 16 * 1024 * 1024;
/// The most of either stream that is told as text, in bytes; more than that becomes a file.
const MOST_TEXT: usize = 4 * 1024;

pub(super) struct Run;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The program and its arguments. There is no shell: each reaches the program as it stands here. A
    /// relative path of a program, `./tool`, starts at `directory`.
    #[schemars(length(min = 1))]
    command: Vec<String>,
    /// Where it runs: a relative path is below the ceremony folder's `products/`. It is the ceremony folder itself when
    /// it is left out, so that the paths in the record lead somewhere.
    directory: Option<String>,
    /// How long it may run, 10 minutes when it is left out; then it is ended, with everything that it started.
    timeout: Option<Span>,
    /// The exit codes that are good, `[0]` when it is left out.
    exit_codes: Option<Vec<i32>>,
    /// What it reads: text, or a secret, which reaches it this way and no other. It reads nothing when it is left out.
    stdin: Option<Stdin>,
    /// Variables that are added to the environment of this program.
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "`stdin` is text or `{ secret: NAME }`")]
enum Stdin {
    Text(String),
    Secret(SecretName),
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The program that ran.
    program: Found,
    /// The exit code, one of the good ones.
    exit_code: i32,
    /// What it wrote to standard output, or the first 4 KiB of it; nothing when that is not UTF-8.
    stdout: Option<String>,
    /// What it wrote to standard error, or the first 4 KiB of it; nothing when that is not UTF-8.
    stderr: Option<String>,
    /// All that it wrote to standard output, when that is more than 4 KiB or not UTF-8.
    stdout_file: Option<FileRecord>,
    /// All that it wrote to standard error, when that is more than 4 KiB or not UTF-8.
    stderr_file: Option<FileRecord>,
}

impl StepHandler for Run {
    const NAME: &'static str = "exec.run";
    const SUMMARY: &'static str = "Runs a program without a shell and records its exit code and what it said.";
    const EFFECT: Effect = Effect::Changes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn announce(&self, arguments: &Arguments) -> Option<String> {
        Some(announcement(arguments))
    }

    fn reaches_out(&self, _: &Arguments) -> bool {
        true
    }

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        check(&arguments)?;
        let directory = directory(arguments.directory.as_deref(), stage)?;
        let (input, secret) = input(arguments.stdin.as_ref(), stage)?;
        let search_path = arguments.environment.get("PATH").map(String::as_str);
        let path = search::resolve(&arguments.command[0], search_path, &directory)
            .map_err(|error| not_started(&arguments, None, &error))?;
        let found = Found::at(&path);
        let program = Program {
            path: &path,
            command: &arguments.command,
            directory: &directory,
            environment: &arguments.environment,
            limit: arguments.timeout.unwrap_or(Span::minutes(10)).duration(),
            most: MOST,
        };
        let mut ran = program.run(input).map_err(|error| match error {
            NotRun::NotStarted(error) => not_started(&arguments, Some(&path), &error),
            NotRun::Lost(error) => lost(&arguments, &error),
        })?;
        if let Some(secret) = secret
            && (leaks(&ran.output, &secret) || leaks(&ran.error, &secret))
        {
            ran.output.zeroize();
            ran.error.zeroize();
            let name = &arguments.command[0];
            return Err(Failure::new(
                "secret-in-output",
                format!("`{name}` gave the secret away, so nothing it said is kept"),
            )
            .next("see that nobody else saw it; run the program so that it does not tell what it reads"));
        }
        conclude(&arguments, found, &ran, stage)
    }

    /// The program ended well.
    fn audit(&self, arguments: &Arguments, outputs: &Value, _: &Exhibit<'_>) -> Vec<Objection> {
        let good = arguments.exit_codes.as_deref().unwrap_or(&[0]);
        let message = || format!("the exit code {} is none of the good ones", outputs["exit_code"]);
        let is_good = good.iter().any(|code| outputs["exit_code"] == *code);
        if is_good { Vec::new() } else { vec![Objection::wrong("exit-code", message())] }
    }

    /// What a program does, and whether it did it, only people can know.
    fn probe(&self, arguments: Arguments, _: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        let program = arguments.command.first().map(|program| shown::visible(program)).unwrap_or_default();
        Ok(Probed::Unknown(format!("whether `{program}` ran, and to its end, cannot be told from here")))
    }
}

fn check(arguments: &Arguments) -> Result<(), Failure> {
    let wrong = |message: &str, which: &str| {
        Err(Failure::new("wrong-argument", message).next(format!("correct `{which}` in the runbook")))
    };
    if arguments.command.first().is_none_or(String::is_empty) {
        return wrong("`command` names no program", "command");
    }
    if arguments.command.iter().any(|argument| argument.contains('\0')) {
        return wrong("an argument holds the character U+0000, which no program can be given", "command");
    }
    if arguments.exit_codes.as_ref().is_some_and(Vec::is_empty) {
        return wrong("`exit_codes` is empty, so that no end could be a good one", "exit_codes");
    }
    let named = |name: &String| !name.is_empty() && !name.contains(['=', '\0']);
    if !arguments.environment.iter().all(|(name, value)| named(name) && !value.contains('\0')) {
        return wrong(
            "`environment` has a name that is empty or has `=` in it, or the character U+0000",
            "environment",
        );
    }
    Ok(())
}

fn directory(path: Option<&str>, stage: &Stage<'_>) -> Result<PathBuf, Failure> {
    let absolute = |folder: &Path| {
        path::absolute(folder).map_err(|error| Failure::new("no-directory", format!("the folder to run in: {error}")))
    };
    let Some(path) = path else { return absolute(stage.folder()) };
    let directory = Place::of(path)?.full(stage)?;
    if directory.is_dir() {
        return absolute(&directory);
    }
    let message = if directory.exists() { "is not a folder" } else { "is not there" };
    Err(Failure::new("no-directory", format!("the folder `{path}` that the program should run in {message}"))
        .next("make it, or correct `directory` in the runbook"))
}

fn input(stdin: Option<&Stdin>, stage: &mut Stage<'_>) -> Result<(Input, Option<Secret>), Failure> {
    Ok(match stdin {
        None => (Input::Nothing, None),
        Some(Stdin::Text(text)) => (Input::Text(text.clone()), None),
        Some(Stdin::Secret(name)) => {
            let secret = stage.secret(name)?;
            // No secret that a person enters is empty; what is left of one after a break is.
            if secret.length() == 0 {
                return Err(Failure::new("no-secret", format!("the secret `{}` is not known any more", name.secret))
                    .next("repeat the step that asks for it"));
            }
            (Input::Secret(secret.clone()), Some(secret))
        }
    })
}

/// What is about to run.
fn announcement(arguments: &Arguments) -> String {
    let mut lines = vec![format!("Runs {}", shown::command(&arguments.command))];
    if let Some(directory) = &arguments.directory {
        lines.push(format!("in {}", shown::visible(directory)));
    }
    for (name, value) in &arguments.environment {
        lines.push(format!("with {}", shown::command(&[format!("{name}={value}")])));
    }
    match &arguments.stdin {
        Some(Stdin::Secret(name)) => lines.push(format!("reading the secret `{}`", name.secret)),
        Some(Stdin::Text(text)) => lines.push(format!("reading {}", shown::command(std::slice::from_ref(text)))),
        None => {}
    }
    lines.join("\n")
}

fn not_started(arguments: &Arguments, found: Option<&Path>, error: &io::Error) -> Failure {
    let program = shown::visible(&arguments.command[0]);
    match error.kind() {
        ErrorKind::NotFound => {
            let path = arguments.environment.get("PATH").map(String::as_str);
            Failure::new("no-program", format!("there is no program `{program}`")).next(search::hint(
                &arguments.command[0],
                found,
                path,
            ))
        }
        ErrorKind::PermissionDenied => Failure::new("no-program", format!("`{program}` may not be run: {error}"))
            .next("see that it is a program, and that you may run it"),
        _ => Failure::new("no-program", format!("`{program}` could not be run: {error}"))
            .next("see what the machine lacks, and try again"),
    }
}

/// Whatever became of it, it ran.
fn lost(arguments: &Arguments, error: &io::Error) -> Failure {
    let program = shown::visible(&arguments.command[0]);
    let message =
        format!("`{program}` was started and then lost ({error}): it may have done its work, or a part of it");
    Failure::new("lost", message).next("see what it did before you try again")
}

/// The outputs of a good end; a failure after any other, with all that was said kept as evidence.
fn conclude(arguments: &Arguments, program: Found, ran: &Ran, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
    let good = arguments.exit_codes.as_deref().unwrap_or(&[0]);
    if let End::Exited(code) = ran.end
        && good.contains(&code)
    {
        let (stdout, stdout_file) = keep("stdout", &ran.output, stage)?;
        let (stderr, stderr_file) = keep("stderr", &ran.error, stage)?;
        return Ok(Outputs { program, exit_code: code, stdout, stderr, stdout_file, stderr_file });
    }
    let mut failure = bad_end(arguments, ran, good);
    for (name, bytes) in [("stdout", &ran.output), ("stderr", &ran.error)] {
        if !bytes.is_empty()
            && let Err(error) = stage.evidence(&file_name(name, bytes), bytes)
        {
            failure.message = format!("{}; its {name} could not be kept: {error}", failure.message);
        }
    }
    Err(failure)
}

fn bad_end(arguments: &Arguments, ran: &Ran, good: &[i32]) -> Failure {
    let program = shown::visible(&arguments.command[0]);
    let failure = match ran.end {
        End::Exited(code) => {
            let good = good.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
            Failure::new("exit-code", format!("`{program}` ended with exit code {code}, not {good}"))
                .next("see what it said; put it right and try again")
        }
        End::Signalled(signal) => Failure::new("signal", format!("`{program}` was ended by signal {signal}"))
            .next("find out what ended it, and try again"),
        End::TooLate => {
            let limit = arguments.timeout.unwrap_or(Span::minutes(10));
            Failure::new("timeout", format!("`{program}` was not done after {limit} and was ended"))
                .next("see what it waited for; try again, or give it a longer `timeout` in the runbook")
        }
        End::TooMuch(stream) => {
            let stream = if stream == Stream::Output { "standard output" } else { "standard error" };
            let message = format!("`{program}` wrote more than {} MiB to {stream} and was ended", MOST / 1024 / 1024);
            Failure::new("too-much-output", message).next("see why it says so much; let it write to a file instead")
        }
    };
    let said = shown::last_lines(&ran.error).or_else(|| shown::last_lines(&ran.output));
    match said {
        Some(said) => Failure { message: format!("{}; it said: {said}", failure.message), ..failure },
        None => failure,
    }
}

/// An output as text, or as a file and as much of it as is told.
fn keep(name: &str, bytes: &[u8], stage: &mut Stage<'_>) -> Result<(Option<String>, Option<FileRecord>), Failure> {
    match str::from_utf8(bytes) {
        Ok(text) if text.len() <= MOST_TEXT => Ok((Some(text.to_string()), None)),
        _ => Ok((beginning(bytes).map(str::to_string), Some(stage.evidence(&file_name(name, bytes), bytes)?))),
    }
}

/// The first 4 KiB, up to a character's end, when they are UTF-8.
fn beginning(bytes: &[u8]) -> Option<&str> {
    let cut = &bytes[..bytes.len().min(MOST_TEXT)];
    match str::from_utf8(cut) {
        Ok(text) => Some(text),
        // A character that the cut goes through is no fault of the program.
        Err(error) if error.error_len().is_none() && cut.len() < bytes.len() => {
            str::from_utf8(&cut[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

fn file_name(name: &str, bytes: &[u8]) -> String {
    let kind = if str::from_utf8(bytes).is_ok() { "txt" } else { "bin" };
    format!("{name}.{kind}")
}
