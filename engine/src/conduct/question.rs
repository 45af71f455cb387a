//! Questions to people and what counts as an answer.

use super::Secret;
use crate::notation::{Input, InputType, LARGEST, Pattern, is_hostile, nearest};
use jiff::civil::Date;
use serde_json::Value;

/// Longest answer, in bytes.
const LONGEST: usize = 4 * 1024;

/// A question, with all that a person needs to answer it.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What is asked, in one sentence.
    pub text: String,
    /// What sort of answer is wanted.
    pub kind: QuestionKind,
    /// The role that answers; whoever runs the ceremony otherwise.
    pub by: Option<String>,
    /// What happens after a "no".
    pub if_no: Option<String>,
    /// What a rehearsal answers, unless it is attended.
    pub rehearse: Option<Value>,
    /// Which of the step's questions it is, when it is not the main one: `reason`, `sign-off/ROLE`, …
    pub slot: Option<String>,
    /// The form of a text in words, which a person reads in place of its pattern when an answer does not have it.
    pub form: Option<&'static str>,
    /// Whether the answer lets a program run, or files be written outside the ceremony folder: nobody makes it up.
    pub reaches_out: bool,
}

/// What sort of answer is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum QuestionKind {
    /// "Done?": yes or no.
    Confirm,
    /// A decision: yes or no, neither of them a failure.
    Decision,
    /// A line of text.
    Text {
        /// A regular expression that must match as a whole.
        pattern: Option<String>,
        /// Whether an empty line is an answer.
        optional: bool,
    },
    /// One of several, by value; each with what a person reads.
    Choice(Vec<(String, String)>),
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A whole number.
    Number,
    /// A secret, typed twice.
    Secret {
        /// Fewest characters, or rolls.
        min_length: usize,
        /// Most characters, where there is a limit; rolls have none.
        max_length: Option<usize>,
        /// Whether it is rolls of a die: the digits 1 to 6, spaces ignored.
        dice: bool,
    },
    /// The same secret once more, typed once. The settled answer is whether it is the same, and no part of it, so that
    /// the record holds the verdict and a replay comes to it without the secret. A console cannot give the verdict.
    SecretAgain {
        /// The secret that it must be; in a replay an empty stand-in.
        secret: Secret,
        /// Whether it is rolls of a die, spaces ignored.
        dice: bool,
    },
}

impl QuestionKind {
    /// Whether what is typed must not be shown or recorded, not even when it is refused.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Secret { .. } | Self::SecretAgain { .. })
    }
}

impl From<&Input> for QuestionKind {
    /// The question that a runbook's input is.
    fn from(input: &Input) -> Self {
        match input.kind {
            InputType::Text => Self::Text { pattern: input.pattern.as_ref().map(ToString::to_string), optional: false },
            InputType::Date => Self::Date,
            InputType::Number => Self::Number,
            InputType::Choice => {
                Self::Choice(input.options.iter().map(|it| (it.value.clone(), it.value.clone())).collect())
            }
        }
    }
}

/// What came from the person.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Anything that the record may hold.
    Value(Value),
    /// A secret.
    Secret(Secret),
}

impl Question {
    /// A question of a kind.
    #[must_use]
    pub fn new(text: impl Into<String>, kind: QuestionKind) -> Self {
        Self {
            text: text.into(),
            kind,
            by: None,
            if_no: None,
            rehearse: None,
            slot: None,
            form: None,
            reaches_out: false,
        }
    }

    /// Names who answers.
    #[must_use]
    pub fn by(mut self, role: Option<impl Into<String>>) -> Self {
        self.by = role.map(Into::into);
        self
    }

    /// Names who answers, when nobody is named yet.
    #[must_use]
    pub(super) fn by_default(mut self, role: Option<&str>) -> Self {
        self.by = self.by.or_else(|| role.map(str::to_string));
        self
    }

    /// Says that the answer lets something outside the ceremony be touched.
    #[must_use]
    pub fn reaching_out(mut self, reaches_out: bool) -> Self {
        self.reaches_out = reaches_out;
        self
    }

    /// Says in words which form a text has.
    #[must_use]
    pub fn form(mut self, form: &'static str) -> Self {
        self.form = Some(form);
        self
    }

    /// Says which of the step's questions it is.
    #[must_use]
    pub fn slot(mut self, slot: impl Into<String>) -> Self {
        self.slot = Some(slot.into());
        self
    }

    /// Says what happens after a "no".
    #[must_use]
    pub fn if_no(mut self, consequence: impl Into<String>) -> Self {
        self.if_no = Some(consequence.into());
        self
    }

    /// Says what a rehearsal answers.
    #[must_use]
    pub fn rehearse(mut self, answer: Option<Value>) -> Self {
        self.rehearse = answer;
        self
    }

