//! The bytes that are signed: OLPC canonical JSON (<https://wiki.laptop.org/go/Canonical_JSON>), as python-tuf and go-tuf write it.

use memchr::memchr2;
use serde_json::{Map, Value};
use std::fmt::Write;

/// The canonical form: keys in the order of their code points, no space, and in text only `"` and `\` escaped.
///
/// Text is taken as it is. The page above asks for Unicode's form C, to which `tough` brings text and python-tuf does not: what
/// is not in that form has two canonical forms, and is reported by whoever verifies.
pub(crate) fn canonical(value: &Value) -> Vec<u8> {
    let mut text = String::new();
    write(&mut text, value);
    text.into_bytes()
}

/// The canonical form of an object.
pub(super) fn canonical_object(entries: &Map<String, Value>) -> Vec<u8> {
    let mut text = String::new();
    object(&mut text, entries);
    text.into_bytes()
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Value::String(text) => quoted(out, text),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(out, item);
            }
            out.push(']');
        }
        Value::Object(entries) => object(out, entries),
    }
}

fn object(out: &mut String, entries: &Map<String, Value>) {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_unstable_by_key(|(name, _)| *name);
    out.push('{');
    for (at, (name, value)) in entries.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        quoted(out, name);
        out.push(':');
        write(out, value);
    }
    out.push('}');
}

/// Text between quotation marks.
pub(crate) fn quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = memchr2(b'"', b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        out.push('\\');
        out.push_str(&rest[at..=at]);
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::canonical;
    use serde::Serialize;
    use serde_json::{Value, json};

    fn by_olpc_cjson(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, olpc_cjson::CanonicalFormatter::new());
        value.serialize(&mut serializer).unwrap();
        bytes
    }

    #[test]
    fn the_canonical_form_is_that_of_olpc_cjson_where_text_is_in_form_c() {
        let value = json!({
            "b": [1, -2, u64::MAX, null, true, false, [], {}],
            "a": "quote \" backslash \\ slash / line\nfeed tab\t bell\u{7} é 日本 😀",
            "é": {"z": 1, "a\"": 2, "a": 3, "aa": 4, "A": 5},
            "": "",
        });
        assert_eq!(canonical(&value), by_olpc_cjson(&value));
    }
}
