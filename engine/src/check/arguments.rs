//! A step handler's arguments against the JSON Schema of its types.

use super::{
    devices::{self, Demand, lone_name},
    reading::{Rendered, Templates},
    schema::{Schema, Signed},
    scope::Scope,
    secrets,
    types::Types,
};
use crate::notation::{Complaint, Complaints, Map, Node, NodeKind, Pattern, PatternError, Place, Text};
use serde_json::Value;

/// What is checked against a schema, and where it stands.
pub(super) struct Arguments<'r, 'b, 'a> {
    pub(super) handler: Signed<'a>,
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
        let what = format!("`{}`", self.handler.handler.name);
        self.object(&what, "argument", &entries, uses, self.handler.arguments, complaints);
    }

    /// `rehearse.outputs` of a step that uses the handler.
    pub(super) fn outputs(&mut self, node: &Node, complaints: &mut Complaints) {
        let schema = self.handler.outputs;
        if schema.types() == Types::NULL || self.handler.handler.yields_secret {
            let message = format!("`{}` puts nothing out", self.handler.handler.name);
            complaints.push(Complaint::error("rehearse", node.at, message));
            return;
        }
        let NodeKind::Mapping(entries) = &node.kind else {
            let message = format!("`outputs` must be a mapping, this is {}", node.noun());
            complaints.push(Complaint::error("wrong-type", node.at, message));
            return;
        };
        let entries: Vec<Entry<'_>> = entries.iter().map(|(name, node)| (name, node)).collect();
        let what = format!("`{}`", self.handler.handler.name);
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
        let is_open = schemas.iter().any(|it| it.is_open());
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
        for choice in schema.alternatives().filter(|it| it.types().meets(Types::OBJECT)) {
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
                secrets::argument(name, node, schema, self.handler.handler, self.scope, complaints);
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
        if let Some((names, alone)) = schema.list_of() {
            return self.names(what, text, node, names, alone, complaints);
        }
        let length = text.chars().count();
        let [fewest, most] = schema.lengths();
        if let Some(least) = fewest.filter(|least| length < *least) {
            let message = format!("{what} needs at least {least} characters, this has {length}");
            complaints.push(Complaint::error("wrong-value", node.at, message));
        }
        if let Some(most) = most.filter(|most| length > *most) {
            let message = format!("{what} has at most {most} characters, this has {length}");
            complaints.push(Complaint::error("wrong-value", node.at, message));
        }
        if let Some(pattern) = schema.pattern()
            && regex_lite::Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(text))
        {
            let message = format!("{what} does not match `{pattern}`");
            complaints.push(Complaint::error("wrong-value", node.at, message));
        }
        let is_pattern = what == "`pattern`" || schema.format() == "regex";
        if is_pattern {
            regex(text, node.at, complaints);
        }
    }

    /// A list of names as text, with commas between them, or one of the words that stand alone.
    fn names(
        &self,
        what: &str,
        text: &str,
        node: &Node,
        names: &[String],
        alone: &[String],
        complaints: &mut Complaints,
    ) {
        let is_in = |list: &[String], name: &str| list.iter().any(|known| known == name);
        if is_in(alone, text.trim()) {
            return;
        }
        let whole = Text::new(text, node.at);
        let mut start = 0;
        for part in text.split(',') {
            let (name, begins) = (part.trim(), start + (part.len() - part.trim_start().len()));
            start += part.len() + 1;
            if complaints.full() {
                return;
            }
            if is_in(names, name) {
                continue;
            }
            if name.is_empty() {
                let message = format!("{what} has nothing where a name should be");
                complaints.push(Complaint::error("wrong-value", node.at, message).help("remove a comma"));
                continue;
            }
            let place = self.scope.book.sources.inside(&whole, begins..begins + name.len());
            if is_in(alone, name) {
                let message = format!("`{name}` stands alone or not at all");
                complaints.push(Complaint::error("wrong-value", place, message));
                continue;
            }
            let message = format!("{what} cannot be `{name}`");
            let known = names.iter().chain(alone).map(String::as_str);
            complaints.push(Complaint::error("wrong-value", place, message).suggest(name, known));
        }
    }

    fn list(&mut self, what: &str, items: &[Node], node: &Node, schema: Schema<'a>, complaints: &mut Complaints) {
        let list = schema.leaves().into_iter().find(|it| it.types().meets(Types::ARRAY) && it.items().is_some());
        let Some(list) = list else { return };
        let count = items.len();
        let [fewest, most] = list.counts();
        if let Some(least) = fewest.filter(|least| count < *least) {
            let items = if least == 1 { "item" } else { "items" };
            let message = format!("{what} needs at least {least} {items}, this has {count}");
            complaints.push(Complaint::error("wrong-value", node.at, message));
        }
        if let Some(most) = most.filter(|most| count > *most) {
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
    if let Err(PatternError { message, help }) = Pattern::new(pattern) {
        complaints.push(Complaint::error("pattern", at, message).help(help));
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
    let fits_items =
        || schema.leaves().into_iter().filter_map(Schema::items).any(|items| items.types().meets(Types::of(node)));
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
    let leaves = schema.leaves();
    let mut numbers = leaves.iter().filter(|it| it.types().meets(Types::INTEGER));
    let schema = match (numbers.next(), numbers.next()) {
        (Some(one), None) => *one,
        _ => schema,
    };
    let [least, most] = schema.bounds();
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
    if !constants.is_empty() && !constants.contains(&Value::from(value)) {
        complaints.push(Complaint::error("wrong-value", node.at, format!("{what} cannot be {value}")));
    }
}
