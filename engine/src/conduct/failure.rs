//! Why a step failed, in words for the person who has to go on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A failed step: what happened and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// A stable kebab-case name for this sort of failure.
    pub code: String,
    /// What happened, in one sentence.
    pub message: String,
    /// What the person can do next, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
    /// Whether the step may have been done all the same, because the failure came after it asked for the change: whoever tries
    /// again looks first.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub in_doubt: bool,
}

impl Failure {
    /// A failure with its code and what happened.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_string(), message: message.into(), next: None, in_doubt: false }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Says that the step may have been done all the same. Its handler must have recorded what it saw before
    /// ([`super::Stage::observe`]), and tell from that whether it was ([`super::StepHandler::probe`]).
    #[must_use]
    pub fn in_doubt(mut self) -> Self {
        self.in_doubt = true;
        self
    }
}
