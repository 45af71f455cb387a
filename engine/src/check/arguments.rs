//! A step handler's arguments against the JSON Schema of its types.

use super::{
    devices::{self, Demand, lone_name},
    reading::{Rendered, Templates},
    schema::{Schema, Types},
    scope::Scope,
    secrets,
};
use crate::{
    conduct::Handler,
    notation::{Complaint, Complaints, Map, Node, NodeKind, Place, Text},
};
use serde_json::Value;

/// What is checked against a schema, and where it stands.
pub(super) struct Arguments<'r, 'b, 'a> {
    pub(super) handler: &'a Handler,
    pub(super) scope: &'r Scope<'b, 'a>,
    /// The templates in the values; outputs that a rehearsal makes up are not rendered and have none.
    pub(super) templates: Option<&'r Templates<'a>>,
    pub(super) demands: &'r mut Vec<Demand<'a>>,
}

/// A named value.
type Entry<'n> = (&'n Text, &'n Node);

impl<'a> Arguments<'_, '_, 'a> {
    /// `with:` of a step that `uses` the handler.
    pub(super) fn with(&mut self, uses: Place, with: &Map<Node>, complaints: &mut Complaints) {
        let entries: Vec<Entry<'_>> = with.iter().collect();
        let what = format!("`{}`", self.handler.name);
        self.object(&what, "argument", &entries, uses, Schema::root(&self.handler.arguments), complaints);
    }

    /// `rehearse.outputs` of a step that uses the handler.
    pub(super) fn outputs(&mut self, node: &Node, complaints: &mut Complaints) {
        let schema = Schema::root(&self.handler.outputs);
        if schema.types() == Types::NULL || self.handler.yields_secret {
            let message = format!("`{}` puts nothing out", self.handler.name);
            complaints.push(Complaint::error("rehearse", node.at, message));
            return;
        }
        let NodeKind::Mapping(entries) = &node.kind else {
            let message = format!("`outputs` must be a mapping, this is {}", node.noun());
            complaints.push(Complaint::error("wrong-type", node.at, message));
            return;
        };
        let entries: Vec<Entry<'_>> = entries.iter().map(|(name, node)| (name, node)).collect();
        let what = format!("`{}`", self.handler.name);
        self.object(&what, "output", &entries, node.at, schema, complaints);
    }

