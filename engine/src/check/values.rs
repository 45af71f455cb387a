//! Steps in their order, with what each of them can name.
//!
//! A value counts as set when some path to the step can have set it: the branches of an IF are united after it, and a step
//! in one branch does not see what the other one sets.

use super::{
    arguments::Arguments,
    book::Book,
    devices::Demand,
    reading::{Reader, Templates},
    schema::{Schema, Signed},
    scope::Scope,
    secrets,
};
use crate::notation::{Complaints, Do, Map, Node, Step, StepKind, Text};

/// Complains of everything that a step names and cannot, and returns which takes must name devices.
pub(super) fn check<'a>(book: &Book<'a>, complaints: &mut Complaints) -> Vec<Demand<'a>> {
    let mut demands = Vec::new();
    for (index, chapter) in book.chapters.iter().enumerate() {
        let scope = Scope::new(book, Some(index));
        let mut walk = Walk { scope, complaints, demands: &mut demands };
        walk.steps(&chapter.section.steps);
    }
    demands
}

/// Whether what is given for an argument can only be a secret, whose name is checked with the arguments.
fn takes_only_secret(handler: Signed<'_>, argument: &str) -> bool {
    handler.arguments.property(argument).is_some_and(Schema::takes_only_secret)
}

struct Walk<'w, 'b, 'a> {
    scope: Scope<'b, 'a>,
    complaints: &'w mut Complaints,
    demands: &'w mut Vec<Demand<'a>>,
}

impl<'a> Walk<'_, '_, 'a> {
    /// Reads steps and returns the ids that they were the first to set.
    fn steps(&mut self, steps: &'a [Step]) -> Vec<&'a str> {
        let mut set = Vec::new();
        for step in steps {
            if self.complaints.full() {
                return set;
            }
            self.scope.at = step.at;
            self.scope.own = match &step.kind {
                StepKind::Do(act) => act.id.as_ref().map(|id| id.at),
                StepKind::GoTo(go_to) => go_to.id.as_ref().map(|id| id.at),
                StepKind::If(_) | StepKind::End(_) => None,
            };
            match &step.kind {
                StepKind::Do(act) => {
                    self.act(act);
                    self.set(act.id.as_ref(), &mut set);
                }
                StepKind::GoTo(go_to) => {
                    if let Some(text) = &go_to.text {
                        self.reader().sentence(text);
                    }
                    self.given(&go_to.with);
                    let answer = go_to.rehearse.as_ref().and_then(|rehearsal| rehearsal.answer.as_ref());
                    self.answer(answer);
                    self.set(go_to.id.as_ref(), &mut set);
                }
                StepKind::If(condition) => {
                    self.reader().sentence(&condition.text);
                    if let Some(when) = &condition.when {
                        self.reader().condition(when);
                    }
                    self.answer(condition.rehearse.as_ref().and_then(|rehearsal| rehearsal.answer.as_ref()));
                    let then = self.steps(&condition.then);
                    for id in &then {
                        self.scope.set.remove(id);
                    }
                    set.extend(self.steps(&condition.otherwise));
                    self.scope.set.extend(then.iter().copied());
                    set.extend(then);
                }
                StepKind::End(end) => self.reader().sentence(&end.text),
            }
        }
        set
    }

    fn act(&mut self, act: &'a Do) {
        self.reader().sentence(&act.text);
        let handler = act.uses.as_ref().and_then(|uses| Some((uses, self.scope.book.handler(uses)?)));
        let mut templates = Templates::new();
        for (name, node) in &act.with {
            if !handler.is_some_and(|(_, handler)| takes_only_secret(handler, name)) {
                self.reader().value(node, &mut templates);
            }
        }
        if let Some((uses, handler)) = handler {
            let templates = Some(&templates);
            let mut arguments = Arguments { handler, scope: &self.scope, templates, demands: self.demands };
            arguments.with(uses.at, &act.with, self.complaints);
        }
        if let Some(rehearsal) = &act.rehearse {
            self.answer(rehearsal.answer.as_ref());
            if let (Some(outputs), Some((_, handler))) = (&rehearsal.outputs, handler) {
                let mut made_up = Arguments { handler, scope: &self.scope, templates: None, demands: self.demands };
                made_up.outputs(outputs, self.complaints);
            }
        }
        if let Some(on_failure) = &act.on_failure {
            self.given(&on_failure.with);
        }
        let own = act.id.as_ref().filter(|id| self.scope.set.insert(id.as_str()));
        for expectation in &act.expect {
            self.reader().condition(&expectation.that);
            if let Some(otherwise) = &expectation.otherwise {
                self.reader().sentence(otherwise);
            }
        }
        if let Some(id) = own {
            self.scope.set.remove(id.as_str());
        }
    }

    /// What a GO TO gives: any value, but no secret.
    fn given(&mut self, with: &Map<Node>) {
        for node in with.values() {
            self.reader().value(node, &mut Templates::new());
            secrets::refuse(node, self.complaints);
        }
    }

    fn answer(&mut self, answer: Option<&Node>) {
        if let Some(answer) = answer {
            self.reader().value(answer, &mut Templates::new());
            secrets::refuse(answer, self.complaints);
        }
    }

    fn set(&mut self, id: Option<&'a Text>, set: &mut Vec<&'a str>) {
        if let Some(id) = id
            && self.scope.set.insert(id)
        {
            set.push(id);
        }
    }

    fn reader(&mut self) -> Reader<'_, '_, 'a> {
        Reader { scope: &self.scope, complaints: self.complaints, demands: self.demands }
    }
}
