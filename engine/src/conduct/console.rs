//! The person at the ceremony, as the engine sees them.

use super::{Failure, Question, Reply};
use std::time::Duration;

/// Where in the ceremony a person is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// The section's name.
    pub section: String,
    /// The section's title.
    pub title: String,
    /// The computer it is carried out on, by title.
    pub computer: Option<String>,
    /// The step's number in its section, from 1; nested steps count too.
    pub number: usize,
    /// How many steps the section has.
    pub of: usize,
    /// The step's `id`, when it has one.
    pub id: Option<String>,
}

impl Position {
    /// The step's key in the transcript: `section/number`.
    #[must_use]
    pub fn step(&self) -> String {
        format!("{}/{}", self.section, self.number)
    }
}

/// What a person is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// A section begins.
    Section {
        /// Its title.
        title: String,
        /// The computer it is carried out on.
        computer: Option<String>,
        /// How long it takes.
        estimate: Option<String>,
        /// For the reader.
        note: Option<String>,
    },
    /// A step begins.
    Step {
        /// DO, IF, GO TO or END.
        word: &'static str,
        /// The rendered sentence, Markdown.
        text: String,
        /// The participant who acts, by title.
        by: Option<String>,
        /// must, should or may.
        level: &'static str,
        /// For the reader.
        note: Option<String>,
        /// How long it takes.
        estimate: Option<String>,
    },
    /// What the runbook notes for the reader about what is asked next, Markdown.
    Note(String),
    /// Something that a person should know.
    Information(String),
    /// Something that cannot be undone is about to happen.
    Irreversible(String),
    /// What came of a step, as lines of name and value.
    Outcome(Vec<(String, String)>),
    /// What a step is about to do, as lines of name and value; nothing of it is shortened.
    Announcement(Vec<(String, String)>),
    /// A step failed.
    Failed(Failure),
    /// Something large enough for a camera.
    Banner(String),
    /// How far something is that takes its time.
    Progress {
        /// What is being done.
        what: String,
        /// How much of it is done.
        done: u64,
        /// How much there is to do.
        of: u64,
    },
}

/// Why a person could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);

/// The edge to people: a terminal, or a list of answers.
pub trait Console {
    /// Shows where in the ceremony the next notices and questions belong.
    fn at(&mut self, position: &Position);

    /// Shows something.
    fn show(&mut self, notice: &Notice);

    /// Asks; `complaint` says what was wrong with the last answer.
    ///
    /// # Errors
    /// [`Unanswered`] when there is nobody and nothing to answer.
    fn ask(&mut self, question: &Question, complaint: Option<&str>) -> Result<Reply, Unanswered>;

    /// Waits, and shows that it does; a rehearsal need not take the time.
    fn wait(&mut self, duration: Duration, what: &str);
}
