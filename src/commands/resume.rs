//! `officiant resume`.

use super::ceremony::{Told, bindings, close, console, shell_word, who_answers};
use crate::{
    bench::{Bench, Retrying},
    complaints::counted,
    console::{attended, safe, settled},
    outcome::Outcome,
    program,
};
use clap::Args;
use jiff::{SpanRound, Timestamp, Unit};
use officiant_engine::{
    audit::Verdict,
    conduct::{Bindings, Console, Notice, Position, Question, QuestionKind, Reply, Session},
    record::{ClockReading, SystemClock, WriterError, instant},
    resume::{Broken, Conducted, GoingOn, Refusal, ResumeError, StepState, examine},
};
use officiant_steps::{banner, host, ports::Ports, words};
use serde_json::Value;
use std::{path::PathBuf, sync::Arc};

/// Arguments of `resume`.
#[derive(Args)]
pub struct Resume {
    /// The ceremony folder
    folder: PathBuf,
    /// What differs on this machine, when it is another one than before
    #[arg(long, value_name = "FILE")]
    bindings: Option<PathBuf>,
    /// Override one binding
    #[arg(long, value_name = "NAME=VALUE")]
    bind: Vec<String>,
    /// Answers for a ceremony without a terminal (TOML)
    #[arg(long, value_name = "FILE", conflicts_with = "attended")]
    answers: Option<PathBuf>,
    /// In a rehearsal, ask a person, as the ceremony will
    #[arg(long)]
    attended: bool,
    /// In a rehearsal, let the runbook answer, though there is a terminal
    #[arg(long, conflicts_with = "attended")]
    unattended: bool,
    /// In a rehearsal without people, let steps run programs and touch files outside the ceremony folder
    #[arg(long, conflicts_with = "attended")]
    outside: bool,
}

impl Resume {
    /// Goes on with the ceremony.
    pub fn carry_out(self) -> Outcome {
        self.conduct().unwrap_or_else(|failed| failed)
    }

    fn conduct(self) -> Result<Outcome, Outcome> {
        let bench = Arc::new(Bench::default());
        // What a replay needs to know of the handlers is the same with every port.
        let broken = examine(&self.folder, &super::system_registry()).map_err(|refusal| refused(&self, refusal))?;
        let rehearsal = broken.opened().rehearsal;
        if self.attended && !attended() {
            return Err(Outcome::not_tried("--attended needs a terminal on standard input and standard error"));
        }
        if rehearsal && attended() && !self.attended && !self.unattended && self.answers.is_none() {
            return Err(Outcome::not_tried(
                "this is a rehearsal: say --attended to go on with people, or --unattended to let the runbook answer",
            ));
        }
        let is_attended = if rehearsal { self.attended } else { self.answers.is_none() && attended() };
        let mut console = console(is_attended, rehearsal, self.outside, self.answers.as_ref(), &self.folder)?;
        let session = Session { bindings: self.session_bindings(&broken)?, host: host::facts() };
        if let Err(failure) = broken.may_go_on(&session, Timestamp::now()) {
            let next = failure.next.map(|next| format!("; {next}")).unwrap_or_default();
            return Err(Outcome::does_not_hold(format!("the ceremony cannot go on: {}{next}", failure.message)));
        }
        let loaded = broken.loaded().clone();
        let Some(runbook) = &loaded.runbook else {
            return Err(Outcome::not_tried("the runbook in the ceremony folder cannot be read"));
        };
        if rehearsal {
            bench.fetch_readers(runbook).map_err(Outcome::not_tried)?;
        }
        let kind = if rehearsal { "REHEARSAL on virtual devices" } else { "CEREMONY" };
        eprintln!("{kind}: {}", safe(&runbook.title));
        if !confirmed(&broken, &session, console.as_mut())? {
            return Err(Outcome::does_not_hold(
                "nobody confirmed the head of the record, so nothing was changed; find out which folder is the right one",
            ));
        }
        let (registry, virtual_serials) = if rehearsal {
            let serials = bench.reopen(&self.folder.join("rehearsal"), runbook, &session.bindings);
            let ports: Arc<dyn Ports> = bench.clone();
            let serials = serials.map_err(Outcome::not_tried)?;
            bench.notice().into_iter().for_each(|notice| eprintln!("{notice}"));
            (officiant_steps::registry(&ports), Some(serials))
        } else {
            (super::system_registry(), None)
        };
        let clock = if rehearsal { None } else { Some(compared(console.as_mut())?) };
        let going_on = GoingOn { session, program: program::this(), clock, virtual_serials };
        let mut hand = Retrying::new(console.as_mut(), &bench);
        let console: &mut dyn Console = if rehearsal { &mut hand } else { console.as_mut() };
        let by = who_answers(rehearsal, self.attended);
        let conducted = broken.go_on(going_on, &registry, console, Box::new(SystemClock));
        let Conducted { ended, deviations } = conducted.map_err(|error| self.stopped(&error, by))?;
        Ok(close(&Told { folder: &self.folder, loaded: &loaded, runbook, by }, ended, deviations))
    }

