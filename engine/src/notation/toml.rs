//! TOML into the node tree.

use super::{Complaint, Complaints, Node, NodeKind, Place, Text, yaml::DEPTH};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Reads a TOML document; `toml` itself refuses duplicate keys and nesting beyond its own limit.
pub(super) fn read(file: u16, source: &str, complaints: &mut Complaints) -> Option<Node> {
    let (table, errors) = DeTable::parse_recoverable(source);
    for error in &errors {
        let range = error.span().unwrap_or(0..0);
        let message = error.message();
        let code = if message.contains("duplicate key") { "duplicate-key" } else { "syntax" };
        complaints.push(Complaint::error(code, Place::new(file, range), format!("this is not TOML: {message}")));
    }
    if !errors.is_empty() {
        return None;
    }
    let at = Place::new(file, table.span());
    Some(Node { at, kind: mapping(file, table.get_ref(), 1, complaints)? })
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
        complaints.push(Complaint::error("depth", at, format!("nested deeper than {DEPTH} levels")));
        return None;
    }
    let kind = match value.get_ref() {
        DeValue::String(text) => NodeKind::Text(text.to_string()),
        DeValue::Boolean(value) => NodeKind::Boolean(*value),
        DeValue::Datetime(value) => NodeKind::Text(value.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(value) => NodeKind::Integer(value, number.as_str().to_string()),
            Err(_) => {
                complaints.push(Complaint::error("wrong-type", at, "this number is too large"));
                return None;
            }
        },
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
