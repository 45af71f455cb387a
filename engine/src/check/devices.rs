//! Devices that are named where a section takes their names: each GO TO must give one that is declared, of the right kind.

use super::{book::Book, reading::is_template, secrets::is_secret};
use crate::notation::{Complaint, Complaints, Node, NodeKind, Place, Reference, Segment, Template};
use std::collections::HashSet;

/// A take of a section that must name a device.
pub(super) struct Demand<'a> {
    /// The section.
    pub(super) section: usize,
    /// What it takes.
    pub(super) take: &'a str,
    /// The kind of device; empty for any.
    pub(super) kind: &'a str,
    /// Where the section uses it as a device's name.
    pub(super) at: Place,
}

/// Complains of GO TOs that give something else, through as many sections as pass it on.
pub(super) fn check<'a>(book: &Book<'a>, demands: Vec<Demand<'a>>, complaints: &mut Complaints) {
    let mut seen = HashSet::new();
    let mut open = demands;
    open.reverse();
    while let Some(demand) = open.pop() {
        if complaints.full() {
            return;
        }
        if !seen.insert((demand.section, demand.take, demand.kind)) {
            continue;
        }
        for call in book.calls_to[demand.section].iter().map(|index| &book.calls[*index]) {
            let Some(node) = call.with.get(demand.take) else { continue };
            let NodeKind::Text(name) = &node.kind else {
                if is_secret(node) {
                    continue;
                }
                let message = format!("`{}` must name a device, this is {}", demand.take, node.noun());
                complaints.push(Complaint::error("wrong-type", node.at, message));
                continue;
            };
            if !is_template(name) {
                literal(book, name, node, demand.kind, Some(demand.at), complaints);
                continue;
            }
            let passed_on = lone_name(name)
                .and_then(|name| book.chapters[call.from].takes.get_key_value(name.as_str()).map(|(take, _)| *take));
            if let Some(take) = passed_on {
                open.push(Demand { section: call.from, take, ..demand });
            }
        }
    }
}

/// Complains of a name that is no device's, or that of a device of another kind.
pub(super) fn literal(
    book: &Book<'_>,
    name: &str,
    node: &Node,
    kind: &str,
    used_at: Option<Place>,
    complaints: &mut Complaints,
) {
    let devices = &book.runbook.devices;
    let Some(device) = devices.get(name) else {
        let complaint = Complaint::error("unknown-device", node.at, format!("unknown device `{name}`"));
        let right = devices.iter().filter(|(_, it)| kind.is_empty() || it.kind.as_str() == kind);
        complaints.push(if devices.is_empty() {
            complaint.help("declare it under `devices:`")
        } else {
            complaint.suggest(name, right.map(|(name, _)| name.as_str()))
        });
        return;
    };
    if kind.is_empty() || device.kind.is_empty() || device.kind.as_str() == kind {
        return;
    }
    let message = match used_at {
        Some(at) => {
            format!("`{name}` is a `{}`; it is used as a `{kind}` at {}", device.kind, book.sources.describe(at))
        }
        None => format!("`{name}` is a `{}`; this takes a `{kind}`", device.kind),
    };
    let complaint = Complaint::error("device-kind", node.at, message);
    let right: Vec<&str> = devices.iter().filter(|it| it.1.kind.as_str() == kind).map(|it| it.0.as_str()).collect();
    complaints.push(if right.is_empty() || right.len() > 12 {
        complaint
    } else {
        complaint.help(format!("of that kind: {}", right.join(", ")))
    });
}

/// The name in `{{ name }}`.
pub(super) fn lone_name(text: &str) -> Option<String> {
    let template = Template::parse(text).ok()?;
    let used = template.used();
    match used.as_slice() {
        [one] if template.is_lone() => match &one.reference {
            Reference::Value { path, .. } => match path.as_slice() {
                [Segment::Name(name)] => Some(name.clone()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
