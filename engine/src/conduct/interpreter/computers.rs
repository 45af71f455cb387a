//! The computers that sections are carried out on.

use super::{Act, Acted, Interpreter, inputs::BEFORE};
use crate::{
    conduct::{Halt, Position, Question, QuestionKind, ceremony::At},
    notation::{Computer, Place, Section, Text},
};
use serde_json::Value;

/// The step handler that compares the machine's clock with another one, before the first step.
const CLOCK: &str = "host.clock";

/// The step handler that checks that a computer is offline, when its runbook says so.
const OFFLINE: &str = "host.offline";

impl Interpreter<'_> {
    /// Asks that the people go to the computer that a section is carried out on, when they are at another one.
    pub(super) fn move_to(&mut self, name: &Text, section: &Section, number: usize) -> Result<bool, Halt> {
        let Some(on) = &section.on else { return Ok(false) };
        let before = self.ceremony.computer.as_ref().map(|at| at.name.clone());
        if before.as_deref() == Some(on.as_str()) {
            return Ok(false);
        }
        let title = self.computer_title(Some(on)).unwrap_or_default();
        self.ceremony.computer = Some(At { name: on.value.clone(), title: title.clone(), offline: false });
        if before.is_some() {
            let position = self.position(name, section, number, Some("computer"));
            self.happenings.at(&position);
            let question = Question::new(
                format!("{} is carried out on {title}. Are you there, with the ceremony folder?", section.title),
                QuestionKind::Confirm,
            )
            .slot("computer")
            .if_no("the ceremony pauses here, nothing is lost, and it goes on there with `officiant resume`")
            .rehearse(Some(true.into()));
            loop {
                self.begin_session()?;
                if self.ask(&position, &question)? == Value::Bool(true) {
                    break;
                }
                self.happenings.pause(&title)?;
            }
        }
        Ok(true)
    }

    /// Has the machine's clock compared with another one, so that the record's times mean something.
    ///
    /// A rehearsal's times mean nothing, and nobody may be there to read a clock.
    pub(super) fn check_clock(&mut self) -> Result<(), Halt> {
        if self.ceremony.rehearsal {
            return Ok(());
        }
        let text = Text::new("Compare this machine's clock with another one.".to_string(), Place::default());
        let uses = Text::new(CLOCK, Place::default());
        let position = Position { section: "inputs".into(), title: BEFORE.into(), ..Position::default() };
        let act = Act { uses: Some(&uses), ..Act::bare("CHECK", &text) };
        self.act(&act, &position).map(drop)
    }

    pub(super) fn check_offline(&mut self, name: &Text, section: &Section) -> Result<(), Halt> {
        let computer = section.on.as_ref().and_then(|on| self.runbook.computers.get(on.as_str()));
        let Some(Computer { title, offline: true, .. }) = computer else { return Ok(()) };
        if self.ceremony.rehearsal {
            return Ok(());
        }
        let text = Text::new(format!("Check that {title} is offline: no network interface may be up."), title.at);
        let uses = Text::new(OFFLINE, title.at);
        let position = self.position(name, section, 0, Some("offline"));
        let act = Act { uses: Some(&uses), ..Act::bare("CHECK", &text) };
        let offline = self.act(&act, &position)? == Acted::Done;
        if let Some(at) = &mut self.ceremony.computer {
            at.offline = offline;
        }
        Ok(())
    }

    pub(super) fn computer_title(&self, name: Option<&str>) -> Option<String> {
        let name = name?;
        Some(self.runbook.computers.get(name).map_or_else(|| name.to_string(), |computer| computer.title.value.clone()))
    }
}
