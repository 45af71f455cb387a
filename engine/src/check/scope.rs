//! What can be named at a point of the runbook, and what is known of it.

use super::{
    book::{Book, Named},
    schema::{Member, Schema},
    types::Types,
};
use crate::notation::{InputType, Place, Text};
use std::collections::HashSet;

/// The names that mean something everywhere.
pub(super) const RESERVED: [&str; 3] = ["inputs", "devices", "participants"];

/// What is known of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape<'a> {
    /// Nothing is known.
    Anything,
    /// What a step handler that there is none of would put out.
    Unknown,
    /// There is no value: a step without outputs was named.
    Nothing,
    /// A secret.
    Secret,
    /// What a handler puts out.
    Schema(Schema<'a>),
    /// All that a section's steps named, by the section's index.
    Group(usize),
    /// A value of these types without members.
    Leaf(Types),
    Inputs,
    Devices,
    Device,
    Participants,
    Participant,
}

/// What a shape says of one of its members.
pub(super) enum Field<'a> {
    Known(Shape<'a>),
    /// It is not there; these are.
    Absent(Vec<&'a str>),
    /// The value has no members; it is of these types.
    NoObject(Types),
}

impl<'a> Shape<'a> {
    /// The types that the value can have.
    pub(super) fn types(self) -> Types {
        match self {
            Self::Anything | Self::Unknown | Self::Nothing | Self::Secret => Types::ANY,
            Self::Schema(schema) => schema.types(),
            Self::Leaf(types) => types,
            Self::Group(_) | Self::Inputs | Self::Devices | Self::Device | Self::Participants | Self::Participant => {
                Types::OBJECT
            }
        }
    }

    /// What `.name` is.
    pub(super) fn field(self, name: &str, book: &Book<'a>) -> Field<'a> {
        let found = match self {
            Self::Leaf(types) if !types.meets(Types::OBJECT) => return Field::NoObject(types),
            Self::Unknown => Some(Self::Unknown),
            Self::Anything | Self::Nothing | Self::Secret | Self::Leaf(_) => Some(Self::Anything),
            Self::Schema(schema) => match schema.member(name) {
                Member::Known(schema) => Some(Self::Schema(schema)),
                Member::Open => Some(Self::Anything),
                Member::Absent(known) => return Field::Absent(known),
                Member::NoObject(types) => return Field::NoObject(types),
            },
            Self::Group(section) => book.chapters[section].named.get(name).map(|named| named.shape),
            Self::Inputs => book.runbook.inputs.get(name).map(|input| match input.kind {
                InputType::Number => Self::Leaf(Types::INTEGER),
                InputType::Text | InputType::Date | InputType::Choice => Self::Leaf(Types::STRING),
            }),
            Self::Devices => book.runbook.devices.get(name).map(|_| Self::Device),
            Self::Device => match name {
                "kind" => Some(Self::Leaf(Types::STRING)),
                "serial" => Some(Self::Leaf(Types::INTEGER)),
                _ => None,
            },
            Self::Participants => book.runbook.participants.get(name).map(|_| Self::Participant),
            Self::Participant => (name == "title").then_some(Self::Leaf(Types::STRING)),
        };
        found.map_or_else(|| Field::Absent(self.fields(book)), Field::Known)
    }

    /// What `[…]` is, when what stands in the brackets is not known.
    pub(super) fn item(self) -> Result<Self, Types> {
        match self {
            Self::Devices => Ok(Self::Device),
            Self::Participants => Ok(Self::Participant),
            Self::Schema(schema) => match schema.items() {
                Some(items) => Ok(Self::Schema(items)),
                None if schema.types().meets(Types::ARRAY.or(Types::OBJECT)) => Ok(Self::Anything),
                None => Err(schema.types()),
            },
            Self::Leaf(types) if !types.meets(Types::ARRAY.or(Types::OBJECT)) => Err(types),
            _ => Ok(Self::Anything),
        }
    }

    /// The names of the members that are known.
    pub(super) fn fields(self, book: &Book<'a>) -> Vec<&'a str> {
        match self {
            Self::Schema(schema) => match schema.member("") {
                Member::Absent(known) => known,
                _ => Vec::new(),
            },
            Self::Group(section) => {
                let mut named: Vec<&Named<'_>> = book.chapters[section].named.values().collect();
                named.sort_by_key(|named| named.id.at);
                named.into_iter().map(|named| named.id.as_str()).collect()
            }
            Self::Inputs => book.runbook.inputs.keys().map(Text::as_str).collect(),
            Self::Devices => book.runbook.devices.keys().map(Text::as_str).collect(),
            Self::Participants => book.runbook.participants.keys().map(Text::as_str).collect(),
            Self::Device => vec!["kind", "serial"],
            Self::Participant => vec!["title"],
            Self::Anything | Self::Unknown | Self::Nothing | Self::Secret | Self::Leaf(_) => Vec::new(),
        }
    }
}

/// What a name means at a point of the runbook.
pub(super) enum Meaning<'a> {
    /// This value.
    Value(Shape<'a>),
    /// A value of this section that only a later step sets.
    Later(Named<'a>),
    /// A value of this section that only another branch sets.
    OtherBranch(Named<'a>),
    /// Nothing.
    Unknown,
}

/// What can be named at a point of the runbook.
pub(super) struct Scope<'b, 'a> {
    pub(super) book: &'b Book<'a>,
    /// The section; before the first one only devices can be named.
    pub(super) section: Option<usize>,
    /// The ids that a path to here can have set.
    pub(super) set: HashSet<&'a str>,
    /// The step that is looked at.
    pub(super) at: Place,
    /// Where that step names itself.
    pub(super) own: Option<Place>,
}

impl<'b, 'a> Scope<'b, 'a> {
    pub(super) fn new(book: &'b Book<'a>, section: Option<usize>) -> Self {
        Self { book, section, set: HashSet::new(), at: Place::default(), own: None }
    }

    /// What a name means here.
    pub(super) fn meaning(&self, name: &str) -> Meaning<'a> {
        let Some(section) = self.section else {
            return if name == "devices" { Meaning::Value(Shape::Devices) } else { Meaning::Unknown };
        };
        match name {
            "inputs" => return Meaning::Value(Shape::Inputs),
            "devices" => return Meaning::Value(Shape::Devices),
            "participants" => return Meaning::Value(Shape::Participants),
            _ => {}
        }
        let chapter = &self.book.chapters[section];
        if let Some(shape) = chapter.takes.get(name) {
            return Meaning::Value(*shape);
        }
        match chapter.named.get(name) {
            None => Meaning::Unknown,
            Some(named) if self.set.contains(name) => Meaning::Value(named.shape),
            Some(named) if named.id.at >= self.at => Meaning::Later(*named),
            Some(named) => Meaning::OtherBranch(*named),
        }
    }

    /// Every name that means something here.
    pub(super) fn names(&self) -> Vec<&'a str> {
        let Some(section) = self.section else { return vec!["devices"] };
        let mut names = self.ids();
        names.extend(self.book.chapters[section].section.takes.iter().map(Text::as_str));
        names.extend(RESERVED);
        names
    }

    /// The ids that can be set here, sorted; none when there are too many for suggestions.
    pub(super) fn ids(&self) -> Vec<&'a str> {
        let ids = if self.set.len() > 500 { None } else { Some(self.set.iter().copied()) };
        let mut ids: Vec<&str> = ids.into_iter().flatten().collect();
        ids.sort_unstable();
        ids
    }

    /// A longer way to name it that does mean something: `inputs.NAME`, `GROUP.NAME`.
    pub(super) fn longer(&self, name: &str) -> Option<String> {
        let runbook = self.book.runbook;
        if runbook.inputs.contains_key(name) {
            return Some(format!("inputs.{name}"));
        }
        if runbook.participants.contains_key(name) {
            return Some(format!("participants.{name}.title"));
        }
        if runbook.devices.contains_key(name) {
            return Some(format!("devices['{name}'].serial"));
        }
        let chapter = &self.book.chapters[self.section?];
        self.ids().into_iter().find_map(|group| match chapter.named.get(group)?.shape {
            Shape::Group(section) if self.book.chapters[section].named.contains_key(name) => {
                Some(format!("{group}.{name}"))
            }
            _ => None,
        })
    }
}
