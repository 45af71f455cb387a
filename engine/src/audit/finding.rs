//! What a replay finds.

use serde::Serialize;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// The record does not hold.
    Error,
    /// The record holds; an auditor should know this.
    Warning,
}

/// One thing that a replay found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable kebab-case name for this sort of finding.
    pub code: &'static str,
    /// How much it weighs.
    pub severity: Weight,
    /// What was found.
    pub message: String,
    /// The runbook's place, `file:line:column`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// The transcript's line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The file's path in the ceremony folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl Finding {
    /// A finding because of which the record does not hold.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, severity: Weight::Error, message: message.into(), runbook: None, line: None, file: None }
    }

    /// A finding that an auditor should know of.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Weight::Warning, ..Self::error(code, message) }
    }

    /// Names the transcript's line.
    #[must_use]
    pub fn at_line(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }

    /// Names the file.
    #[must_use]
    pub fn of_file(mut self, path: String) -> Self {
        self.file = Some(path);
        self
    }

    /// Names the runbook's place.
    #[must_use]
    pub fn at_place(mut self, place: String) -> Self {
        self.runbook = Some(place).filter(|place| !place.is_empty());
        self
    }
}
