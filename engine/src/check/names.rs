//! How things are called (DESIGN section 3): kebab-case for sections, `snake_case` for values, nothing twice.

use super::{
    book::{Book, each},
    reading::is_reserved,
};
use crate::notation::{Complaint, Complaints, Place, StepKind, Text, is_kebab, is_snake, to_kebab, to_snake};
use std::collections::HashMap;

/// Longest name of a device, in bytes.
const LONGEST: usize = 64;

/// Complains of names that are misspelt, reserved or there twice.
pub(super) fn check(book: &Book<'_>, complaints: &mut Complaints) {
    let runbook = book.runbook;
    for name in runbook.participants.keys() {
        snake("participant", name, complaints);
    }
    for name in runbook.inputs.keys() {
        snake("input", name, complaints);
    }
    titles(book, complaints);
    for name in runbook.devices.keys() {
        device(name, complaints);
    }
    for name in runbook.computers.keys() {
        if name.trim() != name.as_str() || name.is_empty() {
            complaints.push(Complaint::error("name", name.at, "this name is empty or has space around it"));
        }
    }
    for chapter in &book.chapters {
        let written = book.written(chapter.name);
        if !is_kebab(written) {
            let message = format!("the section `{written}` is not in kebab-case");
            complaints.push(respelt(Complaint::error("name", chapter.name.at, message), &to_kebab(written)));
        }
        let mut taken: HashMap<&str, Place> = HashMap::new();
        for take in &chapter.section.takes {
            value("take", take, complaints);
            if taken.insert(take, take.at).is_some() {
                let message = format!("`{take}` is taken twice");
                complaints.push(Complaint::error("duplicate-take", take.at, message).help("remove one of the two"));
            }
        }
        let mut named: HashMap<&str, Place> = HashMap::new();
        each(&chapter.section.steps, &mut |step| {
            let id = match &step.kind {
                StepKind::Do(act) => &act.id,
                StepKind::GoTo(go_to) => &go_to.id,
                StepKind::If(_) | StepKind::End(_) => return,
            };
            let Some(id) = id else { return };
            value("id", id, complaints);
            if taken.contains_key(id.as_str()) {
                let message = format!("`{id}` is already what this section takes");
                complaints.push(Complaint::error("shadowed", id.at, message).help("give the step another `id`"));
            }
            if let Some(first) = named.get(id.as_str()) {
                let message = format!("`{id}` names two steps of this section");
                let help = format!("the first is at line {}", book.sources.line(*first));
                complaints.push(Complaint::error("duplicate-id", id.at, message).help(help));
            } else {
                named.insert(id, id.at);
            }
        });
    }
}

/// A device's name is shown to people, given to programs and compared with what is printed on it.
fn device(name: &Text, complaints: &mut Complaints) {
    let is_right = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(is_right)
        && name.len() <= LONGEST
    {
        return;
    }
    let message = format!("a device cannot be called `{name}`");
    let help = format!("a letter or digit, then letters, digits, `.`, `_` and `-`; {LONGEST} characters at most");
    complaints.push(Complaint::error("name", name.at, message).help(help));
}

/// Titles are headings and parts of sentences: one line each.
fn titles(book: &Book<'_>, complaints: &mut Complaints) {
    let runbook = book.runbook;
    let titles = std::iter::once(&runbook.title)
        .chain(runbook.participants.values().map(|it| &it.title))
        .chain(runbook.computers.values().map(|it| &it.title))
        .chain(runbook.devices.values().filter_map(|it| it.title.as_ref()))
        .chain(book.chapters.iter().map(|it| &it.section.title));
    for title in titles.filter(|title| title.contains('\n')) {
        let complaint = Complaint::error("title", title.at, "a title is one line, this has several");
        complaints.push(complaint.help("write it in one line, without `|`"));
    }
}

fn value(noun: &str, name: &Text, complaints: &mut Complaints) {
    if is_reserved(name) {
        let message = format!("`{name}` has a meaning of its own and cannot be another value's name");
        complaints.push(Complaint::error("reserved-name", name.at, message));
    } else {
        snake(noun, name, complaints);
    }
}

fn snake(noun: &str, name: &Text, complaints: &mut Complaints) {
    if !is_snake(name) {
        let message = format!("the {noun} `{name}` is not in snake_case");
        complaints.push(respelt(Complaint::error("name", name.at, message), &to_snake(name)));
    }
}

fn respelt(complaint: Complaint, name: &str) -> Complaint {
    if name.is_empty() { complaint } else { complaint.help(format!("call it `{name}`")) }
}
