//! Inputs: their patterns, their options, and what a rehearsal answers to them.

use super::{
    arguments::regex,
    book::Book,
    reading::{Reader, Templates},
    scope::Scope,
};
use crate::{
    conduct::{Question, QuestionKind, Reply},
    notation::{Complaint, Complaints, Input, InputType, Pattern, Text},
};
use std::collections::HashSet;

/// Complains of inputs that cannot be asked for, or not in a rehearsal.
pub(super) fn check(book: &Book<'_>, complaints: &mut Complaints) {
    for (name, input) in &book.runbook.inputs {
        if complaints.full() {
            return;
        }
        let word = word(input.kind);
        if let Some(pattern) = &input.pattern {
            if input.kind == InputType::Text {
                regex(pattern, pattern.at, complaints);
            } else {
                let message = format!("a `pattern` means nothing for a {word}");
                complaints.push(Complaint::warning("no-effect", pattern.at, message));
            }
        }
        let mut options = HashSet::new();
        for option in &input.options {
            if input.kind != InputType::Choice {
                let message = format!("`options` mean nothing for a {word}");
                complaints.push(Complaint::warning("no-effect", option.at, message).help("write `type: choice`"));
                break;
            }
            if !options.insert(option.as_str()) {
                let message = format!("`{option}` is an option twice");
                complaints.push(Complaint::error("duplicate-option", option.at, message));
            }
        }
        rehearsed(book, name, input, complaints);
    }
}

fn word(kind: InputType) -> &'static str {
    match kind {
        InputType::Text => "text",
        InputType::Date => "date",
        InputType::Number => "number",
        InputType::Choice => "choice",
    }
}

/// The rehearsal's answer is made before the first step, when only the virtual devices are known.
fn rehearsed(book: &Book<'_>, name: &Text, input: &Input, complaints: &mut Complaints) {
    let Some(rehearsal) = &input.rehearse else { return };
    if let Some(outputs) = &rehearsal.outputs {
        let message = "an input has no outputs, only an `answer`";
        complaints.push(Complaint::error("rehearse", outputs.at, message));
    }
    let Some(answer) = &rehearsal.answer else { return };
    let scope = Scope::new(book, None);
    let mut templates = Templates::new();
    Reader { scope: &scope, complaints, demands: &mut Vec::new() }.value(answer, &mut templates);
    if !templates.is_empty() {
        return;
    }
    if input.pattern.as_ref().is_some_and(|pattern| Pattern::new(pattern).is_err()) {
        // That is complained of already.
        return;
    }
    let kind = QuestionKind::from(input);
    if let Err(why) = Question::new(name.as_str(), kind).settle(Reply::Value(answer.to_json())) {
        let message = format!("a rehearsal cannot give this answer: {why}");
        complaints.push(Complaint::error("rehearse", answer.at, message));
    }
}
