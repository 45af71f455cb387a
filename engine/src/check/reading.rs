//! Reading expressions and templates where they stand: what they name must mean something there.

use super::{
    devices::Demand,
    expressions,
    scope::{Field, Meaning, RESERVED, Scope, Shape},
    secrets,
    types::Types,
};
use crate::notation::{
    Complaint, Complaints, Expression, Node, NodeKind, Place, Reference, Segment, Template, Text, Used, is_snake,
};
use std::{collections::HashMap, ops::Range};

/// What a template in a value comes to.
#[derive(Clone, Copy)]
pub(super) enum Rendered<'a> {
    /// Text.
    Text,
    /// A single expression, which keeps its type.
    Lone(Shape<'a>),
}

/// The templates of a step's values, by their places.
pub(super) type Templates<'a> = HashMap<Place, Rendered<'a>>;

/// Reads expressions and templates in a scope.
pub(super) struct Reader<'r, 'b, 'a> {
    pub(super) scope: &'r Scope<'b, 'a>,
    pub(super) complaints: &'r mut Complaints,
    pub(super) demands: &'r mut Vec<Demand<'a>>,
}

impl<'a> Reader<'_, '_, 'a> {
    /// A sentence that people read.
    pub(super) fn sentence(&mut self, text: &Text) {
        if is_template(text) {
            self.template(text, true);
        }
    }

    /// An expression that must be true or false.
    pub(super) fn condition(&mut self, text: &Text) {
        let expression = match Expression::parse(text) {
            Ok(expression) => expression,
            Err(error) => {
                let sources = self.scope.book.sources;
                return expressions::broken("expression", text, &error, sources, self.complaints);
            }
        };
        let whole = text.trim();
        for used in expression.used() {
            let shape = self.used(text, &used);
            if let Some(types) = shape.map(Shape::types)
                && text.get(used.span.clone()) == Some(whole)
                && !types.meets(Types::BOOLEAN)
            {
                let message = format!("a condition must be true or false, `{whole}` is {}", types.noun());
                let place = self.scope.book.sources.inside(text, used.span);
                self.complaints
                    .push(Complaint::error("condition", place, message).help("compare it with something: `… == …`"));
            }
        }
    }

    /// Every template in a value.
    pub(super) fn value(&mut self, node: &Node, templates: &mut Templates<'a>) {
        match &node.kind {
            NodeKind::Text(text) if is_template(text) => {
                let rendered = self.template(&Text::new(text.as_str(), node.at), false);
                templates.insert(node.at, rendered);
            }
            NodeKind::Sequence(items) => items.iter().for_each(|item| self.value(item, templates)),
            NodeKind::Mapping(entries) if !secrets::is_secret(node) => {
                for (_, node) in entries {
                    self.value(node, templates);
                }
            }
            _ => {}
        }
    }

