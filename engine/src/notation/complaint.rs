//! Complaints about a runbook: what, where, and what to do instead.

use super::{Place, Sources};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;

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
        Self { severity: Severity::Error, code, place, message: message.into(), help: None }
    }

    /// A warning.
    #[must_use]
    pub fn warning(code: &'static str, place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, place, message) }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds "did you mean" when a candidate is near, else lists the candidates when they are few.
    #[must_use]
    pub fn suggest<'a>(self, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        let candidates: Vec<&str> = candidates.into_iter().collect();
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
        let Some(source) = sources.get(self.place.file) else {
            return self.message.clone();
        };
        let whole = self.place.range();
        let start = floor(&source.text, whole.start);
        let line_end = source.text[start..].find('\n').map_or(source.text.len(), |at| start + at);
        let end = floor(&source.text, whole.end.clamp(start, line_end)).max(start);
        let mut annotation = AnnotationKind::Primary.span(start..end);
        if let Some(help) = &self.help {
            annotation = annotation.label(help.as_str());
        }
        let snippet = Snippet::source(source.text.as_str()).path(source.path.as_str()).annotation(annotation);
        renderer.render(&[level.primary_title(self.message.as_str()).element(snippet)])
    }
}

fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// What was found wrong, in the order it was found.
#[derive(Debug, Clone, Default)]
pub struct Complaints(pub Vec<Complaint>);

impl Complaints {
    /// Adds one.
    pub fn push(&mut self, complaint: Complaint) {
        self.0.push(complaint);
    }

    /// Whether any of them is an error.
    #[must_use]
    pub fn any_error(&self) -> bool {
        self.0.iter().any(|complaint| complaint.severity == Severity::Error)
    }

    /// Sorts by place and drops what was said twice.
    pub fn settle(&mut self) {
        self.0.sort_by(|a, b| (a.place, a.severity, &a.message).cmp(&(b.place, b.severity, &b.message)));
        self.0.dedup();
    }
}
