//! TOML into the node tree.

use super::{
    Complaint, Complaints, Node, NodeKind, Place, Text,
    yaml::{DEPTH, too_deep},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Largest file of which every error is collected, in bytes; `toml` keeps half a kilobyte for each.
const EVERY_ERROR: usize = 256 * 1024;

/// Reads a TOML document; `toml` itself refuses duplicate keys and nesting beyond its own limit.
pub(super) fn read(file: u16, source: &str, complaints: &mut Complaints) -> Option<Node> {
    let (table, errors) = if source.len() <= EVERY_ERROR {
        DeTable::parse_recoverable(source)
    } else {
        match DeTable::parse(source) {
            Ok(table) => (table, Vec::new()),
            Err(error) => {
                is_harmless(file, source, &error, complaints);
                return None;
            }
        }
    };
    let mut is_readable = true;
    for error in &errors {
        is_readable &= is_harmless(file, source, error, complaints);
    }
    if !is_readable {
        return None;
    }
    let at = Place::new(file, table.span());
    Some(Node { at, kind: mapping(file, table.get_ref(), 1, complaints)? })
}

/// Complains of an error; whether all else can be read nevertheless.
fn is_harmless(file: u16, source: &str, error: &toml::de::Error, complaints: &mut Complaints) -> bool {
    let range = error.span().unwrap_or(0..0);
    let place = Place::new(file, range.clone());
    let message = error.message();
    let is_duplicate = message.contains("duplicate key");
    complaints.push(if is_duplicate {
        let name = source.get(range).unwrap_or_default();
        Complaint::error("duplicate-key", place, format!("`{name}` is here twice")).help("remove one of the two")
    } else if message.contains("recursion limit") || message.contains("cannot recurse") {
        too_deep(place)
    } else {
        Complaint::error("syntax", place, format!("this is not TOML: {message}"))
    });
    is_duplicate
}

fn mapping(file: u16, table: &DeTable<'_>, depth: usize, complaints: &mut Complaints) -> Option<NodeKind> {
    let entries = table
        .iter()
        .map(|(key, value)| {
            let name = Text::new(key.get_ref().as_ref(), Place::new(file, key.span()));
            Some((name, node(file, value, depth, complaints)?))
        })
        .collect::<Option<Vec<_>>>()?;
    Some(NodeKind::Mapping(entries))
}

fn node(file: u16, value: &Spanned<DeValue<'_>>, depth: usize, complaints: &mut Complaints) -> Option<Node> {
    let at = Place::new(file, value.span());
    if depth > DEPTH {
        complaints.push(too_deep(at));
        return None;
    }
    let kind = match value.get_ref() {
        DeValue::String(text) => NodeKind::Text(text.to_string()),
        DeValue::Boolean(value) => NodeKind::Boolean(*value),
        DeValue::Datetime(value) => NodeKind::Text(value.to_string()),
        DeValue::Integer(number) => {
            let Ok(value) = i64::from_str_radix(number.as_str(), number.radix()) else {
                complaints.push(Complaint::error("wrong-type", at, "this number is too large"));
                return None;
            };
            NodeKind::Integer(value, number.as_str().to_string())
        }
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(value) if value.is_finite() => NodeKind::Float(value, number.as_str().to_string()),
            _ => {
                complaints.push(Complaint::error("wrong-type", at, "this number is not finite"));
                return None;
            }
        },
        DeValue::Array(items) => {
            let items = items.iter().map(|item| node(file, item, depth + 1, complaints)).collect::<Option<Vec<_>>>()?;
            NodeKind::Sequence(items)
        }
        DeValue::Table(table) => mapping(file, table, depth + 1, complaints)?,
    };
    Some(Node { at, kind })
}