    /// An object: no unknown properties, none missing, each of its type.
    fn object(
        &mut self,
        what: &str,
        noun: &str,
        entries: &[Entry<'_>],
        at: Place,
        schema: Schema<'a>,
        complaints: &mut Complaints,
    ) {
        let chosen = self.chosen(what, noun, entries, at, schema);
        let schemas: Vec<Schema<'a>> = std::iter::once(schema).chain(chosen).collect();
        let is_open = schemas.iter().any(|it| it.is_open() && it.alternatives().is_empty());
        for (name, node) in entries {
            if complaints.full() {
                return;
            }
            let known = schemas.iter().find_map(|it| it.property(name));
            if let Some(known) = known.or_else(|| schemas.iter().find_map(|it| it.others())) {
                self.value(&format!("`{name}`"), node, known, complaints);
            } else if !is_open {
                let complaint = Complaint::error(unknown_code(noun), name.at, format!("{what} has no {noun} `{name}`"));
                let known: Vec<&str> = schemas.iter().flat_map(|it| it.properties().map(|(name, _)| name)).collect();
                complaints.push(if known.is_empty() {
                    complaint.help(format!("it has no {noun}s"))
                } else {
                    complaint.suggest(name, known)
                });
            }
        }
        let is_made_up = self.templates.is_none();
        if is_made_up {
            return;
        }
        let missing: Vec<String> = schemas
            .iter()
            .flat_map(|it| it.required())
            .filter(|name| !entries.iter().any(|(given, _)| given.as_str() == *name))
            .map(|name| format!("`{name}`"))
            .collect();
        if !missing.is_empty() {
            let plural = if missing.len() == 1 { "" } else { "s" };
            let message = format!("{what} needs the {noun}{plural} {}", missing.join(", "));
            let complaint = Complaint::error("missing-argument", at, message);
            complaints.push(if noun == "argument" { complaint.help("give it under `with:`") } else { complaint });
        }
    }

    /// The alternative of an object's schema that fits best; nothing when there is no choice.
    fn chosen(
        &mut self,
        what: &str,
        noun: &str,
        entries: &[Entry<'_>],
        at: Place,
        schema: Schema<'a>,
    ) -> Option<Schema<'a>> {
        let mut best: Option<(usize, Schema<'a>)> = None;
        for choice in schema.alternatives().into_iter().filter(|it| it.types().meets(Types::OBJECT)) {
            let mut aside = Complaints::default();
            let own: Vec<Entry<'_>> =
                entries.iter().copied().filter(|(name, _)| schema.property(name).is_none()).collect();
            self.object(what, noun, &own, at, choice, &mut aside);
            if best.is_none_or(|(fewest, _)| aside.0.len() < fewest) {
                best = Some((aside.0.len(), choice));
            }
        }
        best.map(|(_, choice)| choice)
    }

    /// Any value; `what` names it, with its quotes.
    fn value(&mut self, what: &str, node: &Node, schema: Schema<'a>, complaints: &mut Complaints) {
        let types = schema.types();
        if secrets::is_secret(node) || types.meets(Types::OBJECT) && schema.takes_only_secret() {
            if !(matches!(node.kind, NodeKind::Null) && types.meets(Types::NULL)) {
                let name = what.trim_matches('`');
                secrets::argument(name, node, schema, self.handler, self.scope, complaints);
            }
            return;
        }
        if let Some(rendered) = self.templates.and_then(|templates| templates.get(&node.at)) {
            self.rendered(what, node, *rendered, schema, complaints);
            return;
        }
        if !types.meets(Types::of(node)) {
            complaints.push(wrong_type(what, node, schema));
            return;
        }
        match &node.kind {
            NodeKind::Text(text) => self.text(what, text, node, schema, complaints),
            NodeKind::Integer(value, _) => number(what, *value, node, schema, complaints),
            NodeKind::Sequence(items) => self.list(what, items, node, schema, complaints),
            NodeKind::Mapping(entries) => {
                let entries: Vec<Entry<'_>> = entries.iter().map(|(name, node)| (name, node)).collect();
                self.object(what, "key", &entries, node.at, schema, complaints);
            }
            NodeKind::Null | NodeKind::Boolean(_) | NodeKind::Float(..) => {}
        }
    }

    /// A value that is made when the step is performed.
    fn rendered(
        &mut self,
        what: &str,
        node: &Node,
        rendered: Rendered<'a>,
        schema: Schema<'a>,
        complaints: &mut Complaints,
    ) {
        let types = match rendered {
            Rendered::Text => Types::STRING,
            Rendered::Lone(shape) => shape.types(),
        };
        if !types.meets(schema.types()) {
            let message = format!("{what} must be {}, this is {}", wanted(schema), types.noun());
            let complaint = Complaint::error("wrong-type", node.at, message);
            let is_wanted = |wanted: Types| schema.types().meets(wanted);
            complaints.push(match rendered {
                Rendered::Text => complaint.help("only a single `{{ … }}` by itself keeps its type"),
                Rendered::Lone(_) if is_wanted(Types::STRING) && types.meets(Types::SHOWN) => {
                    complaint.help("write `{{ … | string }}`")
                }
                Rendered::Lone(_) if is_wanted(Types::INTEGER) && types.meets(Types::STRING) => {
                    complaint.help("write `{{ … | int }}`")
                }
                Rendered::Lone(_) => complaint,
            });
            return;
        }
        let (Some(kind), Some(section), Some(text)) = (schema.device(), self.scope.section, node.text()) else {
            return;
        };
        let Some(name) = lone_name(text) else { return };
        if let Some((take, _)) = self.scope.book.chapters[section].takes.get_key_value(name.as_str()) {
            self.demands.push(Demand { section, take, kind, at: node.at });
        }
    }

    fn text(&mut self, what: &str, text: &str, node: &Node, schema: Schema<'a>, complaints: &mut Complaints) {
        if let Some(kind) = schema.device() {
            devices::literal(self.scope.book, text, node, kind, None, complaints);
            return;
        }
        if let Some(words) = schema.words() {
            if !words.contains(&text) {
                let message = format!("{what} cannot be `{text}`");
                complaints.push(Complaint::error("wrong-value", node.at, message).suggest(text, words));
            }
            return;
        }
        let length = text.chars().count();
        if let Some(least) = schema.size("minLength").filter(|least| length < *least) {
            let message = format!("{what} needs at least {least} characters, this has {length}");
            complaints.push(Complaint::error("wrong-value", node.at, message));
        }
        if let Some(most) = schema.size("maxLength").filter(|most| length > *most) {
            let message = format!("{what} has at most {most} characters, this has {length}");
            complaints.push(Complaint::error("wrong-value", node.at, message));
        }
        let pattern = schema.keyword("pattern").and_then(Value::as_str);
        if let Some(pattern) = pattern
            && regex_lite::Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(text))
        {
            let message = format!("{what} does not match `{pattern}`");
            complaints.push(Complaint::error("wrong-value", node.at, message));
        }
        let is_pattern = what == "`pattern`" || schema.keyword("format").and_then(Value::as_str) == Some("regex");
        if is_pattern {
            regex(text, node.at, complaints);
        }
    }

    fn list(&mut self, what: &str, items: &[Node], node: &Node, schema: Schema<'a>, complaints: &mut Complaints) {
        let choices = schema.alternatives();
        let list =
            std::iter::once(schema).chain(choices).find(|it| it.types().meets(Types::ARRAY) && it.items().is_some());
        let Some(list) = list else { return };
        let count = items.len();
        if let Some(least) = list.size("minItems").filter(|least| count < *least) {
            let items = if least == 1 { "item" } else { "items" };
            let message = format!("{what} needs at least {least} {items}, this has {count}");
            complaints.push(Complaint::error("wrong-value", node.at, message));
        }
        if let Some(most) = list.size("maxItems").filter(|most| count > *most) {
            let message = format!("{what} has at most {most} items, this has {count}");
            complaints.push(Complaint::error("wrong-value", node.at, message));
        }
        if let Some(schema) = list.items() {
            let what = format!("an item of {what}");
            for item in items {
                if complaints.full() {
                    return;
                }
                self.value(&what, item, schema, complaints);
            }
        }
    }
}

/// Complains of a pattern that is not a regular expression; answers are matched with it as a whole.
pub(super) fn regex(pattern: &str, at: Place, complaints: &mut Complaints) {
    if let Err(error) = regex_lite::Regex::new(&format!("^(?:{pattern})$")) {
        let message = format!("this is not a regular expression: {error}");
        complaints.push(Complaint::error("pattern", at, message));
    }
}

fn unknown_code(noun: &str) -> &'static str {
    match noun {
        "argument" => "unknown-argument",
        "output" => "unknown-field",
        _ => "unknown-key",
    }
}

