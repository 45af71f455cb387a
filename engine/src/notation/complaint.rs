//! Complaints about a runbook: what, where, and what to do instead.

use super::{Place, Sources};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

/// Most complaints that are kept; a hostile file has as many as it has bytes.
const KEPT: usize = 400;

/// Most complaints that are shown.
const SHOWN: usize = 200;

/// Longest message or help, in characters; names come from the file and can be megabytes long.
const MESSAGE: usize = 400;

/// Most candidates that a name is compared with.
const CANDIDATES: usize = 1_000;

/// Longest line that is shown whole, in bytes.
const WIDEST: usize = 2_000;

/// How bad a complaint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The runbook cannot be conducted.
    Error,
    /// It can, but its author should look.
    Warning,
}

/// One thing that is wrong with a runbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// How bad it is.
    pub severity: Severity,
    /// A stable kebab-case name for this sort of complaint.
    pub code: &'static str,
    /// Where it is.
    pub place: Place,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do, shown at the place.
    pub help: Option<String>,
}

impl Complaint {
    /// An error.
    #[must_use]
    pub fn error(code: &'static str, place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, place, message: one_line(message.into()), help: None }
    }

    /// A warning.
    #[must_use]
    pub fn warning(code: &'static str, place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, place, message) }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(one_line(help.into()));
        self
    }

    /// Adds "did you mean" when a candidate is near, else lists the candidates when they are few.
    #[must_use]
    pub fn suggest<'a>(self, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        let candidates: Vec<&str> = candidates.into_iter().take(CANDIDATES).collect();
        match super::nearest(name, candidates.iter().copied()) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None if candidates.is_empty() => self,
            None if candidates.len() <= 12 => self.help(format!("known here: {}", candidates.join(", "))),
            None => self,
        }
    }

    /// The complaint as a person reads it: `file:line:column`, the line itself, and what to do.
    #[must_use]
    pub fn render(&self, sources: &Sources, colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let title = level.primary_title(self.message.as_str());
        let Some(source) = sources.get(self.place.file) else {
            return renderer.render(&[Group::with_title(title)]);
        };
        let (number, line) = source.line(self.place.start as usize);
        let at = floor(&source.text, (self.place.start as usize).min(line.end));
        let shown = floor(&source.text, line.start.max(at.saturating_sub(WIDEST / 2)))
            ..floor(&source.text, line.end.min(at + WIDEST / 2));
        let end = floor(&source.text, (self.place.end as usize).clamp(at, shown.end));
        let mut annotation = AnnotationKind::Primary.span(at - shown.start..end - shown.start);
        if let Some(help) = &self.help {
            annotation = annotation.label(help.as_str());
        }
        let snippet = Snippet::source(&source.text[shown.clone()]).line_start(number).annotation(annotation);
        if shown == line {
            return renderer.render(&[title.element(snippet.path(source.path.as_str()))]);
        }
        // The column is that of the whole line, of which only a part is shown.
        let (_, column) = source.line_column(at);
        let origin = Origin::path(source.path.as_str()).line(number).char_column(column);
        renderer.render(&[title.element(origin).element(snippet)])
    }
}

/// A message that names from a hostile file can neither break into lines nor make endless.
fn one_line(message: String) -> String {
    let mut message = message;
    if let Some((cut, _)) = message.char_indices().nth(MESSAGE) {
        message.truncate(cut);
        message.push('…');
    }
    if message.contains(char::is_control) {
        message = message.replace(char::is_control, " ");
    }
    message
}

fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// What was found wrong; at most a few hundred complaints are kept.
#[derive(Debug, Clone, Default)]
pub struct Complaints(pub Vec<Complaint>);

impl Complaints {
    /// Adds one, unless there are too many already.
    pub fn push(&mut self, complaint: Complaint) {
        if !self.full() {
            self.0.push(complaint);
        }
    }

    /// Whether nothing more is kept, so that looking for more is in vain.
    #[must_use]
    pub fn full(&self) -> bool {
        self.0.len() >= KEPT
    }

    /// Whether any of them is an error.
    #[must_use]
    pub fn any_error(&self) -> bool {
        self.0.iter().any(|complaint| complaint.severity == Severity::Error)
    }

    /// Sorts by place and drops what was said twice.
    pub fn settle(&mut self) {
        let key = |it: &Complaint| (it.place, it.severity, it.message.clone());
        self.0.sort_by_cached_key(key);
        self.0.dedup();
    }

    /// Settles, and keeps as many as a person can use; the last one then says how many are not shown.
    pub fn cut(&mut self) {
        let more = if self.full() { "more than " } else { "" };
        self.settle();
        if self.0.len() <= SHOWN {
            return;
        }
        self.0.sort_by_key(|complaint| complaint.severity);
        let rest = self.0.split_off(SHOWN);
        let message = format!("{more}{} more complaints are not shown", rest.len());
        self.settle();
        self.0.push(Complaint {
            severity: rest.iter().map(|complaint| complaint.severity).min().unwrap_or(Severity::Error),
            ..Complaint::error("more", Place::NOWHERE, message)
        });
    }
}
