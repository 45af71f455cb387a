//! Who is invited to sign and has not given a key yet: `.signing-event-state`.

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::{Value, ser::PrettyFormatter};
use std::fmt;

/// The open invitations: roles by handle, both in their order, which tuf-on-ci keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Invitations(pub(super) Vec<(String, Vec<String>)>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    invites: Invitations,
}

/// The most bytes of the file.
const LARGEST: usize = 1024 * 1024;

impl Invitations {
    /// Reads the file; no file is no invitation.
    ///
    /// # Errors
    /// It cannot be used, as a clause.
    pub(super) fn read(bytes: Option<&Vec<u8>>) -> Result<Self, String> {
        let Some(bytes) = bytes else { return Ok(Self::default()) };
        if bytes.len() > LARGEST {
            return Err("`.signing-event-state` is too large".to_string());
        }
        let file = serde_json::from_slice::<File>(bytes);
        file.map(|file| file.invites).map_err(|error| format!("`.signing-event-state` cannot be used: {error}"))
    }

    /// The file as Python's `json.dumps(…, indent=2)` writes it; nothing when nobody is invited.
    pub(super) fn to_bytes(&self) -> Option<Vec<u8>> {
        if self.0.is_empty() {
            return None;
        }
        let people = self.0.iter().map(|(handle, roles)| {
            let mut bytes = Vec::new();
            let mut writer = serde_json::Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"  "));
            // Text can always be written to memory.
            let _ = serde::Serialize::serialize(roles, &mut writer);
            let roles = String::from_utf8_lossy(&bytes).replace('\n', "\n    ");
            format!("    {}: {roles}", Value::from(handle.as_str()))
        });
        let people = people.collect::<Vec<_>>().join(",\n");
        Some(format!("{{\n  \"invites\": {{\n{people}\n  }}\n}}").into_bytes())
    }

    /// The roles that somebody is invited to.
    pub(super) fn of(&self, handle: &str) -> &[String] {
        self.0.iter().find(|(invited, _)| invited == handle).map_or(&[], |(_, roles)| roles)
    }

    /// Who is invited to a role.
    pub(super) fn to<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(_, roles)| roles.iter().any(|it| it == role)).map(|(handle, _)| handle.as_str())
    }

    /// Invites somebody to a role.
    pub(super) fn add(&mut self, handle: &str, role: &str) {
        match self.0.iter_mut().find(|(invited, _)| invited == handle) {
            Some((_, roles)) if roles.iter().any(|it| it == role) => {}
            Some((_, roles)) => roles.push(role.to_string()),
            None => self.0.push((handle.to_string(), vec![role.to_string()])),
        }
    }

    /// Takes every invitation to a role back, or that of one person.
    pub(super) fn remove(&mut self, role: &str, handle: Option<&str>) {
        for (invited, roles) in &mut self.0 {
            if handle.is_none_or(|handle| handle == invited) {
                roles.retain(|it| it != role);
            }
        }
        self.0.retain(|(_, roles)| !roles.is_empty());
    }
}

impl<'de> Deserialize<'de> for Invitations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Invitations;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("roles by handle")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Invitations, A::Error> {
                let mut invitations: Vec<(String, Vec<String>)> = Vec::new();
                while let Some((handle, roles)) = entries.next_entry::<String, Vec<String>>()? {
                    if invitations.iter().any(|(invited, _)| *invited == handle) {
                        return Err(A::Error::custom(format_args!("{handle:?} is there twice")));
                    }
                    invitations.push((handle, roles));
                }
                Ok(Invitations(invitations))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
