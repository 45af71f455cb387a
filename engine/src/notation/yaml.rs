//! YAML 1.2 into the node tree: no aliases, no tags, no duplicate keys, no second document.

use super::yaml_words::{braces, syntax};
use super::{Complaint, Complaints, Node, NodeKind, Place, Text};
use granit_parser::{Event, Parser, ScalarStyle, Span};
use std::{borrow::Cow, collections::HashSet};

/// Deepest nesting that is read; a runbook needs about ten levels.
pub(super) const DEPTH: usize = 64;

/// Up to how many keys a mapping is small.
const FEW: usize = 16;

enum Open {
    Sequence { at: Place, items: Vec<Node> },
    Mapping { at: Place, entries: Vec<(Text, Node)>, keys: HashSet<String>, key: Option<Text> },
}

/// Reads one YAML document.
pub(super) fn read(file: u16, source: &str, complaints: &mut Complaints) -> Option<Node> {
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    let mut documents = 0;
    for event in Parser::new_from_str(source) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let offset = error.marker().byte_offset().unwrap_or(0).min(source.len());
                complaints.push(if error.info().contains("recursion limit") {
                    too_deep(Place::new(file, offset..offset + 1))
                } else {
                    syntax(file, source, offset, &error.info())
                });
                return None;
            }
        };
        let at = place(file, &span);
        let finished = match event {
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    complaints.push(Complaint::error("syntax", at, "a runbook file holds one YAML document"));
                    return None;
                }
                continue;
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                complaints.push(
                    Complaint::error("alias", at, "aliases are not part of the notation").help("write the value out"),
                );
                return None;
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, _, Some(_))
            | Event::MappingStart(_, _, Some(_)) => {
                let complaint = Complaint::error("tag", at, "YAML tags are not part of the notation");
                complaints.push(complaint.help("write the value without its tag"));
                return None;
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= DEPTH => {
                complaints.push(too_deep(at));
                return None;
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if expects_key(&open) => {
                complaints.push(braces(source, at));
                return None;
            }
            Event::SequenceStart(..) => {
                open.push(Open::Sequence { at, items: Vec::new() });
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Mapping { at, entries: Vec::new(), keys: HashSet::new(), key: None });
                continue;
            }
            Event::Scalar(value, style, ..) => {
                if expects_key(&open) {
                    take_key(&mut open, Text::new(value, at), complaints);
                    continue;
                }
                Node { at, kind: scalar(value, style) }
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::Sequence { at: start, items }) => {
                    Node { at: Place { end: at.end.max(start.end), ..start }, kind: NodeKind::Sequence(items) }
                }
                Some(Open::Mapping { at: start, entries, .. }) => {
                    Node { at: Place { end: at.end.max(start.end), ..start }, kind: NodeKind::Mapping(entries) }
                }
                None => continue,
            },
            _ => continue,
        };
        match open.last_mut() {
            None => root = Some(finished),
            Some(Open::Sequence { items, .. }) => items.push(finished),
            Some(Open::Mapping { entries, key, .. }) => {
                if let Some(key) = key.take() {
                    entries.push((key, finished));
                }
            }
        }
    }
    if root.is_none() {
        complaints.push(Complaint::error("syntax", Place::new(file, 0..0), "the file is empty"));
    }
    root
}

pub(super) fn too_deep(at: Place) -> Complaint {
    Complaint::error("depth", at, format!("nested deeper than {DEPTH} levels"))
}

fn place(file: u16, span: &Span) -> Place {
    let offset = |marker: granit_parser::Marker| marker.byte_offset().unwrap_or(0);
    Place::new(file, offset(span.start)..offset(span.end))
}

fn expects_key(open: &[Open]) -> bool {
    matches!(open.last(), Some(Open::Mapping { key: None, .. }))
}

fn take_key(open: &mut [Open], name: Text, complaints: &mut Complaints) {
    if let Some(Open::Mapping { entries, keys, key, .. }) = open.last_mut() {
        // Most mappings are so small that looking at every key is quicker than a set.
        if entries.len() == FEW {
            keys.extend(entries.iter().map(|(name, _)| name.value.clone()));
        }
        let is_new = if entries.len() < FEW {
            entries.iter().all(|(other, _)| *other != name)
        } else {
            keys.insert(name.value.clone())
        };
        if !is_new {
            complaints.push(
                Complaint::error("duplicate-key", name.at, format!("`{name}` is here twice"))
                    .help("remove one of the two"),
            );
        }
        *key = Some(name);
    }
}

/// The core schema of YAML 1.2 (section 10.3): `no`, `on` and `yes` are strings.
fn scalar(value: Cow<'_, str>, style: ScalarStyle) -> NodeKind {
    let plain = if style == ScalarStyle::Plain { plain(&value) } else { None };
    plain.unwrap_or_else(|| NodeKind::Text(value.into_owned()))
}

/// What a plain scalar is when it is no text.
fn plain(value: &str) -> Option<NodeKind> {
    match value {
        "" | "~" | "null" | "Null" | "NULL" => return Some(NodeKind::Null),
        "true" | "True" | "TRUE" => return Some(NodeKind::Boolean(true)),
        "false" | "False" | "FALSE" => return Some(NodeKind::Boolean(false)),
        _ => {}
    }
    if !value.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return None;
    }
    let unsigned = value.strip_prefix(['+', '-']).unwrap_or(value);
    if !unsigned.is_empty()
        && unsigned.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(number) = value.parse()
    {
        return Some(NodeKind::Integer(number, value.to_string()));
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        let digits = value.strip_prefix(prefix).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if let Some(number) = digits.and_then(|digits| i64::from_str_radix(digits, radix).ok()) {
            return Some(NodeKind::Integer(number, value.to_string()));
        }
    }
    if unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && unsigned.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        && let Ok(number) = value.parse::<f64>()
        && number.is_finite()
    {
        return Some(NodeKind::Float(number, value.to_string()));
    }
    None
}
