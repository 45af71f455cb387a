//! Where secrets may be named: as `{ secret: NAME }`, for an argument that takes one, in the section that asked for it.

use super::{
    devices::lone_name,
    schema::Schema,
    scope::{Meaning, Scope, Shape},
};
use crate::{
    conduct::Handler,
    notation::{Complaint, Complaints, Node, NodeKind, Place, Text},
};

/// Whether a value is written as a secret's name.
pub(super) fn is_secret(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Mapping(entries) if entries.len() == 1 && entries[0].0.as_str() == "secret")
}

/// A secret that an expression would show.
pub(super) fn shown(name: &str, place: Place) -> Complaint {
    Complaint::error(
        "secret-misplaced",
        place,
        format!("`{name}` is a secret and cannot be shown, compared or passed on"),
    )
    .help("a secret is only named as `{ secret: NAME }`, for an argument that takes one")
}

/// Complains of every `{ secret: … }` in a value where none may be.
pub(super) fn refuse(node: &Node, complaints: &mut Complaints) {
    if is_secret(node) {
        complaints.push(misplaced(node.at));
        return;
    }
    match &node.kind {
        NodeKind::Sequence(items) => items.iter().for_each(|item| refuse(item, complaints)),
        NodeKind::Mapping(entries) => entries.iter().for_each(|(_, node)| refuse(node, complaints)),
        _ => {}
    }
}

/// `{ secret: … }` where no secret may be.
pub(super) fn misplaced(place: Place) -> Complaint {
    Complaint::error("secret-misplaced", place, "a secret is used where no secret may be")
        .help("only a step handler's argument for a secret takes one")
}

/// Complains of an argument that takes a secret and is given something else, or a secret that there is none of.
pub(super) fn argument(
    name: &str,
    node: &Node,
    schema: Schema<'_>,
    handler: &Handler,
    scope: &Scope<'_, '_>,
    complaints: &mut Complaints,
) {
    if !schema.takes_secret() {
        complaints.push(misplaced(node.at));
        return;
    }
    let meant = |text: &str| lone_name(text).is_some_and(|name| is_unknown(scope, &name));
    if node.text().is_some_and(meant) {
        return;
    }
    let Some(secret) = node.secret() else {
        let message = format!("`{name}` takes the name of a secret");
        let meant = node.text().map(|text| lone_name(text).unwrap_or_else(|| text.to_string()));
        let meant = meant.filter(|name| is_set(scope, name) || handler.known_secrets.contains(&name.as_str()));
        let help = format!("write `{{ secret: {} }}`", meant.as_deref().unwrap_or("NAME"));
        complaints.push(Complaint::error("wrong-type", node.at, message).help(help));
        return;
    };
    if !handler.known_secrets.contains(&secret.as_str()) {
        named(&secret, handler, scope, complaints);
    }
}

fn named(secret: &Text, handler: &Handler, scope: &Scope<'_, '_>, complaints: &mut Complaints) {
    let sources = scope.book.sources;
    let too_early = |help: String| {
        Complaint::error("value-too-early", secret.at, format!("there is no secret `{secret}` yet")).help(help)
    };
    let complaint = match scope.meaning(secret) {
        Meaning::Value(Shape::Secret | Shape::Unknown) => return,
        Meaning::Value(_) => Complaint::error("unknown-secret", secret.at, format!("`{secret}` is not a secret"))
            .help("name a step that asks for a secret, by its `id`"),
        Meaning::Later(named) => too_early(format!("only a later step sets it, at line {}", sources.line(named.id.at))),
        Meaning::OtherBranch(named) => {
            too_early(format!("only another branch sets it, at line {}", sources.line(named.id.at)))
        }
        Meaning::Unknown => {
            let mut known = scope.ids();
            known.retain(|name| is_set(scope, name));
            known.extend(handler.known_secrets);
            Complaint::error("unknown-secret", secret.at, format!("there is no secret `{secret}` here"))
                .suggest(secret, known)
        }
    };
    complaints.push(complaint);
}

fn is_unknown(scope: &Scope<'_, '_>, name: &str) -> bool {
    matches!(scope.meaning(name), Meaning::Value(Shape::Unknown))
}

fn is_set(scope: &Scope<'_, '_>, name: &str) -> bool {
    matches!(scope.meaning(name), Meaning::Value(Shape::Secret))
}
