//! From the node tree to the runbook model.
//!
//! What is missing or of the wrong type is complained of and then filled with something empty, so that everything else
//! can still be checked in the same run.
#![allow(clippy::similar_names, reason = "`node` and `note` are what they are called")]

use super::{
    Complaint, Complaints, Computer, Deviations, Device, Do, End, Expectation, If, Input, InputType, LARGEST, Level,
    Map, Node, NodeKind, OnFailure, Participant, Rehearsal, Runbook, Sealing, Section, Step, StepKind, Text,
    fields::{Fields, text, wrong_type},
    model::{DeviceFault, FaultEffect, FaultMoment, GoTo, VirtualDevice},
};

/// Reads one runbook file; nothing when it is not even a mapping.
pub(super) fn runbook(node: &Node, complaints: &mut Complaints) -> Option<Runbook> {
    let c = complaints;
    let mut fields = Fields::of("a runbook", node, c);
    if !matches!(node.kind, NodeKind::Mapping(_)) {
        return None;
    }
    let notation = notation(&mut fields, c);
    let title = fields.required_text("title", c);
    let note = fields.text("note", c);
    let participants = fields.map("participants", c, participant);
    let computers = fields.map("computers", c, computer);
    let devices = fields.map("devices", c, device);
    let inputs = fields.map("inputs", c, input);
    let imports = fields.map("imports", c, |node, c| text("imports", node, c));
    let imports = imports.into_iter().filter_map(|(name, path)| Some((name, path?))).collect();
    let deviations = fields.node("deviations").map(|node| deviations(node, c));
    let start = fields.text("start", c);
    if !fields.has("sections") {
        fields.missing("sections", c);
    }
    if let Some(node) = fields.node("sections")
        && matches!(&node.kind, NodeKind::Mapping(entries) if entries.is_empty())
    {
        c.push(Complaint::error("empty", node.at, "a runbook needs at least one section"));
    }
    let sections = fields.map("sections", c, section);
    fields.finish(c);
    Some(Runbook {
        notation,
        title: title.unwrap_or_else(|| nothing(node)),
        note,
        participants,
        computers,
        devices,
        inputs,
        imports,
        deviations,
        start,
        sections,
    })
}

fn notation(fields: &mut Fields<'_>, complaints: &mut Complaints) -> u32 {
    let Some(node) = fields.node("notation") else {
        fields.missing("notation", complaints);
        return 1;
    };
    if !matches!(node.kind, NodeKind::Integer(1, _)) {
        complaints.push(
            Complaint::error("notation", node.at, "this is not a version of the notation that officiant knows")
                .help("write `notation: 1`"),
        );
    }
    1
}

/// What stands in for a text that is missing, which was complained of.
fn nothing(node: &Node) -> Text {
    Text::new("", node.at)
}

fn participant(node: &Node, c: &mut Complaints) -> Participant {
    let mut fields = Fields::of("a participant", node, c);
    let title = fields.required_text("title", c);
    let words = [("required", Sealing::Required), ("optional", Sealing::Optional)];
    let seal = fields.word("seal", &words, c).unwrap_or_default();
    let note = fields.text("note", c);
    fields.finish(c);
    Participant { title: title.unwrap_or_else(|| nothing(node)), seal, note }
}

fn computer(node: &Node, c: &mut Complaints) -> Computer {
    let mut fields = Fields::of("a computer", node, c);
    let title = fields.required_text("title", c);
    let offline = fields.boolean("offline", c).unwrap_or_default();
    let note = fields.text("note", c);
    fields.finish(c);
    Computer { title: title.unwrap_or_else(|| nothing(node)), offline, note }
}

fn device(node: &Node, c: &mut Complaints) -> Device {
    let mut fields = Fields::of("a device", node, c);
    let kind = fields.required_text("kind", c);
    let title = fields.text("title", c);
    let rehearse = fields.node("rehearse").map(|node| virtual_device(node, c));
    let note = fields.text("note", c);
    fields.finish(c);
    Device { kind: kind.unwrap_or_else(|| nothing(node)), title, rehearse, note }
}

fn virtual_device(node: &Node, c: &mut Complaints) -> VirtualDevice {
    let mut fields = Fields::of("a virtual device", node, c);
    let serial = fields.node("serial").and_then(|node| {
        let NodeKind::Integer(value, spelt) = &node.kind else {
            wrong_type("serial", "a whole number", node, c);
            return None;
        };
        let serial = u32::try_from(*value).ok();
        if serial.is_none() {
            let message = format!("`serial` must be from 0 to {}, this is {spelt}", u32::MAX);
            c.push(Complaint::error("wrong-value", node.at, message));
        }
        serial
    });
    let firmware = fields.text("firmware", c);
    let attests_ed25519 = fields.boolean("attests_ed25519", c);
    let fips = fields.boolean("fips", c);
    let faults = fields
        .list("faults", c)
        .map(|nodes| nodes.iter().filter_map(|node| device_fault(node, c)).collect())
        .unwrap_or_default();
    fields.finish(c);
    VirtualDevice { serial, firmware, attests_ed25519, fips, faults }
}

