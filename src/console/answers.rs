//! Answers from a file, for runs without a terminal.

use officiant_engine::conduct::{Position, Question};
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::Path,
};

/// Answers by question, from TOML: `"section/id" = "answer"`, or a list that is used up one answer a question.
///
/// A question is called `SECTION/ID` or `SECTION/NUMBER`; the further questions of a step have `#reason`, `#what-now`,
/// `#skip`, `#sign-off/ROLE` or `#approval/ROLE` after that; inputs are `inputs/NAME`.
#[derive(Debug, Default)]
pub struct Answers {
    given: BTreeMap<String, Given>,
}

/// How often the one answer that a question is always given may be to try the step again.
const RETRIES: u32 = 10;

#[derive(Debug)]
enum Given {
    Always { value: Value, retried: u32 },
    Each(VecDeque<Value>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    answers: BTreeMap<String, Value>,
}

impl Answers {
    /// Reads a file of answers.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
        let file: File = toml::from_str(&text).map_err(|error| format!("`{}`: {error}", path.display()))?;
        let given = file.answers.into_iter().map(|(key, value)| match value {
            Value::Array(values) => (key, Given::Each(values.into())),
            value => (key, Given::Always { value, retried: 0 }),
        });
        Ok(Self { given: given.collect() })
    }

    /// The names under which a question may be answered, the best one first.
    pub fn keys(position: &Position, question: &Question) -> Vec<String> {
        let slot = question.slot.as_ref().map_or_else(String::new, |slot| format!("#{slot}"));
        let names = position.id.iter().cloned().chain([position.number.to_string()]);
        names.map(|name| format!("{}/{name}{slot}", position.section)).collect()
    }

    /// The answer to a question; `again` when the last one was refused, which one that is always given cannot mend. Nor does
    /// trying a step again for ever.
    pub fn answer(&mut self, position: &Position, question: &Question, again: bool) -> Option<Value> {
        for key in Self::keys(position, question) {
            match self.given.get_mut(&key) {
                Some(Given::Always { .. }) if again => return None,
                Some(Given::Always { value, retried }) => {
                    if question.slot.as_deref() == Some("what-now") && value == "retry" {
                        *retried += 1;
                        if *retried > RETRIES {
                            return None;
                        }
                    }
                    return Some(value.clone());
                }
                Some(Given::Each(values)) => return values.pop_front(),
                None => {}
            }
        }
        None
    }

    /// Whether a question has answers at all.
    pub fn knows(&self, position: &Position, question: &Question) -> bool {
        Self::keys(position, question).iter().any(|key| self.given.contains_key(key))
    }
}