    fn template(&mut self, text: &Text, is_sentence: bool) -> Rendered<'a> {
        let template = match Template::parse(text) {
            Ok(template) => template,
            Err(error) => {
                let sources = self.scope.book.sources;
                expressions::broken("text", text, &error, sources, self.complaints);
                return Rendered::Lone(Shape::Anything);
            }
        };
        let is_shown = is_sentence || !template.is_lone();
        let expressions = template.expressions();
        let mut lone = Shape::Anything;
        for used in template.used() {
            let Some(shape) = self.used(text, &used) else { continue };
            if !expressions.contains(&used.span) {
                continue;
            }
            lone = shape;
            if is_shown && !shape.types().meets(Types::SHOWN) {
                self.not_shown(text, used.span, shape);
            }
        }
        if template.is_lone() { Rendered::Lone(lone) } else { Rendered::Text }
    }

    /// Complains of a value that cannot be shown in a sentence.
    fn not_shown(&mut self, text: &Text, span: Range<usize>, shape: Shape<'a>) {
        let book = self.scope.book;
        let name = text.get(span.clone()).unwrap_or_default();
        let place = book.sources.inside(text, span.clone());
        self.complaints.push(if shape.types().meets(Types::ARRAY) {
            Complaint::error("not-text", place, format!("`{name}` is a list and cannot be shown in a sentence"))
                .help(format!("write `{{{{ {name} | join(', ') }}}}`"))
        } else if shape.types().meets(Types::OBJECT) {
            let fields: Vec<String> =
                shape.fields(book).into_iter().take(12).map(|field| format!("`{name}.{field}`")).collect();
            let complaint = Complaint::error("not-text", place, format!("`{name}` has several values"));
            if fields.is_empty() { complaint } else { complaint.help(format!("name one: {}", fields.join(", "))) }
        } else {
            return;
        });
    }

    /// Something that an expression uses; the shape of a value.
    fn used(&mut self, text: &Text, used: &Used) -> Option<Shape<'a>> {
        let Reference::Value { path, guarded } = &used.reference else {
            expressions::part(text, used, self.scope.book.sources, self.complaints);
            return None;
        };
        self.path(text, &used.span, path, *guarded)
    }

    /// What a path names; nothing when it was complained of.
    fn path(&mut self, text: &Text, span: &Range<usize>, path: &[Segment], guarded: bool) -> Option<Shape<'a>> {
        let book = self.scope.book;
        let (Segment::Name(root), rest) = path.split_first()? else { return None };
        let mut spelling = Spelling { text, at: span.start, end: span.end };
        let root_span = spelling.next(root);
        // Places are only looked for when there is something to complain of: it takes time.
        let place = || book.sources.inside(text, root_span.clone());
        let mut shape = match self.scope.meaning(root) {
            Meaning::Value(shape) => shape,
            Meaning::Later(named) | Meaning::OtherBranch(named) if matches!(named.shape, Shape::Secret) => {
                Shape::Secret
            }
            Meaning::Later(named) => {
                let line = book.sources.line(named.id.at);
                let message = format!("`{root}` has no value yet");
                let help = if self.scope.own == Some(named.id.at) {
                    "this very step sets it".to_string()
                } else {
                    format!("only a later step sets it, at line {line}")
                };
                self.complaints.push(if guarded {
                    Complaint::warning("value-too-early", place(), format!("`{root}` is never defined here")).help(help)
                } else {
                    Complaint::error("value-too-early", place(), message).help(help)
                });
                return None;
            }
            Meaning::OtherBranch(named) => {
                if !guarded {
                    let help = format!("only another branch sets it, at line {}", book.sources.line(named.id.at));
                    let message = format!("`{root}` has no value here");
                    self.complaints.push(Complaint::error("value-too-early", place(), message).help(help));
                }
                return None;
            }
            Meaning::Unknown => {
                self.unknown(root, place());
                return None;
            }
        };
        let mut known = root.clone();
        for segment in rest {
            match shape {
                Shape::Secret => break,
                Shape::Nothing => {
                    self.complaints.push(no_value(&known, place()));
                    return None;
                }
                _ => {}
            }
            shape = match segment {
                Segment::Name(name) => {
                    let name_span = spelling.next(name);
                    let field = match shape.field(name, book) {
                        Field::Known(field) => field,
                        wrong => {
                            self.no_field(shape, wrong, &known, name, book.sources.inside(text, name_span));
                            return None;
                        }
                    };
                    if is_snake(name) {
                        known.push('.');
                        known.push_str(name);
                    } else {
                        known.push_str("['");
                        known.push_str(name);
                        known.push_str("']");
                    }
                    field
                }
                Segment::Computed => {
                    if matches!(shape, Shape::Devices) {
                        self.demand(text, span);
                    }
                    let item = shape.item();
                    let Ok(item) = item else {
                        let types = item.err().unwrap_or(Types::ANY);
                        let message = format!("`{known}` is {} and has no items", types.noun());
                        self.complaints.push(Complaint::error("unknown-field", place(), message));
                        return None;
                    };
                    known.push_str("[…]");
                    item
                }
            };
        }
        match shape {
            Shape::Secret => {
                self.complaints.push(secrets::shown(&known, book.sources.inside(text, span.clone())));
                None
            }
            Shape::Nothing => {
                self.complaints.push(no_value(&known, place()));
                None
            }
            shape => Some(shape),
        }
    }

    /// Complains of a member that a value does not have.
    fn no_field(&mut self, shape: Shape<'a>, wrong: Field<'a>, of: &str, name: &str, place: Place) {
        match wrong {
            Field::Known(_) => {}
            Field::NoObject(types) => {
                let message = format!("`{of}` is {} and has no `{name}`", types.noun());
                let complaint = Complaint::error("unknown-field", place, message);
                let is_device = is_snake(of) && matches!(name, "serial" | "kind");
                self.complaints.push(if is_device && types.meets(Types::STRING) {
                    complaint.help(format!("for a device of that name write `devices[{of}].{name}`"))
                } else {
                    complaint
                });
            }
            Field::Absent(known) => {
                let (code, message) = match shape {
                    Shape::Inputs => ("unknown-input", format!("unknown input `{name}`")),
                    Shape::Devices => ("unknown-device", format!("unknown device `{name}`")),
                    Shape::Participants => ("unknown-participant", format!("unknown participant `{name}`")),
                    _ => ("unknown-field", format!("`{of}` has no `{name}`")),
                };
                let complaint = Complaint::error(code, place, message);
                let dashed = |known: &&str| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'));
                let hyphen = known.iter().find(|known| matches!(shape, Shape::Devices) && dashed(known));
                self.complaints.push(match hyphen {
                    Some(device) => complaint.help(format!("write `devices['{device}']`: a `-` subtracts")),
                    None => complaint.suggest(name, known),
                });
            }
        }
    }

    fn unknown(&mut self, name: &str, place: Place) {
        let complaint = Complaint::error("unknown-value", place, format!("there is no value `{name}` here"));
        self.complaints.push(match self.scope.longer(name) {
            Some(longer) => complaint.help(format!("did you mean `{longer}`?")),
            None => complaint.suggest(name, self.scope.names()),
        });
    }

    /// `devices[take]`: what is given for the take must name a device.
    fn demand(&mut self, text: &Text, span: &Range<usize>) {
        let Some(section) = self.scope.section else { return };
        let Some(inner) = text.get(span.clone()).and_then(|path| path.strip_prefix("devices")) else { return };
        let Some(inner) = inner.trim_start().strip_prefix('[').and_then(|rest| rest.split(']').next()) else { return };
        if let Some((take, _)) = self.scope.book.chapters[section].takes.get_key_value(inner.trim()) {
            let at = self.scope.book.sources.inside(text, span.clone());
            self.demands.push(Demand { section, take, kind: "", at });
        }
    }
}

fn no_value(name: &str, place: Place) -> Complaint {
    Complaint::error("no-outputs", place, format!("`{name}` has no value: its step puts nothing out"))
}

/// Whether a text is more than text.
pub(super) fn is_template(text: &str) -> bool {
    text.contains('{') && ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))
}

/// The names of a path one after the other, in bytes of its source.
struct Spelling<'t> {
    text: &'t str,
    at: usize,
    end: usize,
}

impl Spelling<'_> {
    fn next(&mut self, name: &str) -> Range<usize> {
        let found = self.text.get(self.at..self.end).and_then(|rest| rest.find(name));
        let Some(found) = found else { return self.at..self.end };
        let start = self.at + found;
        self.at = start + name.len();
        start..self.at
    }
}

/// Whether a name means something everywhere and so can name nothing else.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
        || matches!(name, "true" | "false" | "none" | "not" | "and" | "or" | "in" | "is" | "if" | "else")
}
