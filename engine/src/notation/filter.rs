//! The filters and tests that expressions may use: few, pure, and the same for an auditor years later.

use super::LARGEST;
use serde_json::Value;

/// Longest text that expressions and templates make, in bytes.
const LONGEST: usize = 1024 * 1024;

/// A filter: its name, its arguments, what it does.
pub struct Filter {
    /// The name after `|`.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arguments: usize,
    /// What it does, in one line.
    pub summary: &'static str,
    apply: fn(&Value, &[Value]) -> Result<Value, String>,
}

impl Filter {
    /// The filter with that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        FILTERS.iter().find(|filter| filter.name == name)
    }

    /// Applies the filter; the error says what is wrong with the value or the arguments.
    pub fn apply(&self, value: &Value, arguments: &[Value]) -> Result<Value, String> {
        if arguments.len() == self.arguments {
            let applied = (self.apply)(value, arguments)?;
            if let (Some(after), before) = (applied.as_str(), value.as_str().map_or(0, str::len))
                && after.len() > before
            {
                within_limit(after.len())?;
            }
            Ok(applied)
        } else {
            Err(format!("filter `{}` takes {} arguments, not {}", self.name, self.arguments, arguments.len()))
        }
    }
}

/// Every filter.
pub const FILTERS: &[Filter] = &[
    Filter {
        name: "zero_pad",
        arguments: 1,
        summary: "a number or text, padded with zeros on the left to a width",
        apply: zero_pad,
    },
    Filter { name: "words", arguments: 0, summary: "the bytes of a hex text as PGP words", apply: words },
    Filter { name: "lower", arguments: 0, summary: "in lower case", apply: |v, _| Ok(text(v)?.to_lowercase().into()) },
    Filter { name: "upper", arguments: 0, summary: "in upper case", apply: |v, _| Ok(text(v)?.to_uppercase().into()) },
    Filter {
        name: "trim",
        arguments: 0,
        summary: "without space at either end",
        apply: |v, _| Ok(text(v)?.trim().into()),
    },
    Filter {
        name: "replace",
        arguments: 2,
        summary: "every occurrence of the first argument replaced by the second",
        apply: replace,
    },
    Filter { name: "join", arguments: 1, summary: "the items of a list, with the argument between them", apply: join },
    Filter { name: "length", arguments: 0, summary: "how many characters or items", apply: length },
    Filter {
        name: "first",
        arguments: 0,
        summary: "the first item of a list",
        apply: |v, _| item(v, <[Value]>::first),
    },
    Filter { name: "last", arguments: 0, summary: "the last item of a list", apply: |v, _| item(v, <[Value]>::last) },
    Filter { name: "string", arguments: 0, summary: "as text", apply: |v, _| Ok(text(v)?.into()) },
    Filter { name: "int", arguments: 0, summary: "text of digits as a number", apply: int },
];

/// Every test that may follow `is`.
pub const TESTS: &[&str] = &["defined", "undefined", "none", "true", "false", "number", "string"];

/// Refuses a text that is longer than any should be, before there is one.
pub(super) fn within_limit(length: usize) -> Result<(), String> {
    if length > LONGEST { Err("this text grows beyond 1 MiB".into()) } else { Ok(()) }
}

/// How much a value holds, in bytes; what every item costs is counted too.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 8,
        Value::Array(items) => items.iter().map(size).fold(8, usize::saturating_add),
        Value::Object(fields) => {
            fields.iter().map(|(key, field)| key.len() + 8 + size(field)).fold(8, usize::saturating_add)
        }
        _ => 8,
    }
}

/// The value as it appears in a sentence.
pub(super) fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Null => Err("nothing cannot be shown as text".into()),
        Value::Array(_) => Err("a list cannot be shown as text; use `| join(', ')`".into()),
        Value::Object(fields) => {
            let names: Vec<&str> = fields.keys().map(String::as_str).collect();
            Err(format!("this has several values, name one of them: {}", names.join(", ")))
        }
    }
}

fn zero_pad(value: &Value, arguments: &[Value]) -> Result<Value, String> {
    let width = arguments[0].as_u64().filter(|width| *width <= 64).ok_or("`zero_pad` takes a width up to 64")?;
    let width = usize::try_from(width).map_err(|error| error.to_string())?;
    Ok(format!("{:0>width$}", text(value)?).into())
}

fn replace(value: &Value, arguments: &[Value]) -> Result<Value, String> {
    let (whole, old, new) = (text(value)?, text(&arguments[0])?, text(&arguments[1])?);
    let count = whole.matches(old.as_str()).count();
    within_limit((whole.len() - count * old.len()).saturating_add(count.saturating_mul(new.len())))?;
    Ok(whole.replace(&old, &new).into())
}

fn words(value: &Value, _: &[Value]) -> Result<Value, String> {
    let bytes = hex::decode(text(value)?).map_err(|_| "`words` takes text in hex".to_string())?;
    // A word has at most eleven letters, and a space goes before it.
    within_limit(bytes.len().saturating_mul(12))?;
    Ok(crate::record::words(&bytes).into())
}

fn join(value: &Value, arguments: &[Value]) -> Result<Value, String> {
    let items = value.as_array().ok_or("`join` takes a list")?;
    let between = text(&arguments[0])?;
    let mut joined = String::new();
    for (index, item) in items.iter().enumerate() {
        let item = text(item)?;
        let between = if index == 0 { "" } else { between.as_str() };
        within_limit(joined.len().saturating_add(between.len()).saturating_add(item.len()))?;
        joined.push_str(between);
        joined.push_str(&item);
    }
    Ok(joined.into())
}

fn length(value: &Value, _: &[Value]) -> Result<Value, String> {
    match value {
        Value::String(text) => Ok(text.chars().count().into()),
        Value::Array(items) => Ok(items.len().into()),
        _ => Err("`length` takes text or a list".into()),
    }
}

fn item(value: &Value, pick: fn(&[Value]) -> Option<&Value>) -> Result<Value, String> {
    let items = value.as_array().ok_or("this filter takes a list")?;
    pick(items).cloned().ok_or_else(|| "the list is empty".into())
}

fn int(value: &Value, _: &[Value]) -> Result<Value, String> {
    let number: i64 = text(value)?.trim().parse().map_err(|_| "`int` takes text of digits".to_string())?;
    exact(number).ok_or_else(|| format!("this number is beyond {LARGEST}"))
}

/// A whole number that the record holds exactly.
pub(super) fn exact(number: i64) -> Option<Value> {
    (number.unsigned_abs() <= LARGEST).then(|| number.into())
}
