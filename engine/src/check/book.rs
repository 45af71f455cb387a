//! The runbook with the indexes that the checks look things up in.

use super::{
    schema::{Schemas, Signed},
    scope::Shape,
    types::Types,
};
use crate::{
    conduct::Registry,
    notation::{Map, Node, NodeKind, Runbook, Section, Sources, Step, StepKind, Text},
};
use std::collections::HashMap;

/// What every check looks things up in.
pub(super) struct Book<'a> {
    pub(super) runbook: &'a Runbook,
    pub(super) sources: &'a Sources,
    pub(super) registry: &'a Registry,
    schemas: &'a Schemas,
    /// The sections, in order.
    pub(super) chapters: Vec<Chapter<'a>>,
    /// Every GO TO and every remedy.
    pub(super) calls: Vec<Call<'a>>,
    /// For each section, the indexes of the calls that go to it.
    pub(super) calls_to: Vec<Vec<usize>>,
    /// What stands before the sections' names in each file: `name/` for what is imported.
    homes: HashMap<u16, &'a str>,
}

/// A section with what its steps name.
pub(super) struct Chapter<'a> {
    pub(super) name: &'a Text,
    pub(super) section: &'a Section,
    /// What the steps' ids name; the first one when an id is there twice.
    pub(super) named: HashMap<&'a str, Named<'a>>,
    /// What is known of the values that it takes.
    pub(super) takes: HashMap<&'a str, Shape<'a>>,
}

/// What an id names.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) id: &'a Text,
    pub(super) shape: Shape<'a>,
}

/// A GO TO or a remedy.
pub(super) struct Call<'a> {
    /// The section that it stands in.
    pub(super) from: usize,
    /// The section that it goes to, when there is one of that name.
    pub(super) to: Option<usize>,
    /// The name of the section, as it is written.
    pub(super) section: &'a Text,
    /// What it gives.
    pub(super) with: &'a Map<Node>,
}

impl<'a> Book<'a> {
    pub(super) fn new(
        runbook: &'a Runbook,
        sources: &'a Sources,
        registry: &'a Registry,
        schemas: &'a Schemas,
    ) -> Self {
        let mut book = Self {
            runbook,
            sources,
            registry,
            schemas,
            chapters: Vec::with_capacity(runbook.sections.len()),
            calls: Vec::new(),
            calls_to: vec![Vec::new(); runbook.sections.len()],
            homes: HashMap::new(),
        };
        for (index, (name, section)) in runbook.sections.iter().enumerate() {
            let mut chapter = Chapter { name, section, named: HashMap::new(), takes: HashMap::new() };
            chapter.takes.extend(section.takes.iter().map(|take| (take.as_str(), Shape::Anything)));
            each(&section.steps, &mut |step| book.note(index, step, &mut chapter));
            let home = name.strip_suffix(written(sources, name)).unwrap_or_default();
            book.homes.insert(name.at.file, home);
            book.chapters.push(chapter);
        }
        for (index, call) in book.calls.iter().enumerate() {
            if let Some(to) = call.to {
                book.calls_to[to].push(index);
            }
        }
        book.given();
        book
    }

    /// Notes what a step names and where it goes.
    fn note(&mut self, from: usize, step: &'a Step, chapter: &mut Chapter<'a>) {
        let (id, shape) = match &step.kind {
            StepKind::Do(act) => {
                if let Some(on_failure) = &act.on_failure
                    && let Some(section) = &on_failure.section
                {
                    let to = self.find(section);
                    self.calls.push(Call { from, to, section, with: &on_failure.with });
                }
                let shape = match act.uses.as_ref().map(|uses| self.handler(uses)) {
                    None => Shape::Nothing,
                    Some(None) => Shape::Unknown,
                    Some(Some(handler)) => outputs(handler),
                };
                (act.id.as_ref(), shape)
            }
            StepKind::GoTo(go_to) => {
                let to = self.find(&go_to.section);
                self.calls.push(Call { from, to, section: &go_to.section, with: &go_to.with });
                (go_to.id.as_ref(), to.map_or(Shape::Anything, Shape::Group))
            }
            StepKind::If(_) | StepKind::End(_) => return,
        };
        if let Some(id) = id {
            chapter.named.entry(id.as_str()).or_insert(Named { id, shape });
        }
    }

    /// Learns what the takes are from what is given for them: text where every call gives plain text.
    fn given(&mut self) {
        let mut given: Vec<HashMap<&str, Option<Types>>> = vec![HashMap::new(); self.chapters.len()];
        for call in &self.calls {
            let Some(to) = call.to else { continue };
            for (name, node) in call.with {
                let literal = match &node.kind {
                    NodeKind::Text(text) if !text.contains('{') => Some(Types::STRING),
                    NodeKind::Integer(..) => Some(Types::INTEGER),
                    _ => None,
                };
                let known = given[to].entry(name.as_str()).or_insert(literal);
                if *known != literal {
                    *known = None;
                }
            }
        }
        for (chapter, given) in self.chapters.iter_mut().zip(given) {
            for (take, shape) in &mut chapter.takes {
                if let Some(Some(types)) = given.get(take) {
                    *shape = Shape::Leaf(*types);
                }
            }
        }
    }

    /// The step handler with that name.
    pub(super) fn handler(&self, name: &str) -> Option<Signed<'a>> {
        self.schemas.signed(self.registry.get(name)?)
    }

    /// The index of the section with that name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.runbook.sections.get_index_of(name)
    }

    /// The index of the section that the ceremony starts with.
    pub(super) fn start(&self) -> Option<usize> {
        match &self.runbook.start {
            Some(name) => self.find(name),
            None if self.chapters.is_empty() => None,
            None => Some(0),
        }
    }

    /// The sections' names as the author of `file` would write them.
    pub(super) fn section_names(&self, file: u16) -> impl Iterator<Item = &'a str> {
        let home = self.homes.get(&file).copied().unwrap_or_default();
        self.runbook.sections.keys().filter_map(move |name| name.strip_prefix(home))
    }

    /// A section's name as the author of its file wrote it.
    pub(super) fn written(&self, name: &'a Text) -> &'a str {
        written(self.sources, name)
    }
}

fn written<'a>(sources: &'a Sources, name: &'a Text) -> &'a str {
    let spelt = sources.spelt(name.at).trim_matches(['"', '\'']);
    if name.ends_with(spelt) && !spelt.is_empty() { spelt } else { name.as_str() }
}

/// What a handler's outputs are.
fn outputs(handler: Signed<'_>) -> Shape<'_> {
    if handler.handler.yields_secret {
        Shape::Secret
    } else if handler.outputs.types() == Types::NULL {
        Shape::Nothing
    } else {
        Shape::Schema(handler.outputs)
    }
}

/// Every step, those of branches after the IF that they belong to.
pub(super) fn each<'a>(steps: &'a [Step], visit: &mut impl FnMut(&'a Step)) {
    for step in steps {
        visit(step);
        if let StepKind::If(condition) = &step.kind {
            each(&condition.then, visit);
            each(&condition.otherwise, visit);
        }
    }
}
