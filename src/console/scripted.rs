//! A console without people: answers from a file, and in a rehearsal from the runbook.

use super::{Answers, markdown};
use officiant_engine::conduct::{
    Console, LOST_SECRET, Notice, Position, Question, QuestionKind, Reply, Secret, Unanswered,
};
use rand_core::{OsRng, RngCore};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The scripted console; what a person would see goes to standard error.
pub struct Scripted {
    answers: Answers,
    /// Whether the runbook's `rehearse:` answers count, and made-up ones where it has none.
    rehearsal: bool,
    /// Whether programs may run, and files outside the ceremony folder be touched, though nobody gives the go-ahead.
    may_reach_out: bool,
    /// The file that a rehearsal's made-up secrets are derived from, so that they are the same after a break.
    seed: Option<PathBuf>,
    /// Whether nothing is written to standard error.
    quiet: bool,
    asked: u64,
    position: Position,
    /// When progress was told last.
    told: Option<Instant>,
}

/// How long nothing is told of something that takes its time.
const SILENCE: Duration = Duration::from_secs(5);

/// Most questions that answers from a file are given to: far beyond any ceremony, and an end to answers that go round.
const MOST_QUESTIONS: u64 = 100_000;

impl Scripted {
    /// A console that answers from a file alone, or also as the runbook says in a rehearsal.
    pub fn new(answers: Answers, rehearsal: bool) -> Self {
        let position = Position::default();
        Self { answers, rehearsal, may_reach_out: false, seed: None, quiet: false, asked: 0, position, told: None }
    }

    /// Lets programs run and files outside the ceremony folder be touched.
    pub fn reaching_out(mut self, may: bool) -> Self {
        self.may_reach_out = may;
        self
    }

    /// Makes secrets up from what is in this file, which is made when it is first needed.
    pub fn making_up_from(mut self, seed: PathBuf) -> Self {
        self.seed = Some(seed);
        self
    }

    /// A secret for a rehearsal on virtual devices, whose keys are as plain beside it.
    fn made_up(&self, question: &Question, length: usize, dice: bool) -> std::io::Result<Secret> {
        let seed = self.seed.as_deref().map_or_else(|| Ok(random()), seed)?;
        let lost = question.slot.as_deref().and_then(|slot| slot.strip_prefix(LOST_SECRET));
        let name = lost.or(self.position.id.as_deref()).map_or_else(|| self.position.step(), str::to_string);
        let alphabet: &[u8] = if dice { b"123456" } else { b"abcdefghjkmnpqrstuvwxyz23456789-" };
        let mut secret = String::with_capacity(length);
        for number in 0..length {
            let digest =
                Sha256::new().chain_update(seed).chain_update(&name).chain_update(number.to_be_bytes()).finalize();
            secret.push(char::from(alphabet[usize::from(digest[0]) % alphabet.len()]));
        }
        Ok(Secret::new(secret))
    }

    /// Writes nothing to standard error.
    pub fn quietly(mut self) -> Self {
        self.quiet = true;
        self
    }

    fn reply(&mut self, question: &Question, again: bool) -> Option<Reply> {
        if self.answers.knows(&self.position, question) {
            let value = self.answers.answer(&self.position, question, again)?;
            return Some(match (question.kind.is_secret(), value) {
                (true, Value::String(secret)) => Reply::Secret(Secret::new(secret)),
                // A file may hold it without quotes.
                (true, value) => Reply::Secret(Secret::new(value.to_string())),
                (false, value) => Reply::Value(value),
            });
        }
        if !self.rehearsal || again {
            return None;
        }
        if let Some(answer) = &question.rehearse {
            return Some(match (question.kind.is_secret(), answer) {
                (true, Value::String(secret)) => Reply::Secret(Secret::new(secret.clone())),
                (true, answer) => Reply::Secret(Secret::new(answer.to_string())),
                (false, answer) => Reply::Value(answer.clone()),
            });
        }
        match &question.kind {
            QuestionKind::Confirm | QuestionKind::Decision => Some(Reply::Value(true.into())),
            QuestionKind::Choice(options) => Some(Reply::Value(options.first()?.0.clone().into())),
            QuestionKind::Date => Some(Reply::Value(today().into())),
            QuestionKind::Secret { min_length, max_length, dice } => {
                let length = (*min_length).max(24).min(max_length.unwrap_or(usize::MAX));
                self.made_up(question, length, *dice).map(Reply::Secret).ok()
            }
            QuestionKind::SecretAgain { secret, .. } => Some(Reply::Secret(secret.clone())),
            QuestionKind::Text { .. } | QuestionKind::Number => None,
        }
    }
}

impl Console for Scripted {
    fn at(&mut self, position: &Position) {
        self.position = position.clone();
    }

