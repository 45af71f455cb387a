//! The hand that puts back what a fault took, when the people choose to try again.

use super::Bench;
use officiant_engine::conduct::{Console, Notice, Position, Question, Reply, Unanswered};
use serde_json::Value;
use std::time::Duration;

/// A console whose people, before they try a step again, plug in the devices that a fault took. After a remedy nobody
/// does: the remedy must say so itself.
pub struct Retrying<'a> {
    console: &'a mut dyn Console,
    bench: &'a Bench,
}

impl<'a> Retrying<'a> {
    /// Lets the people at a console use the hand.
    pub fn new(console: &'a mut dyn Console, bench: &'a Bench) -> Self {
        Self { console, bench }
    }
}

impl Console for Retrying<'_> {
    fn at(&mut self, position: &Position) {
        self.console.at(position);
    }

    fn show(&mut self, notice: &Notice) {
        self.console.show(notice);
    }

    fn ask(&mut self, question: &Question, complaint: Option<&str>) -> Result<Reply, Unanswered> {
        let reply = self.console.ask(question, complaint)?;
        let again = matches!(&reply, Reply::Value(Value::String(answer)) if answer.trim() == "retry");
        if again && question.slot.as_deref() == Some("what-now") {
            let shown = match self.bench.put_back() {
                Ok(names) if names.is_empty() => return Ok(reply),
                Ok(names) => format!("In this rehearsal a hand plugs {} in again.", names.join(" and ")),
                Err(failure) => failure.message,
            };
            self.console.show(&Notice::Information(shown));
        }
        Ok(reply)
    }

    fn wait(&mut self, duration: Duration, what: &str) {
        self.console.wait(duration, what);
    }
}
