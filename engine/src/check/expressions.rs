//! What expressions and templates may be made of: the notation's own filters and tests, no calls, no statements.

use crate::notation::{
    Complaint, Complaints, ExpressionError, FILTERS, Filter, Place, Reference, Sources, TESTS, Text, Used,
};
use std::ops::Range;

/// Complains of an expression or template that does not compile.
pub(super) fn broken(noun: &str, text: &Text, error: &ExpressionError, sources: &Sources, complaints: &mut Complaints) {
    let place = if error.span.is_empty() { text.at } else { sources.inside(text, error.span.clone()) };
    let message = error.message.strip_prefix("syntax error: ").unwrap_or(&error.message);
    let complaint = Complaint::error("expression", place, format!("this {noun} does not compile: {message}"));
    complaints.push(match advice(noun, text) {
        Some(help) => complaint.help(help),
        None => complaint,
    });
}

/// What to do about the mistakes that come from other languages.
fn advice(noun: &str, text: &str) -> Option<String> {
    if noun == "expression" && text.contains("{{") {
        return Some("an expression is written without `{{ }}`".into());
    }
    for (foreign, own) in [("&&", "and"), ("||", "or"), ("===", "=="), ("!", "not")] {
        if text.contains(foreign) && !text.contains("!=") {
            return Some(format!("write `{own}` in place of `{foreign}`"));
        }
    }
    let lone_equals = text.replace("==", "").replace("!=", "").replace("<=", "").replace(">=", "").contains('=');
    lone_equals.then(|| "write `==` to compare".to_string())
}

/// Complains of a filter, test, call or statement that the notation does not have.
pub(super) fn part(text: &Text, used: &Used, sources: &Sources, complaints: &mut Complaints) {
    let last = |name: &str| place_of_last(text, &used.span, name, sources);
    match &used.reference {
        Reference::Value { .. } => {}
        Reference::Filter(name, given) => match Filter::named(name) {
            None => {
                let complaint = Complaint::error("unknown-filter", last(name), format!("unknown filter `{name}`"));
                complaints.push(complaint.suggest(name, FILTERS.iter().map(|filter| filter.name)));
            }
            Some(filter) if filter.arguments != *given => {
                let plural = if filter.arguments == 1 { "" } else { "s" };
                let message =
                    format!("the filter `{name}` takes {} argument{plural}, this has {given}", filter.arguments);
                complaints.push(Complaint::error("filter-arguments", last(name), message).help(filter.summary));
            }
            Some(_) => {}
        },
        Reference::Test(name) => {
            if !TESTS.contains(&name.as_str()) {
                let complaint = Complaint::error("unknown-test", last(name), format!("unknown test `{name}`"));
                complaints.push(complaint.suggest(name, TESTS.iter().copied()));
            }
        }
        Reference::Call(name) => {
            let complaint = Complaint::error(
                "call",
                last(name),
                format!("`{name}()` cannot be called: the notation has no functions"),
            );
            complaints.push(match Filter::named(name) {
                Some(filter) => complaint.help(format!("write it as a filter: `… | {}`", filter.name)),
                None => complaint,
            });
        }
        Reference::Foreign(what) => {
            let place = if used.span.is_empty() {
                sources.within(text.at, "{%")
            } else {
                sources.inside(text, used.span.clone())
            };
            let complaint = Complaint::error("foreign", place, format!("not part of the notation: {what}"));
            complaints.push(if what.contains("statement") {
                complaint.help("a choice is an IF step of its own; there is no loop")
            } else {
                complaint
            });
        }
    }
}

/// The place of the last `name` in a span of a text: a filter stands after what it filters.
fn place_of_last(text: &Text, span: &Range<usize>, name: &str, sources: &Sources) -> Place {
    let start = text.get(span.clone()).and_then(|part| part.rfind(name)).map_or(span.start, |at| span.start + at);
    sources.inside(text, start..(start + name.len()).min(text.len()))
}
