//! The values and names that a step can use.

use super::Interpreter;
use crate::{
    conduct::{Failure, Halt, Position},
    notation::{Map, Node, Rehearsal, Section, Template, Text},
};
use serde_json::{Value, json};

impl Interpreter<'_> {
    pub(super) fn position(&self, name: &Text, section: &Section, number: usize, id: Option<&str>) -> Position {
        Position {
            section: name.value.clone(),
            title: section.title.value.clone(),
            computer: self.computer_title(section.on.as_deref()),
            number,
            of: self.of,
            id: id.map(str::to_string),
        }
    }

    pub(super) fn participant_title(&self, role: Option<&Text>) -> Option<String> {
        let role = role?;
        let participant = self.runbook.participants.get(role.as_str());
        Some(participant.map_or_else(|| role.value.clone(), |participant| participant.title.value.clone()))
    }

    pub(super) fn participants(&self) -> Value {
        let entries = self
            .runbook
            .participants
            .iter()
            .map(|(role, participant)| (role.value.clone(), json!({ "title": participant.title.value })));
        Value::Object(entries.collect())
    }

    /// `devices.NAME.kind` and, once it is bound, `devices.NAME.serial`.
    pub(super) fn devices_into_scope(&mut self) {
        let devices = self.ceremony.kinds.keys().filter_map(|name| {
            let (kind, serial) = self.ceremony.device(name)?;
            let mut device = serde_json::Map::from_iter([("kind".to_string(), Value::from(kind))]);
            if let Some(serial) = serial {
                device.insert("serial".into(), serial.into());
            }
            Some((name.clone(), device.into()))
        });
        let devices: serde_json::Map<String, Value> = devices.collect();
        self.ceremony.scope.insert("devices".into(), devices.into());
    }

    /// What a rehearsal answers; its templates know the virtual devices' serial numbers from the start.
    pub(super) fn rehearsed(&self, rehearsal: Option<&Rehearsal>) -> Result<Option<Value>, Halt> {
        // A replay takes the answers from the record, and has no virtual devices whose serial numbers they could name.
        let Some(serials) = &self.ceremony.virtual_serials else { return Ok(None) };
        let Some(answer) = rehearsal.and_then(|rehearsal| rehearsal.answer.as_ref()) else { return Ok(None) };
        let mut scope = self.ceremony.scope.clone();
        let devices = self.ceremony.kinds.iter().map(|(name, kind)| {
            let serial = serials.get(name);
            (name.clone(), json!({ "kind": kind, "serial": serial }))
        });
        scope.insert("devices".into(), Value::Object(devices.collect()));
        let filled = Template::fill(&answer.to_json(), &scope);
        filled.map(Some).map_err(|error| Halt::Impossible(format!("the rehearsal's answer cannot be made: {error}")))
    }

    /// The sentence of an IF or an END; as it is written when a value in it is missing, which is no reason to stop.
    pub(super) fn render(&self, text: &Text) -> String {
        self.try_render(text).unwrap_or_else(|_| text.value.clone())
    }

    pub(super) fn try_render(&self, text: &Text) -> Result<String, Failure> {
        Template::parse(text)
            .and_then(|template| template.render(&self.ceremony.scope))
            .map_err(|error| Failure::new("expression", format!("the sentence cannot be shown: {error}")))
    }

    pub(super) fn try_fill(&self, with: &Map<Node>) -> Result<serde_json::Map<String, Value>, Failure> {
        with.iter()
            .map(|(name, node)| {
                let value = Template::fill(&node.to_json(), &self.ceremony.scope).map_err(|error| {
                    Failure::new("expression", format!("the argument `{name}` cannot be made: {error}"))
                })?;
                Ok((name.value.clone(), value))
            })
            .collect()
    }
}
