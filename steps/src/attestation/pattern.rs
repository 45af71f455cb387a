//! Names of files with `{serial}`, and with `{key}` or `{slot}`, in them.

/// A pattern of a file's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(String);

/// What is in the place of `{key}` or `{slot}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Captured {
    /// The pattern has neither.
    Nothing,
    Key(String),
    /// Two hexadecimal digits, lower case.
    Slot(String),
}

const SERIAL: &str = "{serial}";
const KEY: &str = "{key}";
const SLOT: &str = "{slot}";

impl Pattern {
    /// A pattern of the program's own.
    pub(super) fn fixed(pattern: &'static str) -> Self {
        Self(pattern.to_string())
    }

    /// # Errors
    /// Why it is no pattern of a file's name, as a sentence.
    pub(super) fn new(pattern: &str, many: bool) -> Result<Self, String> {
        let rest = [SERIAL, KEY, SLOT].iter().fold(pattern.to_string(), |rest, name| rest.replacen(name, "", 1));
        if rest.contains(['{', '}']) {
            return Err(format!(
                "`{pattern}` may have {SERIAL}, {KEY} and {SLOT} in it, each once, and no other braces"
            ));
        }
        let wild = [KEY, SLOT].iter().filter(|name| pattern.contains(*name)).count();
        if wild > usize::from(many) {
            return Err(format!("`{pattern}` has {KEY} or {SLOT} in it where one file is named, or both"));
        }
        let dots = matches!(pattern, "." | ".." | "");
        if dots || pattern.contains(['/', '\\']) || pattern.chars().any(char::is_control) {
            return Err(format!("{pattern:?} is no name of a file in a device's folder"));
        }
        Ok(Self(pattern.to_string()))
    }

    /// As it is written.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// The name with the folder's in it, which is the serial number.
    fn of(&self, serial: &str) -> String {
        self.0.replace(SERIAL, serial)
    }

    /// What a name has in the place of `{key}` or `{slot}`; nothing when it is no such name.
    pub(super) fn captures(&self, serial: &str, name: &str) -> Option<Captured> {
        let pattern = self.of(serial);
        let between = |wild: &str| {
            let (before, after) = pattern.split_once(wild)?;
            Some(name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).filter(|it| !it.is_empty()))
        };
        if let Some(slot) = between(SLOT) {
            let slot = slot.filter(|it| it.len() == 2 && it.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
            return Some(Captured::Slot(slot.to_ascii_lowercase()));
        }
        if let Some(key) = between(KEY) {
            return key.map(|key| Captured::Key(key.to_string()));
        }
        (pattern == name).then_some(Captured::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_captures_the_key_or_the_slot() {
        let captures = |pattern: &str, name: &str| Pattern::new(pattern, true).unwrap().captures("0013", name);
        let key = |text: &str| Some(Captured::Key(text.to_string()));
        assert_eq!(captures("{serial}_{key}_attestation.der", "0013_root_attestation.der"), key("root"));
        assert_eq!(captures("{serial}_{key}_attestation.der", "0014_root_attestation.der"), None);
        assert_eq!(captures("{serial}_{key}_attestation.der", "0013__attestation.der"), None);
        assert_eq!(captures("{serial}_{key}_attestation.der", "0013_attestation.der"), None);
        assert_eq!(captures("Slot{slot}Attestation.pem", "Slot9CAttestation.pem"), Some(Captured::Slot("9c".into())));
        assert_eq!(captures("Slot{slot}Attestation.pem", "Slot9Attestation.pem"), None);
        assert_eq!(captures("{serial}.pem", "0013.pem"), Some(Captured::Nothing));
    }

    #[test]
    fn what_is_no_name_of_a_file_is_refused() {
        for pattern in ["", "..", "a/b", "{other}.pem", "{serial}{serial}", "{key}{slot}", "a\nb"] {
            assert!(Pattern::new(pattern, true).is_err(), "{pattern:?}");
        }
        assert!(Pattern::new("{key}.pem", false).is_err());
        assert!(Pattern::new("{serial}.pem", false).is_ok());
    }
}