fn device_fault(node: &Node, c: &mut Complaints) -> Option<DeviceFault> {
    let mut fields = Fields::of("a fault", node, c);
    let command = fields.required_text("command", c);
    for key in ["when", "effect"] {
        if !fields.has(key) {
            fields.missing(key, c);
        }
    }
    let when = fields.word("when", &[("before", FaultMoment::Before), ("after", FaultMoment::After)], c);
    let effects = [
        ("vanish", FaultEffect::Vanish),
        ("power-off", FaultEffect::PowerOff),
        ("lose-answer", FaultEffect::LoseAnswer),
        ("error", FaultEffect::Error),
    ];
    let effect = fields.word("effect", &effects, c);
    let nth = fields.node("nth").and_then(|node| {
        let NodeKind::Integer(value, spelt) = &node.kind else {
            wrong_type("nth", "a whole number", node, c);
            return None;
        };
        let nth = u32::try_from(*value).ok().filter(|nth| *nth > 0);
        if nth.is_none() {
            let message = format!("`nth` must be from 1 to {}, this is {spelt}", u32::MAX);
            c.push(Complaint::error("wrong-value", node.at, message));
        }
        nth
    });
    let error = fields.text("error", c);
    fields.finish(c);
    Some(DeviceFault { command: command?, when: when?, effect: effect?, nth, error })
}

fn input(node: &Node, c: &mut Complaints) -> Input {
    let mut fields = Fields::of("an input", node, c);
    if !fields.has("type") {
        fields.missing("type", c);
    }
    let words = [
        ("text", InputType::Text),
        ("date", InputType::Date),
        ("number", InputType::Number),
        ("choice", InputType::Choice),
    ];
    let kind = fields.word("type", &words, c);
    let prompt = fields.text("prompt", c);
    let pattern = fields.text("pattern", c);
    let options = fields.texts("options", c);
    let rehearse = fields.node("rehearse").map(|node| rehearsal(node, c));
    let note = fields.text("note", c);
    if kind == Some(InputType::Choice) && options.is_empty() {
        c.push(Complaint::error("missing-key", node.at, "a choice has no `options`"));
    }
    fields.finish(c);
    Input { kind: kind.unwrap_or(InputType::Text), prompt, pattern, options, rehearse, note }
}

fn deviations(node: &Node, c: &mut Complaints) -> Deviations {
    let mut fields = Fields::of("`deviations`", node, c);
    if !fields.has("approved_by") {
        fields.missing("approved_by", c);
    }
    let approved_by = fields.texts("approved_by", c);
    fields.finish(c);
    Deviations { approved_by }
}

fn section(node: &Node, c: &mut Complaints) -> Section {
    let mut fields = Fields::of("a section", node, c);
    let title = fields.required_text("title", c);
    let on = fields.text("on", c);
    let estimate = fields.text("estimate", c);
    let note = fields.text("note", c);
    let takes = fields.texts("takes", c);
    if !fields.has("steps") {
        fields.missing("steps", c);
    }
    let steps = steps_of(&mut fields, "steps", c);
    fields.finish(c);
    Section { title: title.unwrap_or_else(|| nothing(node)), on, estimate, note, takes, steps }
}

fn steps_of(fields: &mut Fields<'_>, key: &'static str, c: &mut Complaints) -> Vec<Step> {
    let Some(nodes) = fields.list(key, c) else { return Vec::new() };
    if let (true, Some(node)) = (nodes.is_empty(), fields.node(key)) {
        let message = if key == "steps" { "this section has no steps" } else { "this branch has no steps" };
        c.push(Complaint::warning("empty", node.at, message));
    }
    nodes.iter().filter_map(|node| step(node, c)).collect()
}

fn step(node: &Node, c: &mut Complaints) -> Option<Step> {
    let fields = Fields::of("a step", node, c);
    if !matches!(node.kind, NodeKind::Mapping(_)) {
        return None;
    }
    let kind = if fields.has("if") {
        StepKind::If(Box::new(condition(node, c)))
    } else if fields.has("end") {
        StepKind::End(Box::new(end(node, c)))
    } else if fields.has("go_to") {
        StepKind::GoTo(Box::new(go_to(node, c)?))
    } else if fields.has("do") {
        StepKind::Do(Box::new(do_(node, c)))
    } else {
        misspelt(node, c)
    };
    Some(Step { at: node.at, kind })
}

/// A step whose first word is not known; what it sets and uses is still checked as that of a DO.
fn misspelt(node: &Node, c: &mut Complaints) -> StepKind {
    let words = ["do", "go_to", "if", "end"];
    let mut complaint = Complaint::error("missing-key", node.at, "a step is none of `do`, `go_to`, `if`, `end`");
    if let NodeKind::Mapping(entries) = &node.kind {
        let near = entries.iter().take(20).find_map(|(key, _)| Some((key, super::nearest(key, words)?)));
        if let Some((key, near)) = near {
            complaint.place = key.at;
            complaint = complaint.help(format!("did you mean `{near}`?"));
        }
    }
    c.push(complaint);
    let mut aside = Complaints::default();
    StepKind::Do(Box::new(do_(node, &mut aside)))
}