    /// The answer in its settled form, or what is wrong with it.
    pub fn settle(&self, reply: Reply) -> Result<Reply, String> {
        match (&self.kind, reply) {
            (QuestionKind::Secret { min_length, max_length, dice: false }, Reply::Secret(secret)) => {
                // How long it is stays unsaid: what is wrong with an answer is recorded.
                match max_length {
                    Some(most) if !(*min_length..=*most).contains(&secret.length()) => {
                        let span = if min_length == most { String::new() } else { format!("{min_length} to ") };
                        Err(format!("it must have {span}{most} characters"))
                    }
                    None if secret.length() < *min_length => {
                        Err(format!("it must have at least {min_length} characters"))
                    }
                    _ => Ok(Reply::Secret(secret)),
                }
            }
            (QuestionKind::Secret { min_length, dice: true, .. }, Reply::Secret(secret)) => {
                rolls(&secret, *min_length).map(Reply::Secret)
            }
            (QuestionKind::SecretAgain { secret, dice }, Reply::Secret(again)) => {
                let again = if *dice { without_spaces(&again) } else { again };
                Ok(Reply::Value((again == *secret).into()))
            }
            (_, Reply::Secret(_)) => Err("a secret and a plain answer are not the same".into()),
            (kind, Reply::Value(_)) if kind.is_secret() => Err("a secret and a plain answer are not the same".into()),
            (kind, Reply::Value(value)) => settle(kind, self.form, &value).map(Reply::Value),
        }
    }
}

/// What is wrong with nothing.
const NEEDED: &str = "an answer is needed";

fn settle(kind: &QuestionKind, form: Option<&str>, value: &Value) -> Result<Value, String> {
    match kind {
        QuestionKind::Confirm | QuestionKind::Decision => yes_or_no(value).map(Value::from),
        QuestionKind::Text { pattern, optional } => {
            let text = plain(value)?;
            if text.is_empty() && !optional {
                return Err(NEEDED.into());
            }
            if let Some(pattern) = pattern {
                let compiled = Pattern::new(pattern)
                    .map_err(|error| format!("the runbook's pattern `{pattern}` is wrong: {error}"))?;
                if !compiled.matches(&text) {
                    if let Some(form) = form {
                        return Err(format!("`{text}` is not {form}"));
                    }
                    return Err(format!("`{text}` does not have the form that is asked for ({pattern})"));
                }
            }
            Ok(text.into())
        }
        QuestionKind::Choice(options) => {
            let text = plain(value)?;
            if text.is_empty() && !options.iter().any(|(option, _)| option.is_empty()) {
                return Err(NEEDED.into());
            }
            if options.iter().any(|(option, _)| *option == text) {
                return Ok(text.into());
            }
            let names = || options.iter().map(|(option, _)| option.as_str());
            let near = nearest(&text, names()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            Err(format!("`{text}` is none of: {}{near}", names().collect::<Vec<_>>().join(", ")))
        }
        QuestionKind::Date => {
            let text = plain(value)?;
            let date: Date = text.parse().map_err(|_| format!("`{text}` is no day; write it as YYYY-MM-DD"))?;
            Ok(date.to_string().into())
        }
        QuestionKind::Number => {
            let text = plain(value)?;
            let number: i64 = text.parse().map_err(|_| format!("`{text}` is no whole number"))?;
            if number.unsigned_abs() > LARGEST {
                return Err(format!("`{text}` is beyond {LARGEST}, up to which the record holds every number exactly"));
            }
            Ok(number.into())
        }
        QuestionKind::Secret { .. } | QuestionKind::SecretAgain { .. } => Err("a secret is not a plain answer".into()),
    }
}

/// The rolls of a die without the spaces between them, or what is wrong with them.
fn rolls(secret: &Secret, fewest: usize) -> Result<Secret, String> {
    let rolls = without_spaces(secret);
    let digits = rolls.expose().as_bytes();
    if !digits.iter().all(|digit| (b'1'..=b'6').contains(digit)) {
        return Err("rolls are written as the digits 1 to 6, with or without spaces".into());
    }
    if digits.len() < fewest {
        return Err(format!("at least {fewest} rolls are needed"));
    }
    if digits.windows(2).all(|pair| pair[0] == pair[1]) {
        return Err("every roll is the same, which a fair die does not do; roll again".into());
    }
    Ok(rolls)
}

fn without_spaces(secret: &Secret) -> Secret {
    let mut rolls = String::with_capacity(secret.expose().len());
    rolls.extend(secret.expose().chars().filter(|character| !character.is_whitespace()));
    Secret::new(rolls)
}

impl PartialEq for Secret {
    /// Compares every byte, wherever the first difference is.
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (self.expose().as_bytes(), other.expose().as_bytes());
        one.len() == other.len() && one.iter().zip(other).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
    }
}

fn plain(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            if text.len() > LONGEST {
                return Err(format!("an answer has at most {LONGEST} bytes, this has {}", text.len()));
            }
            if let Some(found) = text.chars().find(|character| is_hostile(*character)) {
                return Err(format!("the character U+{:04X} cannot be part of it", u32::from(found)));
            }
            Ok(text.to_string())
        }
        Value::Number(number) => Ok(number.to_string()),
        _ => Err("the answer must be text".into()),
    }
}

fn yes_or_no(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::String(_) => {
            let text = plain(value)?;
            match text.to_ascii_lowercase().as_str() {
                "y" | "yes" => Ok(true),
                "n" | "no" => Ok(false),
                "" => Err(NEEDED.into()),
                _ => Err(format!("`{text}` is neither yes nor no")),
            }
        }
        _ => Err("the answer must be yes or no".into()),
    }
}
