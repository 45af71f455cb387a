//! A console without people: answers from a file, and in a rehearsal from the runbook.

use super::{Answers, markdown};
use officiant_engine::conduct::{Console, Notice, Position, Question, QuestionKind, Reply, Secret, Unanswered};
use rand_core::{OsRng, RngCore};
use serde_json::Value;
use std::time::Duration;

/// The scripted console; what a person would see goes to standard error.
pub struct Scripted {
    answers: Answers,
    /// Whether the runbook's `rehearse:` answers count, and made-up ones where it has none.
    rehearsal: bool,
    /// Whether programs may run, and files outside the ceremony folder be touched, though nobody gives the go-ahead.
    may_reach_out: bool,
    /// Whether nothing is written to standard error.
    quiet: bool,
    asked: u64,
    position: Position,
}

/// Most questions that answers from a file are given to: far beyond any ceremony, and an end to answers that go round.
const MOST_QUESTIONS: u64 = 100_000;

impl Scripted {
    /// A console that answers from a file alone, or also as the runbook says in a rehearsal.
    pub fn new(answers: Answers, rehearsal: bool) -> Self {
        Self { answers, rehearsal, may_reach_out: false, quiet: false, asked: 0, position: Position::default() }
    }

    /// Lets programs run and files outside the ceremony folder be touched.
    pub fn reaching_out(mut self, may: bool) -> Self {
        self.may_reach_out = may;
        self
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
            QuestionKind::Secret { min_length, dice } => Some(Reply::Secret(made_up(*min_length, *dice))),
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

/// A secret for a rehearsal, nowhere written down.
fn made_up(min_length: usize, dice: bool) -> Secret {
    let mut secret = String::with_capacity(min_length.max(24));
    let alphabet: &[u8] = if dice { b"123456" } else { b"abcdefghjkmnpqrstuvwxyz23456789-" };
    while secret.len() < min_length.max(24) {
        let byte = usize::try_from(OsRng.next_u32()).unwrap_or_default() % alphabet.len();
        secret.push(char::from(alphabet[byte]));
    }
    Secret::new(secret)
}
