//! Names of participants, computers, sections and step handlers that must be declared.

use super::book::{Book, each};
use crate::notation::{Complaint, Complaints, StepKind, Text};
use std::collections::BTreeSet;

/// Complains of what is not declared.
pub(super) fn check(book: &Book<'_>, complaints: &mut Complaints) {
    let runbook = book.runbook;
    kinds(book, complaints);
    if let Some(deviations) = &runbook.deviations {
        deviations.approved_by.iter().for_each(|role| participant(book, role, complaints));
    }
    if let Some(start) = &runbook.start
        && book.find(start).is_none()
    {
        section(book, start, complaints);
    }
    for chapter in &book.chapters {
        if complaints.full() {
            return;
        }
        if let Some(on) = &chapter.section.on
            && !runbook.computers.contains_key(on.as_str())
        {
            let computers = runbook.computers.keys().map(Text::as_str);
            complaints.push(unknown("computer", "computers", on, computers));
        }
        each(&chapter.section.steps, &mut |step| {
            let (by, sign_off) = match &step.kind {
                StepKind::Do(act) => {
                    if let Some(uses) = act.uses.as_ref().filter(|uses| book.registry.get(uses).is_none()) {
                        handler(book, uses, complaints);
                    }
                    if let Some(on_failure) = &act.on_failure {
                        on_failure.approved_by.iter().for_each(|role| participant(book, role, complaints));
                    }
                    (&act.by, act.sign_off.as_slice())
                }
                StepKind::GoTo(go_to) => (&go_to.by, go_to.sign_off.as_slice()),
                StepKind::If(condition) => (&condition.by, [].as_slice()),
                StepKind::End(_) => return,
            };
            by.iter().chain(sign_off).for_each(|role| participant(book, role, complaints));
        });
    }
    for call in &book.calls {
        if call.to.is_none() && !complaints.full() {
            section(book, call.section, complaints);
        }
    }
}

fn participant(book: &Book<'_>, role: &Text, complaints: &mut Complaints) {
    let participants = &book.runbook.participants;
    if !participants.contains_key(role.as_str()) && !complaints.full() {
        complaints.push(unknown("participant", "participants", role, participants.keys().map(Text::as_str)));
    }
}

fn section(book: &Book<'_>, name: &Text, complaints: &mut Complaints) {
    let complaint = Complaint::error("unknown-section", name.at, format!("unknown section `{name}`"));
    let imported = book.section_names(name.at.file).find(|known| known.rsplit('/').next() == Some(name.as_str()));
    complaints.push(match imported {
        Some(known) => complaint.help(format!("did you mean `{known}`?")),
        None => complaint.suggest(name, book.section_names(name.at.file)),
    });
}

fn handler(book: &Book<'_>, uses: &Text, complaints: &mut Complaints) {
    if complaints.full() {
        return;
    }
    let complaint = Complaint::error("unknown-handler", uses.at, format!("unknown step handler `{uses}`"));
    let complaint = complaint.suggest(uses, book.registry.iter().map(|handler| handler.name));
    complaints.push(if complaint.help.is_none() { complaint.help("`officiant steps` lists them") } else { complaint });
}

fn unknown<'a>(noun: &str, key: &str, name: &Text, declared: impl Iterator<Item = &'a str>) -> Complaint {
    let code = if noun == "computer" { "unknown-computer" } else { "unknown-participant" };
    let complaint = Complaint::error(code, name.at, format!("unknown {noun} `{name}`")).suggest(name, declared);
    if complaint.help.is_none() { complaint.help(format!("declare it under `{key}:`")) } else { complaint }
}

/// Devices of a kind that no step handler works with.
fn kinds(book: &Book<'_>, complaints: &mut Complaints) {
    let known: BTreeSet<&str> = book
        .registry
        .iter()
        .filter_map(|handler| book.handler(handler.name))
        .flat_map(|handler| handler.arguments.properties().filter_map(|(_, schema)| schema.device()))
        .filter(|kind| !kind.is_empty())
        .collect();
    if known.is_empty() {
        return;
    }
    for device in book.runbook.devices.values() {
        let kind = &device.kind;
        if !kind.is_empty() && !known.contains(kind.as_str()) {
            let message = format!("no step handler works with a `{kind}`");
            complaints.push(Complaint::warning("unknown-kind", kind.at, message).suggest(kind, known.iter().copied()));
        }
    }
}
