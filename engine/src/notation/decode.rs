//! From the node tree to the runbook model.

use super::{
    Complaint, Complaints, Computer, Deviations, Device, Do, End, Expectation, If, Input, InputType, Level, Map, Node,
    NodeKind, OnFailure, Participant, Rehearsal, Runbook, Section, Step, StepKind, Text,
    fields::{Fields, text, wrong_type},
    model::{GoTo, VirtualDevice},
};

/// Reads one runbook file; nothing when it is not even a mapping with a title and sections.
pub(super) fn runbook(node: &Node, complaints: &mut Complaints) -> Option<Runbook> {
    let c = complaints;
    let mut fields = Fields::of("a runbook", node, c)?;
    let notation = notation(&mut fields, c);
    let title = fields.required_text("title", c);
    let note = fields.text("note", c);
    let participants = fields.map("participants", c, participant);
    let computers = fields.map("computers", c, computer);
    let devices = fields.map("devices", c, device);
    let inputs = fields.map("inputs", c, input);
    let imports = fields.map("imports", c, |node, c| text("imports", node, c));
    let deviations = fields.node("deviations").and_then(|node| deviations(node, c));
    let start = fields.text("start", c);
    if !fields.has("sections") {
        fields.missing("sections", c);
    }
    let sections = fields.map("sections", c, section);
    fields.finish(c);
    Some(Runbook {
        notation: notation?,
        title: title?,
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

fn notation(fields: &mut Fields<'_>, complaints: &mut Complaints) -> Option<u32> {
    let Some(node) = fields.node("notation") else {
        fields.missing("notation", complaints);
        return Some(1);
    };
    if !matches!(node.kind, NodeKind::Integer(1, _)) {
        complaints.push(
            Complaint::error("notation", node.at, "this is not a version of the notation that officiant knows")
                .help("write `notation: 1`"),
        );
    }
    Some(1)
}

fn participant(node: &Node, c: &mut Complaints) -> Option<Participant> {
    let mut fields = Fields::of("a participant", node, c)?;
    let (title, note) = (fields.required_text("title", c), fields.text("note", c));
    fields.finish(c);
    Some(Participant { title: title?, note })
}

fn computer(node: &Node, c: &mut Complaints) -> Option<Computer> {
    let mut fields = Fields::of("a computer", node, c)?;
    let title = fields.required_text("title", c);
    let offline = fields.boolean("offline", c).unwrap_or_default();
    let note = fields.text("note", c);
    fields.finish(c);
    Some(Computer { title: title?, offline, note })
}

fn device(node: &Node, c: &mut Complaints) -> Option<Device> {
    let mut fields = Fields::of("a device", node, c)?;
    let kind = fields.required_text("kind", c);
    let title = fields.text("title", c);
    let rehearse = fields.node("rehearse").and_then(|node| virtual_device(node, c));
    let note = fields.text("note", c);
    fields.finish(c);
    Some(Device { kind: kind?, title, rehearse, note })
}

fn virtual_device(node: &Node, c: &mut Complaints) -> Option<VirtualDevice> {
    let mut fields = Fields::of("a virtual device", node, c)?;
    let serial = fields.node("serial").and_then(|node| match &node.kind {
        NodeKind::Integer(value, _) if u32::try_from(*value).is_ok() => u32::try_from(*value).ok(),
        _ => {
            wrong_type("serial", "a whole number below 4294967296", node, c);
            None
        }
    });
    let firmware = fields.text("firmware", c);
    let attests_ed25519 = fields.boolean("attests_ed25519", c);
    fields.finish(c);
    Some(VirtualDevice { serial, firmware, attests_ed25519 })
}

fn input(node: &Node, c: &mut Complaints) -> Option<Input> {
    let mut fields = Fields::of("an input", node, c)?;
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
    let rehearse = fields.node("rehearse").and_then(|node| rehearsal(node, c));
    let note = fields.text("note", c);
    if kind == Some(InputType::Choice) && options.is_empty() {
        c.push(Complaint::error("missing-key", node.at, "a choice has no `options`"));
    }
    fields.finish(c);
    Some(Input { kind: kind?, prompt, pattern, options, rehearse, note })
}

fn deviations(node: &Node, c: &mut Complaints) -> Option<Deviations> {
    let mut fields = Fields::of("`deviations`", node, c)?;
    let approved_by = fields.texts("approved_by", c);
    fields.finish(c);
    Some(Deviations { approved_by })
}

fn section(node: &Node, c: &mut Complaints) -> Option<Section> {
    let mut fields = Fields::of("a section", node, c)?;
    let title = fields.required_text("title", c);
    let on = fields.text("on", c);
    let estimate = fields.text("estimate", c);
    let note = fields.text("note", c);
    let takes = fields.texts("takes", c);
    if !fields.has("steps") {
        fields.missing("steps", c);
    }
    let steps = fields.list("steps", c).map(|nodes| steps(nodes, c)).unwrap_or_default();
    fields.finish(c);
    Some(Section { title: title.unwrap_or_else(|| Text::new("", node.at)), on, estimate, note, takes, steps })
}

fn steps(nodes: &[Node], c: &mut Complaints) -> Vec<Step> {
    nodes.iter().filter_map(|node| step(node, c)).collect()
}

fn step(node: &Node, c: &mut Complaints) -> Option<Step> {
    let fields = Fields::of("a step", node, c)?;
    let kind = if fields.has("if") {
        condition(node, c).map(|step| StepKind::If(Box::new(step)))
    } else if fields.has("end") {
        end(node, c).map(|step| StepKind::End(Box::new(step)))
    } else if fields.has("go_to") {
        go_to(node, c).map(|step| StepKind::GoTo(Box::new(step)))
    } else if fields.has("do") {
        do_(node, c).map(|step| StepKind::Do(Box::new(step)))
    } else {
        let mut complaint = Complaint::error("missing-key", node.at, "a step is none of `do`, `go_to`, `if`, `end`");
        if let NodeKind::Mapping(entries) = &node.kind
            && let Some(near) = entries.iter().find_map(|(key, _)| super::nearest(key, ["do", "go_to", "if", "end"]))
        {
            complaint = complaint.help(format!("did you mean `{near}`?"));
        }
        c.push(complaint);
        None
    };
    Some(Step { at: node.at, kind: kind? })
}

fn do_(node: &Node, c: &mut Complaints) -> Option<Do> {
    let mut fields = Fields::of("a DO step", node, c)?;
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
    let on_failure = fields.node("on_failure").and_then(|node| on_failure(node, c));
    let rehearse = fields.node("rehearse").and_then(|node| rehearsal(node, c));
    let note = fields.text("note", c);
    let estimate = fields.text("estimate", c);
    fields.finish(c);
    Some(Do { text: text?, uses, with, id, by, sign_off, level, expect, on_failure, rehearse, note, estimate })
}

fn go_to(node: &Node, c: &mut Complaints) -> Option<GoTo> {
    let mut fields = Fields::of("a GO TO step", node, c)?;
    let text = fields.text("do", c);
    let section = fields.text("go_to", c);
    let with = values(&mut fields, c);
    let id = fields.text("id", c);
    let by = fields.text("by", c);
    let sign_off = fields.texts("sign_off", c);
    let level = level(&mut fields, c);
    let rehearse = fields.node("rehearse").and_then(|node| rehearsal(node, c));
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

fn condition(node: &Node, c: &mut Complaints) -> Option<If> {
    let mut fields = Fields::of("an IF step", node, c)?;
    let text = fields.text("if", c);
    let when = fields.text("when", c);
    if !fields.has("then") {
        fields.missing("then", c);
    }
    let then = fields.list("then", c).map(|nodes| steps(nodes, c)).unwrap_or_default();
    let otherwise = fields.list("else", c).map(|nodes| steps(nodes, c)).unwrap_or_default();
    let by = fields.text("by", c);
    let rehearse = fields.node("rehearse").and_then(|node| rehearsal(node, c));
    let note = fields.text("note", c);
    fields.finish(c);
    Some(If { text: text?, when, then, otherwise, by, rehearse, note })
}

fn end(node: &Node, c: &mut Complaints) -> Option<End> {
    let mut fields = Fields::of("an END step", node, c)?;
    let (text, note) = (fields.text("end", c), fields.text("note", c));
    fields.finish(c);
    Some(End { text: text?, note })
}

fn expectation(node: &Node, c: &mut Complaints) -> Option<Expectation> {
    let mut fields = Fields::of("an expectation", node, c)?;
    let that = fields.required_text("that", c);
    let otherwise = fields.text("else", c);
    fields.finish(c);
    Some(Expectation { that: that?, otherwise })
}

fn on_failure(node: &Node, c: &mut Complaints) -> Option<OnFailure> {
    let mut fields = Fields::of("`on_failure`", node, c)?;
    let section = fields.text("go_to", c);
    let with = values(&mut fields, c);
    let approved_by = fields.texts("approved_by", c);
    let note = fields.text("note", c);
    fields.finish(c);
    Some(OnFailure { section, with, approved_by, note })
}

fn rehearsal(node: &Node, c: &mut Complaints) -> Option<Rehearsal> {
    let mut fields = Fields::of("`rehearse`", node, c)?;
    let answer = fields.node("answer").cloned();
    let outputs = fields.node("outputs").cloned();
    fields.finish(c);
    Some(Rehearsal { answer, outputs })
}

fn level(fields: &mut Fields<'_>, c: &mut Complaints) -> Level {
    let words = [("must", Level::Must), ("should", Level::Should), ("may", Level::May)];
    fields.word("level", &words, c).unwrap_or_default()
}

fn values(fields: &mut Fields<'_>, c: &mut Complaints) -> Map<Node> {
    fields.map("with", c, |node, _| Some(node.clone()))
}
