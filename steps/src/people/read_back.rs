//! `people.read-back`: a person types some words of a hash, which shows that it was looked at.

use super::{ask_text::text, checkpoint, spoken};
use officiant_engine::conduct::{Effect, Failure, Notice, Question, QuestionKind, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How often one word may be typed wrongly before the step fails.
const TRIES: usize = 3;

pub(super) struct ReadBack;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The hash, as hex or as PGP words; it is not shown. When it is left out it is the head of the record, which is
    /// shown as at a checkpoint.
    of: Option<String>,
    /// How many words are asked for, 3 when it is left out.
    #[schemars(range(min = 1, max = 64))]
    words: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The numbers of the words that were asked for, from 1, and typed rightly.
    positions: Vec<u32>,
}

impl StepHandler for ReadBack {
    const NAME: &'static str = "people.read-back";
    const SUMMARY: &'static str =
        "Makes a person type some of a hash's PGP words; the record decides which, nobody chooses.";
    const EFFECT: Effect = Effect::None;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let head = if arguments.of.is_none() { Some(stage.checkpoint()?.0) } else { None };
        let words = head.as_ref().map(|head| spoken::of(head)).or_else(|| spoken::parse(arguments.of.as_deref()?));
        let words = words.ok_or_else(|| {
            Failure::new("wrong-argument", "`of` is neither hex nor PGP words").next("correct `of` in the runbook")
        })?;
        let wanted = arguments.words.unwrap_or(3);
        if wanted == 0 || wanted > words.len() {
            let message = format!("{wanted} words cannot be asked for, there are {}", words.len());
            return Err(Failure::new("wrong-argument", message).next("correct `words` in the runbook"));
        }
        if let Some(head) = head {
            let new = "These are the words of the record as it is now, not those of an earlier checkpoint.";
            stage.show(Notice::Information(new.into()));
            checkpoint::show(&head, stage);
        }
        // The entry that the head is of holds a signature: nobody knows before which words it makes the step ask for.
        let asked = chosen(&stage.head(), &words, wanted);
        for (position, word) in &asked {
            type_word(word, *position, words.len(), stage)?;
        }
        Ok(Outputs { positions: asked.into_iter().map(|(position, _)| position).collect() })
    }
}

fn type_word(word: &str, position: u32, of: usize, stage: &mut Stage<'_>) -> Result<(), Failure> {
    let kind = QuestionKind::Text { pattern: None, optional: false };
    let question = Question::new(format!("Word {position} of {of}"), kind)
        .slot(format!("word/{position}"))
        .rehearse(stage.rehearsal().then(|| word.into()));
    for _ in 0..TRIES {
        let answer = text(stage.ask(question.clone())?)?;
        if answer.to_lowercase() == word {
            return Ok(());
        }
        stage.show(Notice::Information(format!("“{answer}” is not word {position}; look at it again.")));
    }
    Err(Failure::new("wrong-word", format!("word {position} was typed wrongly {TRIES} times"))
        .next("compare the whole hash with its source; try again when they are the same"))
}

/// Some of the words with their numbers, from 1, in order: those whose numbers' hashes with `head` are lowest.
fn chosen<'a>(head: &[u8; 32], words: &'a [String], wanted: usize) -> Vec<(u32, &'a str)> {
    let rank = |position: u32| Sha256::new().chain_update(head).chain_update(position.to_be_bytes()).finalize();
    let mut chosen: Vec<_> = (1..).zip(words.iter().map(String::as_str)).collect();
    chosen.sort_by_cached_key(|(position, _)| rank(*position));
    chosen.truncate(wanted);
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::chosen;
    use std::collections::BTreeSet;

    #[test]
    fn the_head_decides_which_words_are_asked_for() {
        let words: Vec<_> = (1..=32).map(|number| number.to_string()).collect();
        let asked = chosen(&[7; 32], &words, 3);
        assert_eq!(asked, chosen(&[7; 32], &words, 3));
        assert_eq!(asked.len(), 3);
        assert!(asked.iter().all(|(position, word)| *word == position.to_string()));
        assert!(asked.is_sorted_by(|(before, _), (after, _)| before < after));
        let all: BTreeSet<_> = (0..=255).flat_map(|byte| chosen(&[byte; 32], &words, 3)).collect();
        assert_eq!(all.len(), 32, "every word can be asked for");
    }
}