    /// Why nothing came of going on, and what to do.
    fn stopped(&self, error: &ResumeError, by: &str) -> Outcome {
        match error {
            ResumeError::LeftOver { .. } | ResumeError::Writer(WriterError::Io(_)) => {
                let word = shell_word(&self.folder.display().to_string());
                let next = "see that the disk is there, writable and not full, then go on with";
                Outcome::not_tried(format!("{error}; {next} `officiant resume {word}{by}`"))
            }
            _ => Outcome::not_tried(error),
        }
    }

    /// The bindings of this machine: those of before, unless there are others.
    fn session_bindings(&self, broken: &Broken) -> Result<Bindings, Outcome> {
        let mut bindings = match &self.bindings {
            Some(_) => bindings(self.bindings.as_ref(), &self.bind)?,
            None => super::ceremony::rebound(&broken.bindings, &self.bind)?,
        };
        // Who takes part and what was answered before the first step is the ceremony's, not the machine's.
        for (now, before) in [
            (&mut bindings.participants, &broken.bindings.participants),
            (&mut bindings.inputs, &broken.bindings.inputs),
        ] {
            if now.is_empty() {
                now.clone_from(before);
            }
        }
        if broken.opened().rehearsal {
            // A folder may have come from anywhere: what its record says of this machine's folders is not taken.
            if self.bindings.is_none() && !self.bind.iter().any(|it| it.starts_with("products=")) {
                bindings.products = None;
            }
            bindings.yubihsm.connectors.clear();
            bindings.devices.values_mut().for_each(|device| device.connector = None);
        }
        if let Some(runbook) = &broken.loaded().runbook {
            super::ceremony::check_bindings(&bindings, runbook)?;
        }
        Ok(bindings)
    }
}

/// Why the ceremony does not go on.
fn refused(resume: &Resume, refusal: Refusal) -> Outcome {
    match refusal {
        Refusal::Unreadable(error) => Outcome::not_tried(error),
        Refusal::InUse(error) => Outcome::not_tried(error),
        Refusal::Folder(error) => {
            Outcome::not_tried(format!("`{}` cannot be looked through: {error}", resume.folder.display()))
        }
        Refusal::Replayed(replayed) if replayed.entries == 0 => Outcome::does_not_hold(
            "the ceremony broke off before its first entry was written, and nothing was done; begin it anew in another folder",
        ),
        Refusal::Replayed(replayed) => {
            let why = match replayed.verdict {
                Verdict::Holds => "the ceremony ended as its runbook says, and there is nothing to go on with",
                Verdict::Unsealed => "the ceremony ended as its runbook says: what is left is to seal its record",
                Verdict::Aborted => "the ceremony was aborted, and an aborted one does not go on",
                Verdict::Incomplete | Verdict::DoesNotHold => {
                    eprint!("{}", super::replay::findings(&replayed));
                    "the record does not hold, and no ceremony goes on from it"
                }
            };
            Outcome::does_not_hold(why)
        }
    }
}

/// Says what was found, and has a person confirm the head of the record.
fn confirmed(broken: &Broken, session: &Session, console: &mut dyn Console) -> Result<bool, Outcome> {
    let title = "Going on after a break".to_string();
    let position = Position { section: "resume".into(), title: title.clone(), number: 1, of: 1, ..Position::default() };
    console.at(&position);
    let computer = broken.ceremony().computer().map(str::to_string);
    console.show(&Notice::Section { title, computer, estimate: None, note: None });
    console.show(&Notice::Outcome(found(broken, session)));
    let compared = match &broken.checkpoint {
        Some((line, head)) => {
            let shown = format!("The words of the last checkpoint, line {line}; compare them with paper or film:");
            console.show(&Notice::Information(shown));
            console.show(&Notice::Banner(words(head)));
            "Are the words of the checkpoint the ones you have, is the last step the one you remember"
        }
        None => {
            let shown = "There was no checkpoint before the break, and so no words that you could have on paper.";
            console.show(&Notice::Information(shown.into()));
            "Is the last step the one you remember"
        }
    };
    let head =
        format!("The record's head, line {}; these words are new, read them aloud or film them:", broken.end().seq);
    console.show(&Notice::Information(head));
    console.show(&Notice::Banner(banner(&broken.end().head)));
    let question = Question::new(
        format!("{compared}, and is this the record that you want to go on with?"),
        QuestionKind::Confirm,
    )
    .if_no("nothing is changed")
    .rehearse(Some(true.into()));
    Ok(answer(console, &question)? == Value::Bool(true))
}

