//! Who is who: roles with their titles, and with names when the bindings gave some.

use super::shown::{BRIEF, clip};
use crate::record::{Opened, ParticipantRecord};
use serde::Serialize;
use std::collections::BTreeMap;

/// A participant.
#[derive(Debug, Serialize)]
pub(super) struct Participant {
    role: String,
    title: String,
    name: Option<String>,
}

/// The participants by role.
#[derive(Debug, Default)]
pub(super) struct Names<'a>(Option<&'a BTreeMap<String, ParticipantRecord>>);

impl<'a> Names<'a> {
    pub(super) fn of(opened: Option<&'a Opened>) -> Self {
        Self(opened.map(|opened| &opened.participants))
    }

    /// What a role is called on the page: its title, and who fills it.
    pub(super) fn call(&self, role: &str) -> String {
        match self.0.and_then(|participants| participants.get(role)) {
            Some(ParticipantRecord { title, name: Some(name) }) => clip(&format!("{name}, {title}"), BRIEF),
            Some(ParticipantRecord { title, name: None }) => clip(title, BRIEF),
            None => clip(role, BRIEF),
        }
    }

    /// All of them.
    pub(super) fn list(&self, most: usize) -> Vec<Participant> {
        let clip = |text: &String| clip(text, BRIEF);
        let all = self.0.into_iter().flatten().take(most);
        all.map(|(role, it)| Participant { role: clip(role), title: clip(&it.title), name: it.name.as_ref().map(clip) })
            .collect()
    }
}