/// What a schema wants, in words.
fn wanted(schema: Schema<'_>) -> String {
    let types = schema.types();
    let Some(words) = schema.words().filter(|words| (1..=12).contains(&words.len())) else { return types.noun() };
    let mut wanted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    let others = types.without(Types::STRING.or(Types::NULL));
    if others != Types::NONE {
        wanted.push(others.noun());
    }
    let last = wanted.pop().unwrap_or_default();
    if wanted.is_empty() { last } else { format!("{} or {last}", wanted.join(", ")) }
}

fn wrong_type(what: &str, node: &Node, schema: Schema<'_>) -> Complaint {
    let types = schema.types();
    let message = format!("{what} must be {}, this is {}", wanted(schema), node.noun());
    let complaint = Complaint::error("wrong-type", node.at, message);
    let fits_items = || {
        let lists = std::iter::once(schema).chain(schema.alternatives());
        lists.filter_map(Schema::items).any(|items| items.types().meets(Types::of(node)))
    };
    match &node.kind {
        NodeKind::Integer(..) | NodeKind::Float(..) | NodeKind::Boolean(_)
            if types.meets(Types::STRING) && schema.words().is_none() =>
        {
            complaint.help("put it in quotes")
        }
        NodeKind::Text(text) if types.meets(Types::INTEGER) && text.parse::<i64>().is_ok() => {
            complaint.help("write it without quotes")
        }
        _ if fits_items() => complaint.help("put it in `[ ]`"),
        _ => complaint,
    }
}

/// The bounds of whole numbers: what the schema says, or what the format `uint32` does.
fn number(what: &str, value: i64, node: &Node, schema: Schema<'_>, complaints: &mut Complaints) {
    let format = schema.keyword("format").and_then(Value::as_str).unwrap_or_default();
    let (least, most) = match format {
        "uint8" => (Some(0.0), Some(f64::from(u8::MAX))),
        "uint16" => (Some(0.0), Some(f64::from(u16::MAX))),
        "uint32" => (Some(0.0), Some(f64::from(u32::MAX))),
        "int32" => (Some(f64::from(i32::MIN)), Some(f64::from(i32::MAX))),
        "uint" | "uint64" | "uint128" => (Some(0.0), None),
        _ => (None, None),
    };
    let least = schema.number("minimum").or(least);
    let most = schema.number("maximum").or(most);
    #[allow(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
    let given = value as f64;
    if least.is_some_and(|least| given < least) || most.is_some_and(|most| given > most) {
        let range = match (least, most) {
            (Some(least), Some(most)) => format!("from {least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            (None, Some(most)) => format!("at most {most}"),
            (None, None) => return,
        };
        complaints.push(Complaint::error("wrong-value", node.at, format!("{what} must be {range}, this is {value}")));
    }
    let constants = schema.constants();
    if !constants.is_empty() && !constants.contains(&&Value::from(value)) {
        complaints.push(Complaint::error("wrong-value", node.at, format!("{what} cannot be {value}")));
    }
}