fn do_(node: &Node, c: &mut Complaints) -> Do {
    let mut fields = Fields::of("a DO step", node, c);
    let text = fields.text("do", c);
    let uses = fields.text("uses", c);
    let with = values(&mut fields, c);
    let id = fields.text("id", c);
    let by = fields.text("by", c);
    let sign_off = fields.texts("sign_off", c);
    let level = level(&mut fields, c);
    let expect = fields
        .list("expect", c)
        .map(|nodes| nodes.iter().filter_map(|node| expectation(node, c)).collect())
        .unwrap_or_default();
    let on_failure = fields.node("on_failure").map(|node| on_failure(node, c));
    let rehearse = fields.node("rehearse").map(|node| rehearsal(node, c));
    let note = fields.text("note", c);
    let estimate = fields.text("estimate", c);
    fields.finish(c);
    let text = text.unwrap_or_else(|| nothing(node));
    Do { text, uses, with, id, by, sign_off, level, expect, on_failure, rehearse, note, estimate }
}

fn go_to(node: &Node, c: &mut Complaints) -> Option<GoTo> {
    let mut fields = Fields::of("a GO TO step", node, c);
    let text = fields.text("do", c);
    let section = fields.text("go_to", c);
    let with = values(&mut fields, c);
    let id = fields.text("id", c);
    let by = fields.text("by", c);
    let sign_off = fields.texts("sign_off", c);
    let level = level(&mut fields, c);
    let rehearse = fields.node("rehearse").map(|node| rehearsal(node, c));
    let note = fields.text("note", c);
    let estimate = fields.text("estimate", c);
    for key in ["uses", "expect", "on_failure"] {
        if let Some(node) = fields.node(key) {
            c.push(
                Complaint::error("go-to-with-handler", node.at, format!("a GO TO step has no `{key}`"))
                    .help("make it a step of its own"),
            );
        }
    }
    fields.finish(c);
    Some(GoTo { text, section: section?, with, id, by, sign_off, level, rehearse, note, estimate })
}

fn condition(node: &Node, c: &mut Complaints) -> If {
    let mut fields = Fields::of("an IF step", node, c);
    let text = fields.text("if", c);
    let when = fields.text("when", c);
    if !fields.has("then") {
        fields.missing("then", c);
    }
    let then = steps_of(&mut fields, "then", c);
    let otherwise = steps_of(&mut fields, "else", c);
    let by = fields.text("by", c);
    let rehearse = fields.node("rehearse").map(|node| rehearsal(node, c));
    let note = fields.text("note", c);
    fields.finish(c);
    let text = text.unwrap_or_else(|| nothing(node));
    If { text, when, then, otherwise, by, rehearse, note }
}

fn end(node: &Node, c: &mut Complaints) -> End {
    let mut fields = Fields::of("an END step", node, c);
    let (text, note) = (fields.text("end", c), fields.text("note", c));
    fields.finish(c);
    let text = text.unwrap_or_else(|| nothing(node));
    End { text, note }
}

fn expectation(node: &Node, c: &mut Complaints) -> Option<Expectation> {
    let mut fields = Fields::of("an expectation", node, c);
    let that = fields.required_text("that", c);
    let otherwise = fields.text("else", c);
    fields.finish(c);
    Some(Expectation { that: that?, otherwise })
}

fn on_failure(node: &Node, c: &mut Complaints) -> OnFailure {
    let mut fields = Fields::of("`on_failure`", node, c);
    let section = fields.text("go_to", c);
    let with = values(&mut fields, c);
    let approved_by = fields.texts("approved_by", c);
    let note = fields.text("note", c);
    fields.finish(c);
    OnFailure { section, with, approved_by, note }
}

fn rehearsal(node: &Node, c: &mut Complaints) -> Rehearsal {
    let mut fields = Fields::of("`rehearse`", node, c);
    let answer = fields.node("answer").map(|node| exact(node, c));
    let outputs = fields.node("outputs").map(|node| exact(node, c));
    fields.finish(c);
    Rehearsal { answer, outputs }
}

fn level(fields: &mut Fields<'_>, c: &mut Complaints) -> Level {
    let words = [("must", Level::Must), ("should", Level::Should), ("may", Level::May)];
    fields.word("level", &words, c).unwrap_or_default()
}

fn values(fields: &mut Fields<'_>, c: &mut Complaints) -> Map<Node> {
    fields.map("with", c, exact)
}

/// A value as it is; whole numbers that the record could not hold are complained of.
fn exact(node: &Node, c: &mut Complaints) -> Node {
    node.inexact(&mut |spelt, at| {
        let message = format!("`{spelt}` is beyond {LARGEST}; the record could not hold it exactly");
        c.push(Complaint::error("wrong-value", at, message).help("put it in quotes"));
    });
    node.clone()
}