    fn show(&mut self, notice: &Notice) {
        if self.quiet {
            return;
        }
        match notice {
            Notice::Section { title, computer, .. } => {
                let computer = computer.as_ref().map(|computer| format!(" — on {computer}")).unwrap_or_default();
                eprintln!("\n{}", markdown::safe(&format!("{title}{computer}")));
            }
            Notice::Step { word, text, .. } => {
                let number = format!("{}/{}", self.position.number, self.position.of);
                eprintln!("{number:>7}  {word} {}", markdown::plain(text).trim_end().replace('\n', "\n         "));
            }
            Notice::Note(_) => {}
            Notice::Information(text) | Notice::Irreversible(text) => eprintln!("         {}", markdown::safe(text)),
            Notice::Outcome(lines) => {
                for (name, value) in lines {
                    eprintln!("         {} {}", markdown::safe(name), markdown::brief(value));
                }
            }
            Notice::Announcement(lines) => {
                for (name, value) in lines {
                    eprintln!("         {} {}", markdown::safe(name), markdown::safe(value));
                }
            }
            Notice::Failed(failure) => {
                eprintln!("         failed: {}", markdown::safe(&failure.message));
                if let Some(next) = &failure.next {
                    eprintln!("         next: {}", markdown::safe(next));
                }
            }
            Notice::Banner(text) => eprintln!("{}", markdown::safe(text)),
            Notice::Progress { what, done, of } => {
                let since = self.told.get_or_insert_with(Instant::now);
                if since.elapsed() > SILENCE {
                    *since = Instant::now();
                    eprintln!("         {}: {done} of {of}", markdown::safe(what));
                }
            }
        }
    }

    fn ask(&mut self, question: &Question, complaint: Option<&str>) -> Result<Reply, Unanswered> {
        if let Some(complaint) = complaint.filter(|_| !self.quiet) {
            eprintln!("         not taken: {}", markdown::safe(complaint));
        }
        if question.kind.is_secret() && !self.rehearsal {
            return Err(Unanswered(format!(
                "step {} asks for a secret, “{}”, which is taken from a terminal and never from a file",
                self.position.step(),
                markdown::safe(&question.text),
            )));
        }
        self.asked += 1;
        if self.asked > MOST_QUESTIONS {
            return Err(Unanswered(format!(
                "{MOST_QUESTIONS} questions were asked; the answers lead round in a circle"
            )));
        }
        if question.reaches_out && !self.may_reach_out && !self.answers.knows(&self.position, question) {
            let key = Answers::keys(&self.position, question).into_iter().next().unwrap_or_default();
            return Err(Unanswered(format!(
                "step {} runs a program or touches files outside the ceremony folder, and nobody is here to give the \
                 go-ahead: rehearse it with --attended, or with --outside if it may, or say \"{key}\" = \"yes\" in the file \
                 of --answers, or say in the runbook with `rehearse: {{ outputs: … }}` what comes of it",
                self.position.step()
            )));
        }
        let Some(reply) = self.reply(question, complaint.is_some()) else {
            let key = Answers::keys(&self.position, question).into_iter().next().unwrap_or_default();
            let another = if complaint.is_some() { "another" } else { "an" };
            return Err(Unanswered(format!(
                "step {} asks “{}” and there is no terminal: give {another} answer as \"{key}\" in the file of --answers",
                self.position.step(),
                markdown::safe(&question.text),
            )));
        };
        if self.quiet {
            return Ok(reply);
        }
        let shown = match &reply {
            Reply::Value(Value::Bool(true)) => "yes".to_string(),
            Reply::Value(Value::Bool(false)) => "no".to_string(),
            Reply::Value(Value::String(text)) => text.clone(),
            Reply::Value(value) => value.to_string(),
            Reply::Secret(_) => "(entered)".to_string(),
        };
        eprintln!("         {} {}", markdown::safe(&question.text), markdown::safe(&shown));
        Ok(reply)
    }

    fn wait(&mut self, duration: Duration, what: &str) {
        if self.rehearsal {
            // Short waits give devices time to answer; long ones are for people.
            std::thread::sleep(duration.min(Duration::from_millis(20)));
        } else {
            if duration > Duration::from_secs(2) {
                eprintln!("         waiting {} s: {}", duration.as_secs(), markdown::safe(what));
            }
            std::thread::sleep(duration);
        }
    }
}

fn today() -> String {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// What is in the file, or what is put there now.
fn seed(path: &Path) -> std::io::Result<[u8; 32]> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            let seed = random();
            file.write_all(&seed).and_then(|()| file.sync_all())?;
            Ok(seed)
        }
        Err(_) => {
            let mut seed = [0; 32];
            File::open(path)?.read_exact(&mut seed)?;
            Ok(seed)
        }
    }
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    bytes
}
