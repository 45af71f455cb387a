//! What means nothing where it stands: arguments for nobody, names of nothing, braces in texts that are not rendered.

use super::{
    book::{Book, each},
    reading::is_template,
    scope::Shape,
    types::Types,
};
use crate::notation::{Complaint, Complaints, Do, GoTo, Level, StepKind, Text};

/// Complains of what means nothing.
pub(super) fn check(book: &Book<'_>, complaints: &mut Complaints) {
    let runbook = book.runbook;
    let plain = |key: &str, text: Option<&Text>, complaints: &mut Complaints| plain(book, key, text, complaints);
    plain("title", Some(&runbook.title), complaints);
    plain("note", runbook.note.as_ref(), complaints);
    for input in runbook.inputs.values() {
        plain("prompt", input.prompt.as_ref(), complaints);
    }
    for chapter in &book.chapters {
        if complaints.full() {
            return;
        }
        plain("title", Some(&chapter.section.title), complaints);
        plain("note", chapter.section.note.as_ref(), complaints);
        each(&chapter.section.steps, &mut |step| match &step.kind {
            StepKind::Do(act) => {
                plain("note", act.note.as_ref(), complaints);
                do_(book, act, complaints);
            }
            StepKind::GoTo(step) => {
                plain("note", step.note.as_ref(), complaints);
                go_to(book, step, complaints);
            }
            StepKind::If(condition) => plain("note", condition.note.as_ref(), complaints),
            StepKind::End(end) => plain("note", end.note.as_ref(), complaints),
        });
    }
}

fn do_(book: &Book<'_>, act: &Do, complaints: &mut Complaints) {
    let handler = act.uses.as_ref().map(|uses| (uses, book.handler(uses)));
    if let (None, Some((name, _))) = (handler, act.with.first()) {
        let complaint = Complaint::error("with-without-uses", name.at, "arguments for no step handler");
        complaints.push(complaint.help("name the handler with `uses:`"));
    }
    if let (Some((uses, Some(handler))), None) = (handler, &act.id)
        && handler.handler.yields_secret
        // One that is only compared with another need not be kept.
        && !act.with.values().any(|value| value.secret().is_some())
    {
        let message = format!("`{uses}` keeps a secret, and this step has no `id` to name it by");
        complaints.push(Complaint::error("no-id", uses.at, message).help("add `id: …` to the step"));
    }
    if let Some(id) = &act.id {
        let why = match handler {
            None => "this step has no handler whose outputs it could name".to_string(),
            Some((uses, Some(handler))) if !handler.handler.yields_secret && handler.outputs.types() == Types::NULL => {
                format!("`{uses}` puts nothing out")
            }
            _ => String::new(),
        };
        if !why.is_empty() {
            complaints.push(Complaint::warning("names-nothing", id.at, format!("`{id}` names nothing: {why}")));
        }
    }
    if let Some(on_failure) = &act.on_failure
        && on_failure.section.is_none()
        && let Some((name, _)) = on_failure.with.first()
    {
        let message = "values for no section";
        complaints.push(Complaint::error("with-without-go-to", name.at, message).help("name the remedy with `go_to:`"));
    }
}

fn go_to(book: &Book<'_>, step: &GoTo, complaints: &mut Complaints) {
    let Some(to) = book.find(&step.section) else { return };
    if let Some(id) = &step.id
        && !book.chapters[to].named.values().any(|named| !matches!(named.shape, Shape::Nothing))
    {
        let message = format!("`{id}` names nothing: no step of `{}` has an `id`", step.section);
        complaints.push(Complaint::warning("names-nothing", id.at, message));
    }
    if step.text.is_some() {
        return;
    }
    let unused = [("sign_off", step.sign_off.first()), ("by", step.by.as_ref())];
    for (key, text) in unused.into_iter().filter_map(|(key, text)| Some((key, text?))) {
        let message = format!("`{key}` means nothing for a GO TO without `do`");
        complaints.push(Complaint::warning("no-effect", text.at, message));
    }
    if step.level != Level::Must {
        let message = format!("`level: {}` means nothing for a GO TO without `do`", step.level.word());
        let complaint = Complaint::warning("no-effect", step.section.at, message);
        complaints.push(complaint.help("say in a `do:` what may be skipped"));
    }
}

/// A text that is shown as it is written.
fn plain(book: &Book<'_>, key: &str, text: Option<&Text>, complaints: &mut Complaints) {
    let Some(text) = text.filter(|text| is_template(text)) else { return };
    let start = text.find("{{").or_else(|| text.find("{%")).unwrap_or_default();
    let end = text[start..].find('}').map_or(text.len(), |at| (start + at + 2).min(text.len()));
    let place = if text.is_char_boundary(end) { book.sources.inside(text, start..end) } else { text.at };
    let message = format!("a `{key}` is shown as it is written, braces and all");
    complaints.push(Complaint::warning("not-rendered", place, message).help("write it without `{{ }}`"));
}
