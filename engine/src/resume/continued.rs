//! What happened, from a record up to where it stops, and live from there.

use crate::{
    audit::{Recorded, perform_again},
    conduct::{
        Ceremony, Effect, Failure, Halt, Handler, Happenings, Live, Notice, Outcome, Position, Question, Secret,
        Session, Task,
    },
    record::{Draft, Failed},
};
use serde_json::Value;
use std::time::Duration;

/// The source of what happens in a ceremony that goes on after a break.
pub(super) struct Continued<'a> {
    recorded: Recorded<'a>,
    live: Live<'a>,
    rehearsal: bool,
    /// What the people would be looking at now, had there been no break.
    scene: Option<Scene>,
}

#[derive(Default)]
struct Scene {
    position: Position,
    /// The sections that were entered, in order.
    sections: Vec<Notice>,
    /// What was shown of the step that is performed.
    since: Vec<Notice>,
}

impl Scene {
    /// The section that the step is in, which is not the last one that was entered when a GO TO came back.
    fn section(&self) -> Option<&Notice> {
        let is_it = |notice: &&Notice| matches!(notice, Notice::Section { title, .. } if *title == self.position.title);
        self.sections.iter().rev().find(is_it)
    }
}

impl<'a> Continued<'a> {
    /// A record whose last entry is `resumed`, and what happens from there.
    pub(super) fn new(recorded: Recorded<'a>, live: Live<'a>, rehearsal: bool) -> Self {
        Self { recorded, live, rehearsal, scene: Some(Scene::default()) }
    }

    /// The live source, once the record is over; the people are first shown where they are.
    fn live(&mut self) -> Option<&mut Live<'a>> {
        if !self.recorded.is_over() {
            return None;
        }
        self.recorded.has_begun_session();
        if let Some(scene) = self.scene.take() {
            self.live.at(&scene.position);
            scene.section().into_iter().chain(&scene.since).for_each(|notice| self.live.show(notice));
        }
        Some(&mut self.live)
    }
}

impl Happenings for Continued<'_> {
    fn note(&mut self, draft: Draft) -> Result<(), Halt> {
        match self.live() {
            Some(live) => live.note(draft),
            None => self.recorded.note(draft),
        }
    }

    fn answer(&mut self, position: &Position, question: &Question) -> Result<Value, Halt> {
        if self.live().is_none() {
            match self.recorded.answer(position, question) {
                // The last answer that is recorded was refused.
                Err(Halt::RecordEnds) => {}
                other => return other,
            }
        }
        self.live().ok_or(Halt::RecordEnds)?.answer(position, question)
    }

    fn secret(&mut self, position: &Position, question: &Question) -> Result<Secret, Halt> {
        if self.live().is_none() {
            match self.recorded.secret(position, question) {
                Err(Halt::RecordEnds) => {}
                other => return other,
            }
        }
        self.live().ok_or(Halt::RecordEnds)?.secret(position, question)
    }

    fn observe(&mut self, position: &Position, seen: Value) -> Result<(), Halt> {
        match self.live() {
            Some(live) => live.observe(position, seen),
            None => self.recorded.observe(position, seen),
        }
    }

    fn carry_out(&mut self, handler: &Handler, arguments: Value, mut task: Task<'_>) -> Result<Outcome, Halt> {
        if let Some(outputs) = task.outputs.take().filter(|_| self.rehearsal) {
            return Ok(Outcome::rehearsed(outputs));
        }
        if handler.effect == Effect::None {
            return perform_again(handler, &arguments, &mut task, self);
        }
        // Whether the step was in flight is seen by where in the record the break is, so nothing is live before this.
        if let Some(outcome) = self.recorded.carried_out(handler, &arguments, &mut task)? {
            return Ok(outcome);
        }
        self.live().ok_or(Halt::RecordEnds)?.carry_out(handler, arguments, task)
    }

    fn keep(&mut self, ceremony: &Ceremony, outcome: Outcome) -> Outcome {
        match self.live() {
            Some(live) => live.keep(ceremony, outcome),
            None => outcome,
        }
    }

    fn set_aside(&mut self, ceremony: &Ceremony, failed: Failed) -> Result<Failed, Halt> {
        match self.live() {
            Some(live) => live.set_aside(ceremony, failed),
            None => Ok(failed),
        }
    }

    fn contradiction(&self, failure: Failure) -> Halt {
        if self.recorded.is_over() { self.live.contradiction(failure) } else { self.recorded.contradiction(failure) }
    }

    fn session(&mut self) -> Option<Session> {
        self.recorded.session()
    }

    fn begun_session(&mut self) -> Option<Session> {
        self.recorded.begun_session()
    }

    fn pause(&mut self, title: &str) -> Result<(), Halt> {
        // The session that has just begun is the one in which the people are back.
        if self.recorded.is_over() && !self.recorded.has_begun_session() {
            self.live.pause(title)
        } else {
            self.recorded.pause(title)
        }
    }

    fn settle(&mut self) -> Result<(), Halt> {
        match self.live() {
            Some(live) => live.settle(),
            None => Ok(()),
        }
    }

    fn head(&self) -> [u8; 32] {
        if self.recorded.is_over() { self.live.head() } else { self.recorded.head() }
    }

    fn at(&mut self, position: &Position) {
        match self.live() {
            Some(live) => live.at(position),
            None => {
                if let Some(scene) = &mut self.scene {
                    // What was shown of a step that is over is nothing to be done now.
                    if scene.position != *position {
                        scene.since.clear();
                    }
                    scene.position = position.clone();
                }
            }
        }
    }

    fn show(&mut self, notice: &Notice) {
        match self.live() {
            Some(live) => live.show(notice),
            None => {
                let Some(scene) = &mut self.scene else { return };
                match notice {
                    Notice::Section { .. } => {
                        scene.sections.push(notice.clone());
                        scene.since.clear();
                    }
                    Notice::Step { .. } | Notice::Note(_) => scene.since = vec![notice.clone()],
                    _ => scene.since.push(notice.clone()),
                }
            }
        }
    }

    fn wait(&mut self, duration: Duration, what: &str) {
        if let Some(live) = self.live() {
            live.wait(duration, what);
        }
    }
}
