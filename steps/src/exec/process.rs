//! A program in a process group of its own, with a time limit and bounded output.

use super::capture::{Capture, Stopped, Stream};
use officiant_engine::conduct::Secret;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::{
    collections::BTreeMap,
    io::{self, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long a program has after SIGTERM before SIGKILL.
const GRACE: Duration = Duration::from_secs(2);
/// How long the kernel has to end a process after SIGKILL.
const KILLED: Duration = Duration::from_secs(2);

/// What a program reads.
pub(super) enum Input {
    Nothing,
    Text(String),
    Secret(Secret),
}

/// A program to run.
pub(super) struct Program<'a> {
    /// Where it is.
    pub(super) path: &'a Path,
    /// The program's name and its arguments, at least the former.
    pub(super) command: &'a [String],
    pub(super) directory: &'a Path,
    /// Added to the environment of this process.
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) limit: Duration,
    /// The most bytes of either stream.
    pub(super) most: usize,
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    Exited(i32),
    Signalled(i32),
    /// It was killed at the time limit.
    TooLate,
    /// It was killed for what it said.
    TooMuch(Stream),
}

/// Why it is not known how a program ended.
#[derive(Debug)]
pub(super) enum NotRun {
    /// It could not be started: nothing ran.
    NotStarted(io::Error),
    /// It was started and then lost: it may have done its work.
    Lost(io::Error),
}

/// What came of a program.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) end: End,
    pub(super) output: Vec<u8>,
    pub(super) error: Vec<u8>,
}

impl Program<'_> {
    /// Runs it until it ended and nothing that it started holds its output any more.
    ///
    /// # Errors
    /// It could not be started, or it was lost.
    pub(super) fn run(&self, input: Input) -> Result<Ran, NotRun> {
        let [name, arguments @ ..] = self.command else {
            return Err(NotRun::NotStarted(io::ErrorKind::NotFound.into()));
        };
        let child = Command::new(self.path)
            .arg0(name)
            .args(arguments)
            .current_dir(self.directory)
            .envs(self.environment)
            .stdin(if matches!(input, Input::Nothing) { Stdio::null() } else { Stdio::piped() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        let group = Group(child.map_err(NotRun::NotStarted)?);
        self.attend(group, input).map_err(NotRun::Lost)
    }

    /// Sees a program that runs through to its end.
    fn attend(&self, mut group: Group, input: Input) -> io::Result<Ran> {
        let deadline = Instant::now() + self.limit;
        let (Some(output), Some(error)) = (group.0.stdout.take(), group.0.stderr.take()) else {
            return Err(io::Error::other("the program's output cannot be read"));
        };
        let mut capture = Capture::start(output, error, self.most)?;
        feed(&mut group.0, input)?;

        let stopped = match capture.until(deadline) {
            Stopped::Closed if group.ended(deadline) => None,
            Stopped::Closed | Stopped::TooLate => Some(End::TooLate),
            Stopped::Full(stream) => Some(End::TooMuch(stream)),
            Stopped::Failed(error) => return Err(error),
        };
        if stopped.is_some() {
            group.signal(Signal::TERM);
            let grace = Instant::now() + GRACE;
            capture.drain(grace);
            group.ended(grace);
            group.signal(Signal::KILL);
            // What was said before the end is in the pipes still.
            capture.drain(Instant::now() + Duration::from_millis(100));
        }
        let status = group.reap()?;
        let end = stopped.unwrap_or_else(|| match (status.code(), status.signal()) {
            (Some(code), _) => End::Exited(code),
            (None, signal) => End::Signalled(signal.unwrap_or_default()),
        });
        Ok(Ran { end, output: capture.output, error: capture.error })
    }
}

/// Writes what the program reads, then closes the pipe.
fn feed(child: &mut Child, input: Input) -> io::Result<()> {
    let Some(mut pipe) = child.stdin.take() else { return Ok(()) };
    // In a thread, because a program may talk before it reads. It need not read at all, which breaks the pipe.
    thread::Builder::new().spawn(move || {
        let bytes = match &input {
            Input::Nothing => &[],
            Input::Text(text) => text.as_bytes(),
            Input::Secret(secret) => secret.expose().as_bytes(),
        };
        drop(pipe.write_all(bytes));
    })?;
    Ok(())
}

/// A process group by its leader, which stays a zombie until it is reaped, so that nothing else can have its number.
struct Group(Child);

impl Group {
    /// Waits until the leader ended; not longer than the deadline.
    fn ended(&self, deadline: Instant) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        let mut pause = Duration::from_millis(1);
        loop {
            match waitid(WaitId::Pid(Pid::from_child(&self.0)), options) {
                Ok(None) => {}
                Err(error) if error == rustix::io::Errno::INTR => {}
                Ok(Some(_)) | Err(_) => return true,
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            thread::sleep(pause.min(left));
            pause = (2 * pause).min(Duration::from_millis(20));
        }
    }

    /// Sends a signal to every process in the group, if there are any.
    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(Pid::from_child(&self.0), signal);
    }

    /// Takes the leader's status; after this its number can be another's.
    fn reap(&mut self) -> io::Result<ExitStatus> {
        if self.ended(Instant::now() + KILLED) {
            return self.0.wait();
        }
        Err(io::Error::other("the program does not end, not even when it is killed"))
    }
}

impl Drop for Group {
    /// Leaves nothing running when something failed on the way; does nothing after the leader was reaped.
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.signal(Signal::KILL);
            let _ = self.reap();
        }
    }
}