/// Has this machine's clock compared with another one: it may be another machine than before, or have lost its time.
fn compared(console: &mut dyn Console) -> Result<ClockReading, Outcome> {
    console.show(&Notice::Step {
        word: "CHECK",
        text: "Compare this machine's clock with another one, as at the beginning.".into(),
        by: None,
        level: "must",
        note: None,
        estimate: None,
    });
    let answer = answer(console, &host::clock::question())?;
    host::clock::compare(answer.as_str().unwrap_or_default(), Timestamp::now()).map_err(|failure| {
        let next = failure.next.map(|next| format!("; {next}")).unwrap_or_default();
        Outcome::does_not_hold(format!("the ceremony cannot go on: {}{next}", failure.message))
    })
}

/// The answer to a question that asks for no secret.
fn answer(console: &mut dyn Console, question: &Question) -> Result<Value, Outcome> {
    match settled(console, question).map_err(Outcome::not_tried)? {
        Reply::Value(value) => Ok(value),
        Reply::Secret(_) => Err(Outcome::not_tried("a secret was given where none was asked for")),
    }
}

/// How many files that were left over are told one by one.
const LEFT_OVER: usize = 20;

/// What a person should know before the ceremony goes on.
fn found(broken: &Broken, session: &Session) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let end = broken.end();
    let mut say = |name: &str, what: String| lines.push((name.to_string(), what));
    say("record", format!("{} entries, the last at {}{}", end.seq, instant(end.latest), ago(end.latest)));
    if end.torn > 0 {
        let bytes = counted(usize::try_from(end.torn).unwrap_or(usize::MAX), "byte");
        say("torn line", format!("{bytes} of an entry that was never finished; they are moved to evidence/"));
    }
    if let Some(step) = &broken.last_step {
        let (name, what) = match step.state {
            StepState::Over => ("last step", ""),
            StepState::Open => ("in flight", ""),
            StepState::Changing => ("in flight", " — the go-ahead was given; it is looked at whether it was done"),
        };
        say(name, format!("{}: {}{what}", step.step, step.text));
    }
    say("goes on at", broken.loaded().sources.describe(broken.place));
    for path in broken.left_over.iter().take(LEFT_OVER) {
        say("left over", format!("{path} is in no entry; it is moved to evidence/"));
    }
    if let Some(more) = broken.left_over.len().checked_sub(LEFT_OVER).filter(|more| *more > 0) {
        say("left over", format!("{} like it are moved there too", counted(more, "more file")));
    }
    for finding in &broken.strange {
        say("in the way", format!("{}; take it away, or no replay will hold", finding.message));
    }
    let secrets = broken.ceremony().lost_secrets();
    if !secrets.is_empty() {
        let (them, are) = if secrets.len() == 1 { ("it", "is") } else { ("them", "are") };
        let names = secrets.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        say("secrets", format!("{names} {are} lost, and asked for again when a step needs {them}"));
    }
    for (name, serial) in broken.ceremony().serials() {
        say("device", format!("{name} is the one with the serial number {serial}"));
    }
    if let Some(products) = &session.bindings.products {
        say("copies", format!("products are also copied to {products}, where what is left over of them makes room"));
    }
    let connectors = session.bindings.devices.values().filter_map(|device| device.connector.as_ref());
    let connectors: Vec<&str> =
        session.bindings.yubihsm.connectors.iter().chain(connectors).map(String::as_str).collect();
    if !connectors.is_empty() {
        say("connectors", connectors.join(", "));
    }
    let program = program::this();
    if program.sha256 != broken.program.sha256 {
        say("program", format!("not the one of before ({} {}); the record will say so", program.name, program.version));
    }
    lines
}

fn ago(then: Timestamp) -> String {
    let round = SpanRound::new().smallest(Unit::Second).largest(Unit::Hour);
    match Timestamp::now().since(then).and_then(|span| span.round(round)) {
        Ok(span) => format!(", {span:#} ago"),
        Err(_) => String::new(),
    }
}
